package timescale_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// lastDayByReadings is what meter_state is to say without being asked: the status of each
// meter, counted from its readings.
const lastDayByReadings = `
	SELECT m.name, 24 - h.known, h.suspect,
		CASE WHEN h.suspect > 0 THEN 'suspect'
			WHEN s.last_ts IS NULL OR s.last_ts < o.watermark - interval '24 hours' THEN 'stale'
			WHEN h.known < 24 THEN 'gap' ELSE 'ok' END
	FROM meters m LEFT JOIN meter_state s USING (meter_no) LEFT JOIN stream_offsets o USING (partition)
	CROSS JOIN LATERAL (
		SELECT count(*) FILTER (WHERE quality < 4 AND r.ts < o.watermark)::int AS known,
			count(*) FILTER (WHERE quality >= 4 AND r.ts > o.watermark - interval '24 hours')::int AS suspect FROM readings r
		WHERE r.meter_no = m.meter_no AND r.channel = 0 AND r.ts BETWEEN o.watermark - interval '24 hours' AND o.watermark) h
	ORDER BY m.name`

// Whatever comes, and however it is written, the last day of each meter is that of its
// readings, and lists are those of SQL over them.
func TestTheLastDayIsThatOfTheReadings(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		var keys []twin.MeterKey
		for i := range 12 {
			keys = append(keys, twin.MeterKey{Name: fmt.Sprintf("m%02d", i), Group: fmt.Sprintf("g%d", i%3)})
		}
		writers := []store{s}
		if !s.one {
			inserting, err := writer.Open(t.Context(), s.url, timescale.Options{InsertOnly: true})
			require.NoError(t, err)
			t.Cleanup(inserting.Close)
			other := s
			other.DB = inserting
			writers = append(writers, other)
		}
		rng := rand.New(rand.NewPCG(16, 36))
		p := take(t, s, 3, keys...)
		seen := map[twin.MeterHour]bool{}
		var first twin.MeterHour // that was seen
		mark := day
		for round := range 40 {
			mark += meter.Hour(rng.IntN(7))
			if round == 25 {
				mark += 100 // everything is older than a day then
			}
			b := p.batch(1)
			b.Watermark = mark
			newest := map[int32]twin.NewestReading{}
			for range 60 {
				no := p.meters[rng.IntN(len(p.meters)-1)].MeterNo // the last one never reports
				h := mark - meter.Hour(rng.IntN(36)) + meter.Hour(rng.IntN(8))
				if rng.IntN(40) == 0 {
					h = mark + 90 // a clock that is wrong
				}
				quality := twin.Measured
				if rng.IntN(6) == 0 {
					quality = quality.Suspect()
				}
				kwh := rng.Float32()
				at := twin.MeterHour{MeterNo: no, Hour: h}
				switch {
				case !seen[at]:
					if len(seen) == 0 {
						first = at
					}
					seen[at] = true
					switch rng.IntN(8) {
					case 0:
						b.Pending = append(b.Pending, twin.UnseenReading{MeterNo: no, Hour: h, KWh: kwh, Quality: quality, Watermark: mark})
					case 1:
						b.Older = append(b.Older, twin.UnseenReading{MeterNo: no, Hour: h, KWh: kwh, Quality: quality, Offset: int64(round), Watermark: mark})
					default:
						b.New.Append(no, h, kwh, quality)
					}
				case rng.IntN(2) == 0:
					b.Corrected.Append(no, h, kwh, quality)
				default:
					b.Verdicts = append(b.Verdicts, twin.Verdict{MeterNo: no, Hour: h, Suspect: rng.IntN(2) == 0})
				}
				if n, ok := newest[no]; rng.IntN(3) > 0 && (!ok || n.Hour < h) {
					newest[no] = twin.NewestReading{MeterNo: no, Hour: h, KWh: kwh, Stored: 1}
				}
			}
			for _, n := range newest {
				b.Newest = append(b.Newest, n)
			}
			if round > 0 && rng.IntN(8) == 0 { // a replay without its checkpoint: a row is there already
				b.New.Append(first.MeterNo, first.Hour, 0.25, twin.Measured)
			}
			p.commit(t, writers[round%len(writers)], b)

			rows, err := s.Pool.Query(t.Context(), lastDayByReadings)
			require.NoError(t, err)
			want, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m reader.Meter, err error) { // all, as there may be one connection
				err = row.Scan(&m.Name, &m.Missing, &m.Suspect, &m.Status)
				return m, err
			})
			require.NoError(t, err)
			found, err := s.Meters(t.Context(), reader.MeterFilter{Limit: 100})
			require.NoError(t, err)
			for i, m := range found {
				found[i] = reader.Meter{MeterRef: twin.MeterRef{MeterKey: twin.MeterKey{Name: m.Name}}, Missing: m.Missing, Suspect: m.Suspect, Status: m.Status}
			}
			require.Equal(t, want, found, "round %d", round)
			require.Zero(t, s.count(t, `SELECT count(*) FROM meter_state s
				WHERE s.first_ts IS DISTINCT FROM (SELECT min(ts) FROM readings r WHERE r.meter_no = s.meter_no AND r.channel = 0)`), "first hours of round %d", round)
			if round%20 == 19 {
				requireSameLists(t, s)
			}
		}
	})
}

