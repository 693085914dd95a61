package writer

import (
	"math"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/twin"
)

// Rows that are not copied go out as arrays, one statement a table, all in one
// pipeline. Hours travel as integers: to_timestamp costs less than encoding
// times.

// queueReadings writes rows over what is there, if it differs. A row that is
// repeated within r counts as it came last.
func queueReadings(q *pgx.Batch, r *twin.Readings) {
	if r.Len() == 0 {
		return
	}
	q.Queue(`
		INSERT INTO readings (ts, meter_no, kwh, quality)
		SELECT DISTINCT ON (h, no) to_timestamp(h * 3600::float8), no, kwh, quality
		FROM unnest($1::int4[], $2::int4[], $3::real[], $4::int2[]) WITH ORDINALITY u(h, no, kwh, quality, n)
		ORDER BY h, no, n DESC
		ON CONFLICT (ts, meter_no, channel) DO UPDATE SET kwh = excluded.kwh, quality = excluded.quality
		WHERE readings.kwh IS DISTINCT FROM excluded.kwh`,
		hours(r.Hour), r.MeterNo, r.KWh, qualities(r.Quality))
}

// queueVerdicts judges rows again. The last verdict on a row counts.
func queueVerdicts(q *pgx.Batch, verdicts []twin.Verdict) {
	if len(verdicts) == 0 {
		return
	}
	n := len(verdicts)
	no, hour, flag := make([]int32, n), make([]int32, n), make([]int16, n)
	for i, v := range verdicts {
		no[i], hour[i] = v.MeterNo, int32(v.Hour)
		if v.Suspect {
			flag[i] = int16(twin.SuspectFlag)
		}
	}
	q.Queue(`
		UPDATE readings r SET quality = r.quality & 3 | u.flag
		FROM (SELECT DISTINCT ON (h, no) to_timestamp(h * 3600::float8) AS ts, no, flag
			FROM unnest($1::int4[], $2::int4[], $3::int2[]) WITH ORDINALITY u(h, no, flag, n)
			ORDER BY h, no, n DESC) u
		WHERE r.ts = u.ts AND r.meter_no = u.no AND r.channel = 0`, hour, no, flag)
}

