package timescale_test

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// yearFile holds a year of 20 buildings: meter_id,timestamp,kwh.
const yearFile = "../../../shared/data/buildings20_2019.csv.gz"

type yearRow struct {
	meter int // index into the names
	hour  meter.Hour
	kwh   float32
}

// readYear gives the rows in order of time, as a stream brings them.
func readYear(t testing.TB) (names []string, rows []yearRow) {
	t.Helper()
	file, err := os.Open(yearFile)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no ", yearFile)
	}
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	lines := csv.NewReader(unzipped)
	_, err = lines.Read()
	require.NoError(t, err)
	index := map[string]int{}
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		i, known := index[line[0]]
		if !known {
			i = len(names)
			index[line[0]] = i
			names = append(names, line[0])
		}
		ts, err := time.Parse(time.RFC3339, line[1])
		if err != nil {
			ts, err = time.Parse("2006-01-02 15:04:05", line[1])
		}
		require.NoError(t, err)
		kwh, err := strconv.ParseFloat(line[2], 32)
		require.NoError(t, err)
		rows = append(rows, yearRow{i, meter.HourOf(ts), float32(kwh)})
	}
	slices.SortStableFunc(rows, func(a, b yearRow) int { return int(a.hour - b.hour) })
	return names, rows
}

// The whole path on a real year: write, refresh, compress, read back, drop.
func TestYearOfBuildings(t *testing.T) {
	names, year := readYear(t)
	onEveryServer(t, func(t *testing.T, s store) {
		ctx := t.Context()
		keys := make([]twin.MeterKey, len(names))
		for i, n := range names {
			keys[i].Name = n
		}
		p := take(t, s, 0, keys...)
		began := time.Now()
		writeYear(t, s, p, year)
		t.Logf("%d rows in batches of 10,000: %.0f rows/s", len(year), float64(len(year))/time.Since(began).Seconds())
		require.Equal(t, len(year), s.count(t, `SELECT count(*) FROM readings`))
		require.Equal(t, len(year), s.count(t, `SELECT stored::int FROM stream_offsets`))

		history := readAll(t, s, p)
		before := s.readingsBytes(t)
		began = time.Now()
		report, err := s.Maintain(ctx, writer.MaintainOptions{CompressAfter: 7 * 24 * hour})
		require.NoError(t, err)
		t.Logf("maintenance took %s: %+v", time.Since(began).Round(time.Millisecond), report)
		t.Logf("readings and their index: %d bytes before, %d after", before, s.readingsBytes(t))
		if s.timescale {
			require.Greater(t, report.Compressed, 20)
			require.Less(t, s.readingsBytes(t), before/2)
		}
		require.Equal(t, history, readAll(t, s, p), "compression changes no value")
		require.Equal(t, len(year), s.count(t, `SELECT sum(hours)::int FROM readings_daily`))
		require.Zero(t, s.count(t, `
			SELECT count(*) FROM readings_daily d FULL JOIN (
				SELECT date_trunc('day', ts, 'UTC') AS day, meter_no, sum(kwh::float8) AS kwh FROM readings GROUP BY 1, 2) r
			USING (day, meter_no) WHERE abs(d.kwh - r.kwh) > 1e-6 OR d.kwh IS NULL OR r.kwh IS NULL`))

		rewriteYear(t, s, p, year)
		require.Equal(t, len(year), s.count(t, `SELECT count(*) FROM readings`))
		require.Equal(t, history, readAll(t, s, p), "writing the same again changes nothing")

		report, err = s.Maintain(ctx, writer.MaintainOptions{RetainRaw: 90 * 24 * hour})
		require.NoError(t, err)
		t.Logf("retention of 90 days: %+v", report)
		kept := s.count(t, `SELECT count(*) FROM readings`)
		require.InDelta(t, len(year)*97/365, kept, float64(len(year))*9/365)
	})
}

func writeYear(t *testing.T, s store, p *partition, year []yearRow) {
	t.Helper()
	b := p.batch(0)
	for chunk := range slices.Chunk(year, 10_000) {
		b.New.Reset()
		for _, r := range chunk {
			b.New.Append(p.meters[r.meter].MeterNo, r.hour, r.kwh, twin.Measured)
		}
		b.PrevOffset, b.NextOffset = b.NextOffset, b.NextOffset+int64(len(chunk))
		b.Counts = twin.Counts{In: int64(len(chunk)), Stored: int64(len(chunk))}
		b.Watermark = chunk[len(chunk)-1].hour
		p.commit(t, s, b)
	}
}

// rewriteYear is a replay without its checkpoint: every row is there already.
// It writes a month, most of it into compressed chunks.
func rewriteYear(t *testing.T, s store, p *partition, year []yearRow) {
	t.Helper()
	b := p.batch(1)
	month := year[:len(year)/12]
	for _, r := range month {
		b.New.Append(p.meters[r.meter].MeterNo, r.hour, r.kwh, twin.Measured)
	}
	began := time.Now()
	p.commit(t, s, b)
	t.Logf("%d rows that exist: %.0f rows/s", len(month), float64(len(month))/time.Since(began).Seconds())
}

// readAll is every meter's year in days.
func readAll(t *testing.T, s store, p *partition) (all [][]reader.Point) {
	t.Helper()
	from := meter.HourOf(time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC))
	began := time.Now()
	for _, m := range p.meters {
		points, err := s.MeterSeries(t.Context(), m.MeterNo, reader.SeriesQuery{From: from, To: from + 8760, Unit: reader.Days, Zone: "Europe/London", Aggregate: reader.Maximum})
		require.NoError(t, err)
		all = append(all, points)
	}
	t.Logf("a meter's year by day: %s", (time.Since(began) / time.Duration(len(p.meters))).Round(10*time.Microsecond))
	return all
}

func (s store) readingsBytes(t *testing.T) int64 {
	t.Helper()
	sql := `SELECT pg_total_relation_size('readings')`
	if s.timescale {
		sql = `SELECT hypertable_size('readings')`
	}
	var n int64
	require.NoError(t, s.Pool.QueryRow(t.Context(), sql).Scan(&n))
	return n
}
