package timescale_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

const hour = time.Hour

// year commits n days of hours, with a forecast and a decision per day.
func (p *partition) year(t *testing.T, s store, days int) {
	t.Helper()
	prov, err := s.EnsureProvenance(t.Context(), decisions.Provenance{Model: "m"})
	require.NoError(t, err)
	for d := range meter.Hour(days) {
		b := p.batch(24)
		p.fill(b, day+24*d, 24)
		b.GroupTotals = append(b.GroupTotals, twin.GroupTotal{GroupNo: 0, Hour: day + 24*d, KWh: 1, Meters: 1, FedIn: 0})
		for _, m := range p.meters {
			b.Forecasts = append(b.Forecasts, flatForecast(m.MeterNo, day+24*d, 2))
			decided(b, shiftDecision(m, day+24*d, prov))
		}
		p.commit(t, s, b)
	}
}

func TestMaintainKeepsToTheLeastWatermark(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		ctx := t.Context()
		opts := writer.MaintainOptions{RetainRaw: 30 * 24 * hour, RetainDecisions: 60 * 24 * hour, CompressAfter: 10 * 24 * hour}
		report, err := s.Maintain(ctx, opts)
		require.NoError(t, err)
		require.Equal(t, writer.MaintainReport{Watermark: meter.NoHour}, report, "nothing is known yet")

		fast, slow := take(t, s, 0, twin.MeterKey{Name: "a", Group: ""}, twin.MeterKey{Name: "b", Group: ""}), take(t, s, 1, twin.MeterKey{Name: "c", Group: ""})
		fast.year(t, s, 120)
		slow.year(t, s, 5)
		take(t, s, 2) // no stream yet: it holds nothing back
		all := s.count(t, `SELECT count(*) FROM readings`)
		report, err = s.Maintain(ctx, opts)
		require.NoError(t, err)
		require.Equal(t, day+5*24-1, report.Watermark)
		require.Zero(t, report.Dropped+report.Compressed)
		require.Zero(t, report.Deleted)
		require.Equal(t, all, s.count(t, `SELECT count(*) FROM readings`), "the slow partition is 5 days in")

		for d := meter.Hour(5); d < 100; d++ {
			b := slow.batch(24)
			slow.fill(b, day+24*d, 24)
			slow.commit(t, s, b)
		}
		report, err = s.Maintain(ctx, opts)
		require.NoError(t, err)
		mark := day + 100*24 - 1
		require.Equal(t, mark, report.Watermark)
		requireKept(t, s, "readings", "ts", mark-30*24)
		requireKept(t, s, "forecasts", "issued_at", mark-60*24)
		requireKept(t, s, "decisions", "issued_at", mark-60*24)
		if s.timescale {
			require.NotZero(t, report.Compressed)
			require.NotZero(t, report.Dropped)
			require.Equal(t, 2, report.Refreshed)
			require.Equal(t, 3*100+2*20, s.count(t, `SELECT count(*) FROM readings_daily`), "days outlive their hours")
		}

		requireReadable(t, s, fast, mark)
		again, err := s.Maintain(ctx, opts)
		require.NoError(t, err)
		require.Zero(t, again.Dropped+again.Compressed, "nothing is left to do")
		require.Zero(t, again.Deleted)
		if s.timescale {
			require.Equal(t, 3*100+2*20, s.count(t, `SELECT count(*) FROM readings_daily`), "nor undone")
		}
	})
}

// requireKept checks that all rows from the bound on are there, and that no
// row is older than a chunk.
func requireKept(t *testing.T, s store, table, column string, bound meter.Hour) {
	t.Helper()
	var oldest time.Time
	require.NoError(t, s.Pool.QueryRow(t.Context(), `SELECT min(`+column+`) FROM `+table).Scan(&oldest))
	require.False(t, oldest.After(bound.Time().Add(24*hour)), "%s: rows younger than %s are gone, up to %s", table, bound, oldest)
	slack := 0 * hour
	if s.timescale {
		slack = 28 * 24 * hour
	}
	require.False(t, oldest.Before(bound.Time().Add(-slack)), "%s: rows older than %s are still there, from %s", table, bound, oldest)
}

// requireReadable asks for hours of compressed and of other chunks, and writes
// into a compressed one.
func requireReadable(t *testing.T, s store, p *partition, mark meter.Hour) {
	t.Helper()
	from := mark - 30*24
	read := func() []reader.Point {
		points, err := s.MeterSeries(t.Context(), p.meters[1].MeterNo, reader.SeriesQuery{From: from, To: day + 120*24, Aggregate: reader.Sum})
		require.NoError(t, err)
		return points
	}
	for i, point := range read() {
		require.NotNil(t, point.Value, "hour %d", i)
		require.InDelta(t, load(1, from+meter.Hour(i)), *point.Value, 1e-4)
	}
	b := p.batch(1)
	b.Corrected.Append(p.meters[1].MeterNo, from+1, 1234, twin.Corrected)
	b.Watermark = day + 120*24 - 1
	p.commit(t, s, b)
	points := read()
	require.InDelta(t, 1234, *points[1].Value, 1e-4)
	require.Len(t, points, int(day+120*24-from))
}

// A token that has expired needs no row that says it was signed out.
func TestMaintainForgetsExpiredSessions(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		ctx := t.Context()
		gone, ended, open := uuid.New(), uuid.New(), uuid.New()
		require.NoError(t, s.EndSession(ctx, gone, time.Now().Add(-time.Minute)))
		for range 2 {
			require.NoError(t, s.EndSession(ctx, ended, time.Now().Add(hour)))
		}
		_, err := s.Maintain(ctx, writer.MaintainOptions{})
		require.NoError(t, err)
		for id, want := range map[uuid.UUID]bool{gone: false, ended: true, open: false} {
			is, err := s.SessionEnded(ctx, id)
			require.NoError(t, err)
			require.Equal(t, want, is)
		}
	})
}

func TestMaintainIsDoneByOneProcess(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		if s.one {
			t.Skip("needs a second connection")
		}
		ctx := t.Context()
		other, err := s.Pool.Acquire(ctx)
		require.NoError(t, err)
		defer other.Release()
		_, err = other.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(0x656e_7477_6d61_696e))
		require.NoError(t, err)
		report, err := s.Maintain(ctx, writer.MaintainOptions{})
		require.NoError(t, err)
		require.True(t, report.Busy)
		_, err = other.Exec(ctx, `SELECT pg_advisory_unlock($1)`, int64(0x656e_7477_6d61_696e))
		require.NoError(t, err)
		report, err = s.Maintain(ctx, writer.MaintainOptions{})
		require.NoError(t, err)
		require.False(t, report.Busy)
	})
}
