package timescale_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// Four processes snatch one partition from each other. Record k holds hour k,
// so that a record lost or written twice shows.
func TestOwnersThatSnatchAPartitionLoseNothing(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		if s.one {
			t.Skip("needs several connections")
		}
		const records = 400
		refs, err := s.EnsureMeters(t.Context(), 0, []twin.MeterKey{{Name: "a", Group: ""}})
		require.NoError(t, err)
		var wg sync.WaitGroup
		var fenced sync.Map
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() { errs[i] = snatch(t.Context(), s, fmt.Sprint("owner", i), refs[0].MeterNo, records, &fenced) })
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, records, s.count(t, `SELECT count(*) FROM readings`))
		require.Equal(t, records, s.count(t, `SELECT messages::int FROM stream_offsets`))
		require.Equal(t, records, s.count(t, `SELECT readings::int FROM meter_state`))
		n := 0
		fenced.Range(func(any, any) bool { n++; return true })
		require.NotZero(t, n, "the owners never met")
	})
}

// snatch takes the partition, writes three batches at most, and takes it
// again, until all records are written.
func snatch(ctx context.Context, s store, owner string, no int32, records int64, fenced *sync.Map) error {
	for {
		state, err := s.TakePartition(ctx, 0, owner)
		if err != nil || state.NextOffset >= records {
			return err
		}
		for range 3 {
			b := &writer.Batch{Epoch: state.Epoch, Effects: twin.Effects{PrevOffset: state.NextOffset, NextOffset: min(state.NextOffset+4, records)}}
			for k := b.PrevOffset; k < b.NextOffset; k++ {
				b.New.Append(no, day+meter.Hour(k), float32(k), twin.Measured)
			}
			b.Watermark = day + meter.Hour(b.NextOffset) - 1
			b.Newest = []twin.NewestReading{{MeterNo: no, Hour: b.Watermark, KWh: 1, Stored: b.NextOffset - b.PrevOffset}}
			b.Counts.In, b.LastHash = b.NextOffset-b.PrevOffset, uint64(b.NextOffset)
			err := s.Commit(ctx, b)
			if errors.Is(err, writer.ErrFenced) {
				fenced.Store(owner, true)
				break
			}
			if err != nil {
				return err
			}
			if state.NextOffset = b.NextOffset; state.NextOffset == records {
				return nil
			}
		}
	}
}

// A process that vanishes inside a transaction, as one does that is stopped or
// cut off, holds its partition only for so long.
func TestAnOwnerThatVanishedFreesItsPartition(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		if s.one {
			t.Skip("needs several connections")
		}
		ctx := t.Context()
		take(t, s, 0)
		frozen, err := writer.Open(ctx, s.url, timescale.Options{IdleInTransaction: 300 * time.Millisecond})
		require.NoError(t, err)
		defer frozen.Close()
		conn, err := frozen.Pool.Acquire(ctx)
		require.NoError(t, err)
		defer conn.Release()
		_, err = conn.Exec(ctx, `BEGIN`)
		require.NoError(t, err)
		_, err = conn.Exec(ctx, `UPDATE stream_offsets SET next_offset = 99`)
		require.NoError(t, err)
		state, err := s.TakePartition(ctx, 0, "next") // waits for the lock
		require.NoError(t, err)
		require.Zero(t, state.NextOffset)
		_, err = conn.Exec(ctx, `COMMIT`)
		require.Error(t, err)
	})
}