// What a process of an earlier version wrote is noted by the next that takes the partition.
func TestRecentHoursThatNobodyNoted(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 3, twin.MeterKey{Name: "a"}, twin.MeterKey{Name: "b"}, twin.MeterKey{Name: "silent"})
		for round, meters := range []int{2, 1, 2} {
			b := p.batch(1)
			b.Watermark = day + meter.Hour(30*round+24)
			for _, m := range p.meters[:meters] {
				for h := b.Watermark - 23; h <= b.Watermark; h++ {
					if int(h)%7 != round {
						b.New.Append(m.MeterNo, h, 0.5, twin.Measured)
					}
				}
				b.Newest = append(b.Newest, twin.NewestReading{MeterNo: m.MeterNo, Hour: b.Watermark, KWh: 0.5, Stored: 1})
			}
			p.commit(t, s, b)
			if round == 0 {
				continue
			}
			before, err := s.Meters(t.Context(), reader.MeterFilter{Limit: 10})
			require.NoError(t, err)
			_, err = s.Pool.Exec(t.Context(), `UPDATE meter_state SET recent_to = recent_to - 30, recent = recent >> 30 WHERE last_ts >= $1`, b.Watermark.Time())
			require.NoError(t, err)
			unnoted, err := s.Meters(t.Context(), reader.MeterFilter{Limit: 10})
			require.NoError(t, err)
			require.NotEqual(t, fmt.Sprint(before), fmt.Sprint(unnoted))
			p = take(t, s, 3, twin.MeterKey{Name: "a"}, twin.MeterKey{Name: "b"}, twin.MeterKey{Name: "silent"})
			after, err := s.Meters(t.Context(), reader.MeterFilter{Limit: 10})
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(before), fmt.Sprint(after))
		}
	})
}

// listKeys are the orders as SQL over readings would have them.
var listKeys = map[reader.MeterSort]string{
	reader.SortName: `m.name`, reader.SortGroup: `g.name`, reader.SortLoad: `coalesce(s.last_kwh, '-infinity')`,
	reader.SortNewest: `coalesce(s.last_ts, '-infinity')`, reader.SortReadings: `coalesce(s.readings, 0)`, reader.SortMissing: `d.missing`,
}

