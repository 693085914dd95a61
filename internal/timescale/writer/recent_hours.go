package writer

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// meter_state keeps of which of the newest hours a meter has a reading, and which of those
// are suspect, as bits. They repeat what readings hold: rows that are new in a batch add bits
// beside the newest reading, and hours whose rows may have been there before are read back.
// It keeps the first hour too: what is missing of a meter is missing from there on.

// RecentHours is how many hours meter_state has bits of, counted back from the newest one.
const RecentHours = 63

// recentHours are those of one meter.
type recentHours struct {
	first, to      meter.Hour // the oldest and the newest; NoHour for none
	known, suspect int64      // bit n is the hour n before the newest
}

func noHours() *recentHours { return &recentHours{first: meter.NoHour, to: meter.NoHour} }

// add notes the row of an hour.
func (r *recentHours) add(h meter.Hour, suspect bool) {
	if r.to == meter.NoHour {
		r.first, r.to = h, h
	}
	r.first = min(r.first, h)
	if h > r.to {
		by := h - r.to
		r.known, r.suspect, r.to = older(r.known, by), older(r.suspect, by), h
	}
	if r.to-h >= RecentHours {
		return
	}
	bit := int64(1) << (r.to - h)
	r.known |= bit
	if suspect {
		r.suspect |= bit
	}
}

// older are the bits when the newest hour is one that comes `by` hours later.
func older(bits int64, by meter.Hour) int64 {
	if by >= RecentHours {
		return 0
	}
	return bits << by & (1<<RecentHours - 1)
}

// olderSQL is older as SQL, of expressions. PostgreSQL shifts by the rest of 64.
func olderSQL(bits, by string) string {
	return `CASE WHEN ` + by + ` < 63 THEN (` + bits + ` << ` + by + `) & 9223372036854775807 ELSE 0 END`
}

// recentOf are the hours of each meter that some rows are about.
func recentOf(rows *twin.Readings) map[int32]*recentHours {
	of := make(map[int32]*recentHours)
	for i, no := range rows.MeterNo {
		r := of[no]
		if r == nil {
			r = noHours()
			of[no] = r
		}
		r.add(rows.Hour[i], rows.Quality[i].IsSuspect())
	}
	return of
}

// queueReread reads the hours back that a batch may have written over what was there: its
// new rows too, unless they were copied, as a replay may bring a reading that was judged
// otherwise since. Hours that no day before the watermark reaches are left out.
func queueReread(q *pgx.Batch, b *Batch, copied bool) {
	var no, hour []int32
	add := func(meterNo int32, h meter.Hour) {
		if b.Watermark == meter.NoHour || h >= b.Watermark-meter.HoursPerDay {
			no, hour = append(no, meterNo), append(hour, int32(h))
		}
	}
	for _, rows := range []*twin.Readings{&b.New, &b.Corrected} {
		if rows == &b.New && copied {
			continue
		}
		for i := range rows.Len() {
			add(rows.MeterNo[i], rows.Hour[i])
		}
	}
	for _, rows := range [][]twin.UnseenReading{b.Pending, b.Older} {
		for i := range rows {
			add(rows[i].MeterNo, rows[i].Hour)
		}
	}
	for _, v := range b.Verdicts {
		add(v.MeterNo, v.Hour)
	}
	if len(no) == 0 {
		return
	}
	q.Queue(`
		WITH rows AS (
			SELECT u.no, u.h, r.suspect FROM (SELECT DISTINCT no, h FROM unnest($1::int4[], $2::int4[]) u(no, h)) u
			CROSS JOIN LATERAL (SELECT quality >= 4 AS suspect FROM readings r
				WHERE r.ts = to_timestamp(u.h * 3600::float8) AND r.meter_no = u.no AND r.channel = 0 LIMIT 1) r),
		tops AS (
			SELECT n.no, greatest(s.recent_to, n.newest) AS top, greatest(s.recent_to, n.newest) - s.recent_to AS later
			FROM (SELECT no, max(h) AS newest FROM rows GROUP BY no) n JOIN meter_state s ON s.meter_no = n.no),
		bits AS (
			SELECT t.no, t.top, t.later, bit_or(1::int8 << t.top - r.h) AS known,
				coalesce(bit_or(1::int8 << t.top - r.h) FILTER (WHERE r.suspect), 0) AS suspect
			FROM rows r JOIN tops t USING (no) WHERE r.h > t.top - 63 GROUP BY t.no, t.top, t.later)
		UPDATE meter_state s SET recent_to = b.top,
			recent = (`+olderSQL(`s.recent`, `b.later`)+`) | b.known,
			recent_suspect = ((`+olderSQL(`s.recent_suspect`, `b.later`)+`) & (~b.known)) | b.suspect
		FROM bits b WHERE s.meter_no = b.no`, no, hour)
}

// queueFirst notes the first hour of the rows of a batch that queueNewest does not see: those
// that may have been there before, and those from outside of the windows.
func queueFirst(q *pgx.Batch, b *Batch, copied bool) {
	first := make(map[int32]meter.Hour)
	note := func(no int32, h meter.Hour) {
		if f, met := first[no]; !met || h < f {
			first[no] = h
		}
	}
	if !copied {
		for i, no := range b.New.MeterNo {
			note(no, b.New.Hour[i])
		}
	}
	for _, rows := range [][]twin.UnseenReading{b.Pending, b.Older} {
		for i := range rows {
			note(rows[i].MeterNo, rows[i].Hour)
		}
	}
	if len(first) == 0 {
		return
	}
	no, hour := make([]int32, 0, len(first)), make([]int32, 0, len(first))
	for n, h := range first {
		no, hour = append(no, n), append(hour, int32(h))
	}
	q.Queue(`
		UPDATE meter_state s SET first_ts = u.ts
		FROM (SELECT no, to_timestamp(h * 3600::float8) AS ts FROM unnest($1::int4[], $2::int4[]) u(no, h)) u
		WHERE s.meter_no = u.no AND (s.first_ts IS NULL OR u.ts < s.first_ts)`, no, hour)
}

// noteRecent reads the recent hours of the meters of a partition whose newest reading came
// from a process that does not note them, as one of an earlier version in mid-upgrade.
func (db *DB) noteRecent(ctx context.Context, partition int) error {
	_, err := db.Pool.Exec(ctx, `
		WITH behind AS (
			SELECT s.meter_no, (extract(epoch FROM s.last_ts) / 3600)::integer AS top FROM meters m JOIN meter_state s USING (meter_no)
			WHERE m.partition = $1 AND s.last_ts > coalesce(to_timestamp(s.recent_to * 3600::float8), '-infinity')),
		bits AS (
			SELECT b.meter_no, b.top, max(n) AS back, bit_or(1::bigint << n) AS known, coalesce(bit_or(1::bigint << n) FILTER (WHERE r.quality >= 4), 0) AS suspect
			FROM behind b CROSS JOIN generate_series(0, 62) n
			JOIN readings r ON r.ts = to_timestamp((b.top - n) * 3600::float8) AND r.meter_no = b.meter_no AND r.channel = 0
			GROUP BY b.meter_no, b.top)
		UPDATE meter_state s SET recent_to = b.top, recent = b.known, recent_suspect = b.suspect,
			first_ts = least(s.first_ts, to_timestamp((b.top - b.back) * 3600::float8))
		FROM bits b WHERE b.meter_no = s.meter_no`, partition)
	return err
}