func queueForecasts(q *pgx.Batch, forecasts []twin.Forecast) {
	for i := range forecasts {
		f := &forecasts[i]
		q.Queue(`
			INSERT INTO forecasts (issued_at, meter_no, model, p10, p50, p90, day_ahead)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			f.IssuedAt.Time(), f.MeterNo, f.Model, orEmpty(f.P10), orEmpty(f.P50), orEmpty(f.P90), f.DayAhead)
	}
}

// queueGroupForecasts writes forecasts of groups.
func queueGroupForecasts(q *pgx.Batch, forecasts []twin.GroupForecast) {
	if len(forecasts) == 0 {
		return
	}
	var at, risks ranges
	rows := len(forecasts)
	no, hour, model := make([]int32, rows), make([]int32, rows), make([]string, rows)
	dayAhead, capacity := make([]bool, rows), make([]*float32, rows)
	var p10, p50, p90, before, after, excessBefore, excessAfter []float32
	for i := range forecasts {
		f := &forecasts[i]
		no[i], hour[i], model[i], dayAhead[i] = f.GroupNo, int32(f.IssuedAt), f.Model, f.DayAhead
		n := at.add(len(f.P50))
		p10, p50, p90 = append(p10, f.P10[:n]...), append(p50, f.P50...), append(p90, f.P90[:n]...)
		l := f.Limit
		if l == nil {
			risks.addNull()
			continue
		}
		capacity[i] = &l.CapacityKW
		n = risks.add(len(l.ProbabilityBefore))
		before, after = append(before, l.ProbabilityBefore...), append(after, l.ProbabilityAfter[:n]...)
		excessBefore, excessAfter = append(excessBefore, l.ExcessBefore[:n]...), append(excessAfter, l.ExcessAfter[:n]...)
	}
	q.Queue(`
		INSERT INTO group_forecasts (issued_at, group_no, model, p10, p50, p90, day_ahead,
			capacity_kw, exceed_before, exceed_after, excess_before, excess_after)
		SELECT to_timestamp(h * 3600::float8), no, model, ($10::real[])[f:t], ($11::real[])[f:t], ($12::real[])[f:t], day_ahead,
			capacity, ($13::real[])[nullif(rf, 0):rt], ($14::real[])[nullif(rf, 0):rt], ($15::real[])[nullif(rf, 0):rt], ($16::real[])[nullif(rf, 0):rt]
		FROM unnest($1::int4[], $2::int4[], $3::text[], $4::bool[], $5::real[], $6::int4[], $7::int4[], $8::int4[], $9::int4[])
			u(h, no, model, day_ahead, capacity, f, t, rf, rt)
		ON CONFLICT DO NOTHING`,
		hour, no, model, dayAhead, capacity, at.from, at.to, risks.from, risks.to,
		orEmpty(p10), orEmpty(p50), orEmpty(p90), orEmpty(before), orEmpty(after), orEmpty(excessBefore), orEmpty(excessAfter))
}

func queueDecisions(q *pgx.Batch, b *Batch) {
	rows := decisions.RowsOf(b.Partition, b.Provenance, b.Decisions)
	for i := range rows.Len() {
		q.Queue(decisions.Insert, rows.Args(i)...)
	}
}

// queueNewest updates rows that EnsureMeters made: an UPDATE of a row known
// to be there costs less than an upsert. It notes the hours of rows that are new.
func queueNewest(q *pgx.Batch, states []twin.NewestReading, added map[int32]*recentHours) {
	n := len(states) + len(added)
	if n == 0 {
		return
	}
	no, hour, kwh, stored := make([]int32, 0, n), make([]int32, 0, n), make([]float32, 0, n), make([]int64, 0, n)
	first, to, known, suspect := make([]int32, 0, n), make([]int32, 0, n), make([]int64, 0, n), make([]int64, 0, n)
	put := func(s *twin.NewestReading) {
		no, hour, kwh, stored = append(no, s.MeterNo), append(hour, int32(s.Hour)), append(kwh, s.KWh), append(stored, s.Stored)
		r := added[s.MeterNo]
		if r == nil {
			r = noHours()
		}
		first, to, known, suspect = append(first, int32(r.first)), append(to, int32(r.to)), append(known, r.known), append(suspect, r.suspect)
		delete(added, s.MeterNo)
	}
	for i := range states {
		put(&states[i])
	}
	for meterNo := range added { // of which nothing is newer
		put(&twin.NewestReading{MeterNo: meterNo, Hour: meter.NoHour, KWh: float32(math.NaN())})
	}
	q.Queue(`
		UPDATE meter_state s SET readings = s.readings + u.readings,
			last_kwh = CASE WHEN u.ts >= s.last_ts OR s.last_ts IS NULL THEN u.kwh ELSE s.last_kwh END,
			last_ts = greatest(u.ts, s.last_ts),
			first_ts = least(s.first_ts, u.first_ts),
			recent_to = greatest(u.top, s.recent_to),
			recent = (`+olderSQL(`s.recent`, `greatest(u.top - s.recent_to, 0)`)+`) | (`+olderSQL(`u.known`, `greatest(s.recent_to - u.top, 0)`)+`),
			recent_suspect = (`+olderSQL(`s.recent_suspect`, `greatest(u.top - s.recent_to, 0)`)+`) | (`+olderSQL(`u.suspect`, `greatest(s.recent_to - u.top, 0)`)+`)
		FROM (SELECT no, to_timestamp(nullif(h, -2147483648) * 3600::float8) AS ts, nullif(kwh, 'NaN') AS kwh, readings, nullif(top, -2147483648) AS top, known, suspect,
				to_timestamp(nullif(first, -2147483648) * 3600::float8) AS first_ts
			FROM unnest($1::int4[], $2::int4[], $3::real[], $4::int8[], $5::int4[], $6::int8[], $7::int8[], $8::int4[]) u(no, h, kwh, readings, top, known, suspect, first)) u
		WHERE s.meter_no = u.no`, no, hour, kwh, stored, to, known, suspect, first)
}

// queueWarmUp notes between which hours a meter's warm-up lies, so that its
// rows can be found again without an index over all readings.
func queueWarmUp(q *pgx.Batch, r *twin.Readings) {
	no, from, to := warmUpSpans(r)
	if len(no) == 0 {
		return
	}
	q.Queue(`
		UPDATE meter_state s SET
			warm_from = least(s.warm_from, to_timestamp(u.f * 3600::float8)),
			warm_to = greatest(s.warm_to, to_timestamp(u.t * 3600::float8))
		FROM unnest($1::int4[], $2::int4[], $3::int4[]) u(no, f, t)
		WHERE s.meter_no = u.no`, no, from, to)
}

func warmUpSpans(r *twin.Readings) (no, from, to []int32) {
	at := map[int32]int{}
	for i, quality := range r.Quality {
		if quality.Origin() != twin.WarmUp {
			continue
		}
		h := int32(r.Hour[i])
		k, seen := at[r.MeterNo[i]]
		if !seen {
			at[r.MeterNo[i]] = len(no)
			no, from, to = append(no, r.MeterNo[i]), append(from, h), append(to, h)
			continue
		}
		from[k], to[k] = min(from[k], h), max(to[k], h)
	}
	return no, from, to
}

func queueRejected(q *pgx.Batch, partition int, messages []twin.RejectedMessage) {
	if len(messages) == 0 {
		return
	}
	n := len(messages)
	offset, reason, detail := make([]int64, n), make([]string, n), make([]string, n)
	key, value := make([][]byte, n), make([][]byte, n)
	for i, m := range messages {
		offset[i], reason[i], detail[i] = m.Offset, storable(m.Reason), storable(m.Detail)
		key[i], value[i] = orEmpty(m.Key), orEmpty(m.Value)
	}
	q.Queue(`
		INSERT INTO quarantine (partition, stream_offset, reason, detail, key, value)
		SELECT $1::int4, * FROM unnest($2::int8[], $3::text[], $4::text[], $5::bytea[], $6::bytea[])
		ON CONFLICT (partition, stream_offset) DO UPDATE
		SET reason = excluded.reason, detail = excluded.detail, key = excluded.key, value = excluded.value`,
		partition, offset, reason, detail, key, value)
}

func queueOutbox(q *pgx.Batch, b *Batch) {
	if len(b.Outbox) == 0 {
		return
	}
	n := len(b.Outbox)
	kind, hour, from, to := make([]int16, n), make([]int32, n), make([]int64, n), make([]int64, n)
	for i, e := range b.Outbox {
		kind[i], hour[i], from[i], to[i] = int16(e.Kind), int32(e.Hour), e.FromOffset, e.ToOffset
	}
	q.Queue(`
		INSERT INTO outbox (partition, topic_generation, batch_offset, number, kind, ts, from_offset, to_offset)
		SELECT partition, topic_generation, $2, u.n - 1, u.kind, to_timestamp(nullif(u.h, -2147483648) * 3600::float8), u.f, u.t
		FROM stream_offsets, unnest($3::int2[], $4::int4[], $5::int8[], $6::int8[]) WITH ORDINALITY u(kind, h, f, t, n)
		WHERE partition = $1 ORDER BY u.n`, b.Partition, b.NextOffset, kind, hour, from, to)
}

func hours(from []meter.Hour) []int32 {
	to := make([]int32, len(from))
	for i, h := range from {
		to[i] = int32(h)
	}
	return to
}

func qualities(from []twin.Quality) []int16 {
	to := make([]int16, len(from))
	for i, q := range from {
		to[i] = int16(q)
	}
	return to
}

// ranges are where the rows of a statement find their arrays in those that it takes, each
// the arrays of all rows one behind the other: value[from:to].
type ranges struct {
	end      int32
	from, to []int32 // the first and the last, counted from 1; 0 for a row without
}

// add gives the next row an array of n values, and returns n.
func (s *ranges) add(n int) int {
	s.from, s.to = append(s.from, s.end+1), append(s.to, s.end+int32(n))
	s.end += int32(n)
	return n
}

// addNull gives the next row none.
func (s *ranges) addNull() { s.from, s.to = append(s.from, 0), append(s.to, 0) }

// orEmpty is v with nil, which would be null, as empty.
func orEmpty[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}

// storable is s without what a text column rejects: a bad message may be
// quoted in the reason for its quarantine.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}
