package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// commitRows is about how many readings the processor commits at once: those
// of one fetch.
const commitRows = 16_000

// commitPass writes batches with timescale.Commit, all partitions at the same
// time: readings, the state of each meter, the load of each group, offset and
// outbox. Forecasts and decisions are measured end to end.
func commitPass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (pass, error) {
	return b.writeRows(ctx, f, watch, func(ctx context.Context, w *rowWriter) error {
		state, err := w.db.TakePartition(ctx, w.partition, "perf")
		if err != nil {
			return err
		}
		rows := &writer.Batch{Epoch: state.Epoch, Effects: twin.Effects{Partition: w.partition}}
		for w.goesOn(ctx) {
			w.fill(rows)
			if err := w.db.Commit(ctx, rows); err != nil {
				return err
			}
			w.wrote(rows.New.Len())
		}
		return nil
	})
}

// copyInPass writes the same readings into the same table with COPY, one
// transaction a batch, and nothing else.
func copyInPass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (pass, error) {
	return b.writeRows(ctx, f, watch, func(ctx context.Context, w *rowWriter) error {
		conn, err := pgx.Connect(ctx, w.url)
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		rows := &writer.Batch{}
		var buffer copyBuffer
		for w.goesOn(ctx) {
			w.fill(rows)
			_, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(buffer.readings(&rows.New)),
				`COPY readings (ts, meter_no, kwh, quality) FROM STDIN BINARY`)
			if err != nil {
				return err
			}
			w.wrote(rows.New.Len())
		}
		return nil
	})
}

func (c *copyBuffer) readings(r *twin.Readings) []byte {
	c.begin()
	for i, h := range r.Hour {
		c.row(4)
		c.time(h.Time())
		c.int4(uint32(r.MeterNo[i]))
		c.float4(r.KWh[i])
		c.int2(uint16(r.Quality[i]))
	}
	return c.end()
}

// rowWriter writes the readings of one partition's meters.
type rowWriter struct {
	db        *writer.DB
	url       string
	partition int
	meters    []twin.MeterRef
	hour      meter.Hour
	began     bool // has written a batch
	until     time.Time
	written   *atomic.Int64 // by all partitions
	watch     func(int64)
}

// writeRows runs write for all partitions on a new database, and checks that
// every row is there.
func (b *bench) writeRows(ctx context.Context, f *fixture, watch func(int64), write func(context.Context, *rowWriter) error) (p pass, err error) {
	name := f.twin.Name + "-rows"
	drop, err := b.stores.freshDatabase(ctx, name)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	url := b.stores.databaseURL(name)
	if err := schema.Migrate(ctx, url, schema.MigrateOptions{}); err != nil {
		return p, err
	}
	db, err := writer.Open(ctx, url, timescale.Options{MaxConns: int32(len(f.logs)) + 1})
	if err != nil {
		return p, err
	}
	defer db.Close()
	writers, err := f.rowWriters(ctx, db, url)
	if err != nil {
		return p, err
	}
	var written atomic.Int64
	tasks, taskCtx := errgroup.WithContext(ctx)
	began := time.Now()
	for _, w := range writers {
		w.until, w.written, w.watch = began.Add(b.o.leastPart()), &written, watch
		tasks.Go(func() error { return write(taskCtx, w) })
	}
	if err := tasks.Wait(); err != nil {
		return p, err
	}
	p = pass{readings: written.Load(), took: time.Since(began)}
	return p, requireRows(ctx, url, p.readings)
}

// rowWriters are one for each partition that has meters.
func (f *fixture) rowWriters(ctx context.Context, db *writer.DB, url string) ([]*rowWriter, error) {
	keys := make([][]twin.MeterKey, len(f.logs))
	for i := range f.size.Meters {
		key := twin.MeterKey{Name: fmt.Sprintf("home-%06d", i+1), Group: fmt.Sprintf("feeder-%04d", i%groupsOf(f.size)+1)}
		p := stream.Partition([]byte(key.Group), len(keys))
		keys[p] = append(keys[p], key)
	}
	var writers []*rowWriter
	for p := range keys {
		if len(keys[p]) == 0 {
			continue
		}
		refs, err := db.EnsureMeters(ctx, p, keys[p])
		if err != nil {
			return nil, err
		}
		writers = append(writers, &rowWriter{db: db, url: url, partition: p, meters: refs, hour: meter.HourOf(f.twin.Dataset.Start)})
	}
	return writers, nil
}

// goesOn reports whether another batch is to be written: one at least, however
// long connecting took.
func (w *rowWriter) goesOn(ctx context.Context) bool {
	return ctx.Err() == nil && (!w.began || time.Now().Before(w.until))
}

func (w *rowWriter) wrote(n int) {
	w.began = true
	w.watch(w.written.Add(int64(n)))
}

// fill makes the batch of the next hours.
func (w *rowWriter) fill(b *writer.Batch) {
	b.New.Reset()
	b.Newest, b.GroupTotals = b.Newest[:0], b.GroupTotals[:0]
	loads := map[int32]int{}
	hours := max(commitRows/len(w.meters), 1)
	for range hours {
		clear(loads)
		for i, m := range w.meters {
			kwh := .1 + float32((int(w.hour)*7+i*13)%97)/50
			b.New.Append(m.MeterNo, w.hour, kwh, twin.Measured)
			at, ok := loads[m.GroupNo]
			if !ok {
				at = len(b.GroupTotals)
				loads[m.GroupNo] = at
				b.GroupTotals = append(b.GroupTotals, twin.GroupTotal{GroupNo: m.GroupNo, Hour: w.hour, New: true})
			}
			b.GroupTotals[at].KWh += float64(kwh)
			b.GroupTotals[at].Meters++
		}
		w.hour++
	}
	for _, m := range w.meters {
		b.Newest = append(b.Newest, twin.NewestReading{MeterNo: m.MeterNo, Hour: w.hour - 1, KWh: 1, Stored: int64(hours)})
	}
	b.PrevOffset, b.NextOffset = b.NextOffset, b.NextOffset+int64(b.New.Len())
	b.Watermark = w.hour - 1
	b.Counts = twin.Counts{In: int64(b.New.Len()), Stored: int64(b.New.Len())}
	b.Announce()
}

// requireRows checks that a database has so many readings.
func requireRows(ctx context.Context, url string, want int64) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var rows int64
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM readings`).Scan(&rows); err != nil {
		return err
	}
	if rows != want {
		return fmt.Errorf("the table has %d readings, not %d", rows, want)
	}
	return nil
}
