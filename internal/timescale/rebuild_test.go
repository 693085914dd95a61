package timescale_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

func TestHistoryIsOrderedAndOfThePartition(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 1, twin.MeterKey{Name: "a", Group: ""}, twin.MeterKey{Name: "b", Group: ""})
		b := p.batch(1)
		p.fill(b, day, 24*40) // over more than one step of History
		p.commit(t, s, b)
		other := take(t, s, 2, twin.MeterKey{Name: "c", Group: ""})
		b = other.batch(1)
		other.fill(b, day, 24)
		other.commit(t, s, b)

		type row struct {
			h  meter.Hour
			no int32
		}
		var got []row
		err := s.History(t.Context(), 1, day+2, day+24*40-1, func(no int32, h meter.Hour, kwh float32, q twin.Quality) error {
			i := no - p.meters[0].MeterNo
			require.Equal(t, load(int(i), h), kwh)
			require.Equal(t, twin.Measured, q)
			got = append(got, row{h, no})
			return nil
		})
		require.NoError(t, err)
		var want []row
		for h := day + 2; h < day+24*40-1; h++ {
			want = append(want, row{h, p.meters[0].MeterNo}, row{h, p.meters[1].MeterNo})
		}
		require.Equal(t, want, got)

		stop := errors.New("enough")
		require.ErrorIs(t, s.History(t.Context(), 1, day, day+24, func(int32, meter.Hour, float32, twin.Quality) error { return stop }), stop)
	})
}

func TestWarmUpRowsAreThoseFromBeforeTheStream(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 1, twin.MeterKey{Name: "a", Group: ""}, twin.MeterKey{Name: "b", Group: ""})
		a := p.meters[0].MeterNo
		first := p.batch(1)
		for h := day - 48; h < day; h++ {
			if h != day-7 {
				first.New.Append(a, h, load(0, h), twin.WarmUp)
			}
		}
		p.fill(first, day, 1)
		p.commit(t, s, first)
		for i, kwh := range []float32{5, 6} { // corrected twice
			b := p.batch(1)
			old := load(0, day-3)
			if i == 1 {
				old = 5
			}
			b.Revisions = []twin.Revision{{MeterNo: a, Hour: day - 3, OldKWh: old, Offset: int64(10 + i)}}
			b.Corrected.Append(a, day-3, kwh, twin.Corrected)
			p.commit(t, s, b)
		}
		_, err := s.Pool.Exec(t.Context(), `INSERT INTO reading_revisions (ts, meter_no, stream_offset, old_kwh, old_quality)
			VALUES ($1, $2, 2, 9, $3)`, (day - 3).Time(), a, twin.Corrected)
		require.NoError(t, err, "the warm-up was written again over a correction by an earlier topic")

		rows, err := s.WarmUpRows(t.Context(), a)
		require.NoError(t, err)
		require.Equal(t, 47, rows.Len())
		for i, h := range rows.Hour {
			require.Equal(t, load(0, h), rows.KWh[i], "as before the stream corrected it")
			require.Equal(t, twin.WarmUp, rows.Quality[i])
		}
		rows, err = s.WarmUpRows(t.Context(), p.meters[1].MeterNo)
		require.NoError(t, err)
		require.Zero(t, rows.Len())
	})
}

func TestEnsureMeters(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		ctx := t.Context()
		keys := []twin.MeterKey{{Name: "b", Group: "north"}, {Name: "a", Group: ""}, {Name: "b", Group: "north"}}
		refs, err := s.EnsureMeters(ctx, 4, keys)
		require.NoError(t, err)
		require.Equal(t, refs[0], refs[2])
		require.Equal(t, []twin.MeterKey{keys[0], keys[1]}, []twin.MeterKey{refs[0].MeterKey, refs[1].MeterKey})
		require.Zero(t, refs[1].GroupNo)
		require.NotZero(t, refs[0].GroupNo)

		again, err := s.EnsureMeters(ctx, 5, []twin.MeterKey{{Name: "a", Group: "south"}, {Name: "c", Group: "north"}})
		require.NoError(t, err)
		require.Equal(t, refs[1], again[0], "it stays where it was first seen")
		require.Equal(t, 5, again[1].Partition)
		require.Equal(t, refs[0].GroupNo, again[1].GroupNo)
		require.Equal(t, int32(3), again[1].MeterNo, "no number is lost to meters that exist")

		of, err := s.PartitionMeters(ctx, 4)
		require.NoError(t, err)
		require.Equal(t, []twin.MeterRef{refs[1], refs[0]}, of)
		none, err := s.EnsureMeters(ctx, 4, nil)
		require.NoError(t, err)
		require.Empty(t, none)
	})
}