// requireSameLists compares orders, pages and totals of each filter with SQL.
func requireSameLists(t *testing.T, s store) {
	t.Helper()
	ctx := t.Context()
	for by, key := range listKeys {
		for _, direction := range []string{"", " DESC"} {
			for where, f := range map[string]reader.MeterFilter{
				`true`: {}, `d.status = 'gap'`: {Status: reader.StatusGap}, `d.status = 'suspect'`: {Status: reader.StatusSuspect}, `d.status = 'stale'`: {Status: reader.StatusStale},
				`g.name = 'g1'`: {Group: ptr("g1")}, `m.name LIKE 'm0%' AND d.status = 'ok'`: {Contains: "M0", Status: reader.StatusOK}, `m.name LIKE '%1%'`: {Contains: "1"},
			} {
				if f.Sort = by; direction != "" {
					f.Sort = by.Desc()
				}
				var want []int32
				require.NoError(t, s.Pool.QueryRow(ctx, `
					SELECT coalesce(array_agg(m.meter_no ORDER BY `+key+direction+`, m.name`+direction+`), '{}')
					FROM meters m JOIN groups g USING (group_no) LEFT JOIN meter_state s USING (meter_no)
					JOIN (`+lastDayByReadings+`) d(name, missing, suspect, status) ON d.name = m.name WHERE `+where).Scan(&want))
				got, err := s.MeterOrder(ctx, f)
				require.NoError(t, err)
				require.Equal(t, want, got, "%s %s%s", where, by, direction)
				n, err := s.CountMeters(ctx, f)
				require.NoError(t, err)
				require.Equal(t, len(want), n)
				f.Offset, f.Limit = len(want)/3, 4
				page, err := s.Meters(ctx, f)
				require.NoError(t, err)
				numbered, err := s.MetersNumbered(ctx, want[f.Offset:min(f.Offset+f.Limit, len(want))], 0)
				require.NoError(t, err)
				require.Equal(t, fmt.Sprint(numbered), fmt.Sprint(page), "%s %s%s", where, by, direction)
			}
		}
	}
}

// A list that is kept is read again after whatever may have changed it.
func TestTheVersionOfTheMetersChangesWithThem(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		version := func(f reader.MeterFilter) string {
			v, err := s.MeterVersion(t.Context(), &f)
			require.NoError(t, err)
			return v
		}
		names, loads, gaps := reader.MeterFilter{Sort: reader.SortGroup.Desc()}, reader.MeterFilter{Sort: reader.SortLoad}, reader.MeterFilter{Status: reader.StatusGap}
		empty := []string{version(names), version(loads), version(gaps)}
		p := take(t, s, 3, twin.MeterKey{Name: "a", Group: "north"})
		joined := []string{version(names), version(loads), version(gaps)}
		for i := range empty {
			require.NotEqual(t, empty[i], joined[i])
		}
		require.Equal(t, joined, []string{version(names), version(loads), version(gaps)})
		b := p.batch(1)
		p.fill(b, day, 1)
		p.commit(t, s, b)
		require.Equal(t, joined[0], version(names), "readings change no names")
		require.NotEqual(t, joined[1], version(loads))
		require.NotEqual(t, joined[2], version(gaps))
		before := version(loads)
		b = p.batch(0) // of which the stream has nothing
		b.Corrected.Append(p.meters[0].MeterNo, day, 9, twin.Corrected)
		_ = s.Commit(t.Context(), b)
		require.NotEqual(t, before, version(loads))
	})
}

// The watermark at the end of a replay, or after a message that ends an hour, is at an hour of which
// nobody has a reading yet.
func TestAnHourUnderWayIsNotMissing(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 0, twin.MeterKey{Name: "a"})
		b := p.batch(100)
		p.fill(b, day, 24)
		b.Newest = []twin.NewestReading{{MeterNo: p.meters[0].MeterNo, Hour: day + 23, KWh: load(0, day+23), Stored: 24}}
		b.Watermark = day + 24
		p.commit(t, s, b)
		m, err := s.MeterByName(t.Context(), "a", 0)
		require.NoError(t, err)
		require.Zero(t, m.Missing)
		require.Equal(t, reader.StatusOK, m.Status)

		b = p.batch(100)
		b.Watermark = day + 25
		p.commit(t, s, b)
		m, err = s.MeterByName(t.Context(), "a", 0)
		require.NoError(t, err)
		require.Equal(t, 1, m.Missing)
		require.Equal(t, reader.StatusGap, m.Status)
	})
}
