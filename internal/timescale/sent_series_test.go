package timescale_test

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

func TestSeriesAreNumberedInTheOrderInWhichOthersSeeThem(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		if s.one {
			t.Skip("needs several connections")
		}
		const senders, each = 4, 5
		var wg sync.WaitGroup
		errs := make([]error, senders)
		for i := range senders {
			wg.Go(func() {
				for k := range each {
					v := float64(i*each + k)
					n := reader.NewSeries{Series: twin.SeriesPrice, Currency: "GBP", Caller: "a", Key: fmt.Sprint(i, "-", k), Hash: sha256.Sum256([]byte{byte(i), byte(k)}), Hours: []meter.Hour{day, day + 1}, Values: []*float64{&v, nil}}
					first, repeated, err := s.PutSeries(t.Context(), &n)
					if err == nil && repeated {
						err = fmt.Errorf("%s is new", n.Key)
					}
					again, repeated, retry := s.PutSeries(t.Context(), &n)
					if retry == nil && (!repeated || again.Revision != first.Revision || again.Hash != n.Hash) {
						retry = fmt.Errorf("%s was stored twice", n.Key)
					}
					for _, e := range []error{err, retry} {
						if e != nil {
							errs[i] = e
						}
					}
				}
			})
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		stored, err := s.SeriesRevisions(t.Context(), 0)
		require.NoError(t, err)
		require.Len(t, stored, senders*each)
		for i, r := range stored {
			require.EqualValues(t, i+1, r.Number)
			require.Equal(t, []meter.Hour{day}, r.Hours, "what was not there cannot be withdrawn")
		}
		newest := stored[len(stored)-1].Values[0]
		same, _, err := s.PutSeries(t.Context(), &reader.NewSeries{Series: twin.SeriesPrice, Currency: "GBP", Caller: "a", Hours: []meter.Hour{day}, Values: []*float64{&newest}})
		require.NoError(t, err)
		require.Zero(t, same.Revision, "nothing changed")
	})
}

func TestUsesOfSeries(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		v := .5
		for k := range 3 {
			_, _, err := s.PutSeries(t.Context(), &reader.NewSeries{Series: twin.SeriesCarbon, Caller: "a", Hours: []meter.Hour{day + meter.Hour(k)}, Values: []*float64{&v}})
			require.NoError(t, err)
		}
		state, err := s.TakePartition(t.Context(), 0, "owner")
		require.NoError(t, err)
		require.NoError(t, s.RecordSeriesUse(t.Context(), 0, state.Epoch, 0, []int64{1}))
		require.ErrorIs(t, s.RecordSeriesUse(t.Context(), 0, state.Epoch-1, 0, []int64{2}), writer.ErrFenced)
		require.ErrorIs(t, s.RecordSeriesUse(t.Context(), 0, state.Epoch, 5, []int64{2}), writer.ErrFenced, "rows may rest on what came before")
		b := &writer.Batch{Epoch: state.Epoch, Effects: twin.Effects{NextOffset: 10, Watermark: day + 4}}
		require.NoError(t, s.Commit(t.Context(), b))
		for range 2 { // after an answer that was lost
			require.NoError(t, s.RecordSeriesUse(t.Context(), 0, state.Epoch, 10, []int64{2, 3}))
		}
		uses, err := s.questions.SeriesUses(t.Context())
		require.NoError(t, err)
		require.Equal(t, []reader.SeriesUse{
			{Revision: 1, Watermark: meter.NoHour}, {Revision: 2, FromOffset: 10, Watermark: day + 4}, {Revision: 3, FromOffset: 10, Watermark: day + 4},
		}, uses)
		for at, want := range map[meter.Hour]int64{day + 3: 1, day + 4: 3} {
			known, err := s.SeriesKnownAt(t.Context(), at, 1)
			require.NoError(t, err)
			require.Equal(t, want, known, "at %s", at)
		}
		known, err := s.SeriesKnownAt(t.Context(), day+4, 2)
		require.NoError(t, err)
		require.Zero(t, known, "the other partition has none")

		require.NoError(t, s.MovePartition(t.Context(), 0, state.Epoch, 4))
		uses, err = s.questions.SeriesUses(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int64{0, 4, 4}, []int64{uses[0].FromOffset, uses[1].FromOffset, uses[2].FromOffset}, "of the new topic")
	})
}