func TestProvenanceIsStoredOnce(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := decisions.Provenance{Model: "m", Tariff: "t"}
		first, err := s.EnsureProvenance(t.Context(), p)
		require.NoError(t, err)
		again, err := s.EnsureProvenance(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, first, again)
		p.Origin = "database"
		other, err := s.EnsureProvenance(t.Context(), p)
		require.NoError(t, err)
		require.NotEqual(t, first, other)
	})
}

func TestSpecRevisions(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		ctx := t.Context()
		p := take(t, s, 2)
		epoch := p.state.Epoch
		require.NoError(t, s.RecordSpec(ctx, 2, epoch, 0, "h1", []byte(`{"a": 1}`)))
		require.NoError(t, s.RecordSpec(ctx, 2, epoch, 50, "h1", []byte(`{"a": 1}`)), "nothing changed")
		require.NoError(t, s.RecordSpec(ctx, 2, epoch, 70, "h2", []byte(`{"a": 2}`)))
		require.ErrorIs(t, s.RecordSpec(ctx, 2, epoch+1, 80, "h3", []byte(`{}`)), writer.ErrFenced)
		require.ErrorIs(t, s.RecordSpec(ctx, 9, epoch, 80, "h3", []byte(`{}`)), writer.ErrFenced)
		specs, err := s.Specs(ctx, 2)
		require.NoError(t, err)
		require.Len(t, specs, 2)
		require.Equal(t, []int64{0, 70}, []int64{specs[0].FromOffset, specs[1].FromOffset})
		require.JSONEq(t, `{"a": 2}`, string(specs[1].Document))
	})
}

// A revision is placed by the readings that were stored when it began; one of before
// that was recorded, by its offset and the warm-up.
func TestSpecsToReplay(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		ctx := t.Context()
		epoch := take(t, s, 2).state.Epoch
		require.NoError(t, s.RecordSpec(ctx, 2, epoch, 0, "h1", []byte(`{"a": 1}`)))
		for _, sql := range []string{
			`UPDATE stream_offsets SET stored = 61 WHERE partition = 2`,
			`INSERT INTO groups (group_no, name) VALUES (0, '') ON CONFLICT DO NOTHING`,
			`INSERT INTO meters (name, partition) VALUES ('m', 2)`,
			`INSERT INTO readings (ts, meter_no, kwh, quality) SELECT '2019-01-01Z'::timestamptz + h * interval '1 hour', meter_no, 1, q
				FROM meters, (VALUES (0, 1), (1, 5), (2, 0), (3, 4)) AS v(h, q)`,
		} {
			_, err := s.Pool.Exec(ctx, sql)
			require.NoError(t, err)
		}
		require.NoError(t, s.RecordSpec(ctx, 2, epoch, 70, "h2", []byte(`{"a": 2}`)))
		after := func() (out []int64) {
			specs, err := s.ReplaySpecs(ctx)
			require.NoError(t, err)
			for _, spec := range specs {
				require.Equal(t, 2, spec.Partition)
				out = append(out, spec.After)
			}
			return out
		}
		require.Equal(t, []int64{0, 61}, after())
		_, err := s.Pool.Exec(ctx, `UPDATE spec_revisions SET stored = NULL WHERE from_offset > 0`)
		require.NoError(t, err)
		require.Equal(t, []int64{0, 72}, after(), "two readings of a warm-up, one of them suspect")
	})
}

func TestStoredSpecsAreReadFromOutside(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		if s.one {
			t.Skip("needs a second connection")
		}
		ctx := t.Context()
		epoch := take(t, s, 2).state.Epoch
		require.NoError(t, s.RecordSpec(ctx, 2, epoch, 0, "h1", []byte(`{"a": 1}`)))
		require.NoError(t, s.RecordSpec(ctx, 2, epoch, 70, "h2", []byte(`{"a": 2}`)))

		url := s.Pool.Config().ConnString()
		stored, err := reader.StoredSpecs(ctx, url)
		require.NoError(t, err)
		require.Empty(t, stored, "nothing is stored while no meter is known")
		_, err = s.Pool.Exec(ctx, `INSERT INTO meters (name, partition) VALUES ('m', 2)`)
		require.NoError(t, err)
		stored, err = reader.StoredSpecs(ctx, url)
		require.NoError(t, err)
		require.Len(t, stored, 2)
		require.JSONEq(t, `{"a": 2}`, string(stored[0]), "the newest first")
	})
}

func TestIncarnationChangesWithThePlace(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		first := take(t, s, 0).state.Incarnation
		require.Equal(t, first, take(t, s, 1).state.Incarnation)
		// What a dump restored into another cluster looks like.
		_, err := s.Pool.Exec(t.Context(), `UPDATE incarnation SET place = 'elsewhere'`)
		require.NoError(t, err)
		restored := take(t, s, 0).state.Incarnation
		require.NotEqual(t, first, restored)
		require.Equal(t, restored, take(t, s, 1).state.Incarnation)
	})
}

func TestOutboxIsClaimedByPartition(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		ctx := t.Context()
		partitions := []*partition{take(t, s, 0), take(t, s, 1)}
		for range 2 {
			for _, p := range partitions {
				b := p.batch(5)
				b.Outbox = []writer.OutboxEntry{
					{Kind: writer.OutboxState, Hour: day}, {Kind: writer.OutboxQuarantine, Hour: meter.NoHour, FromOffset: 1, ToOffset: 2},
				}
				p.commit(t, s, b)
			}
		}
		first, err := s.Outbox(ctx, 1)
		require.NoError(t, err)
		require.Len(t, first, 1)
		require.Equal(t, writer.OutboxItem{ID: first[0].ID, Partition: 0, TopicGeneration: 0, BatchOffset: 5, Number: 0, OutboxEntry: writer.OutboxEntry{Kind: writer.OutboxState, Hour: day}}, first[0])

		second, err := s.Outbox(ctx, 100)
		require.NoError(t, err)
		require.Len(t, second, 4, "the other partition's alone: the first one's must go out in order")
		for i, item := range second {
			require.Equal(t, 1, item.Partition)
			require.Equal(t, []int{5 * (1 + i/2), i % 2}, []int{int(item.BatchOffset), item.Number})
		}
		require.NoError(t, s.MarkRelayed(ctx, []int64{first[0].ID}, nil, nil))
		third, err := s.Outbox(ctx, 100)
		require.NoError(t, err)
		require.Len(t, third, 3)
		require.False(t, third[0].AfterLoss)

		// A relay that died leaves its claim to run out.
		_, err = s.Pool.Exec(ctx, `UPDATE outbox SET claimed_until = now() - interval '1 second'`)
		require.NoError(t, err)
		again, err := s.Outbox(ctx, 100)
		require.NoError(t, err)
		require.Len(t, again, 7)

		// What follows live events that were dropped is marked, until readers know of it.
		require.NoError(t, s.MarkRelayed(ctx, nil, []int32{1, 1}, nil))
		lost := func() (partitions []int) {
			_, err := s.Pool.Exec(ctx, `UPDATE outbox SET claimed_until = NULL`)
			require.NoError(t, err)
			items, err := s.Outbox(ctx, 100)
			require.NoError(t, err)
			for _, item := range items {
				if item.AfterLoss {
					partitions = append(partitions, item.Partition)
				}
			}
			return partitions
		}
		require.Equal(t, []int{1, 1, 1, 1}, lost())
		require.NoError(t, s.MarkRelayed(ctx, nil, nil, []int32{1}))
		require.Empty(t, lost())
	})
}
