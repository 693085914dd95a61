package writer

import (
	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// What was known of an hour before another value came is kept with the watermark at which
// that came, so that a question about an earlier time gets the earlier answer.

// watermarkOf is the time of a watermark that is a parameter: all hours are later than
// none.
const watermarkOf = `coalesce(to_timestamp(nullif(watermark, -2147483648) * 3600::float8), '-infinity')`

// queueLate keeps since when readings of hours that were over are known. Their rows were
// copied: there was none of them before.
func queueLate(q *pgx.Batch, late []twin.LateReading) {
	if len(late) == 0 {
		return
	}
	n := len(late)
	no, hour, offset, watermark := make([]int32, n), make([]int32, n), make([]int64, n), make([]int32, n)
	for i, r := range late {
		no[i], hour[i], offset[i], watermark[i] = r.MeterNo, int32(r.Hour), r.Offset, int32(r.Watermark)
	}
	q.Queue(`
		INSERT INTO reading_revisions (ts, meter_no, stream_offset, watermark)
		SELECT to_timestamp(h * 3600::float8), no, off, `+watermarkOf+`
		FROM unnest($1::int4[], $2::int4[], $3::int8[], $4::int4[]) u(h, no, off, watermark)
		ON CONFLICT DO NOTHING`, hour, no, offset, watermark)
}

// queueRevisions keeps the values that corrections of the same batch replace.
func queueRevisions(q *pgx.Batch, revisions []twin.Revision) {
	if len(revisions) == 0 {
		return
	}
	n := len(revisions)
	no, hour, old, offset, watermark := make([]int32, n), make([]int32, n), make([]float32, n), make([]int64, n), make([]int32, n)
	for i, r := range revisions {
		no[i], hour[i], old[i], offset[i], watermark[i] = r.MeterNo, int32(r.Hour), r.OldKWh, r.Offset, int32(r.Watermark)
	}
	q.Queue(`
		INSERT INTO reading_revisions (ts, meter_no, stream_offset, old_kwh, old_quality, watermark)
		SELECT u.ts, u.no, u.off, u.old, r.quality, u.watermark
		FROM (SELECT to_timestamp(h * 3600::float8) AS ts, no, old, off, `+watermarkOf+` AS watermark
			FROM unnest($1::int4[], $2::int4[], $3::real[], $4::int8[], $5::int4[]) u(h, no, old, off, watermark)) u
		LEFT JOIN LATERAL (SELECT quality FROM readings r
			WHERE r.ts = u.ts AND r.meter_no = u.no AND r.channel = 0 LIMIT 1) r ON true
		ON CONFLICT DO NOTHING`, hour, no, old, offset, watermark)
}

// queueUnseen writes readings over what is there, and keeps what they replace.
func queueUnseen(q *pgx.Batch, readings []twin.UnseenReading) {
	if len(readings) == 0 {
		return
	}
	q.Queue(insertReplaced+` ON CONFLICT DO NOTHING`, replacedArgs(readings)...)
	queueReadings(q, unseenRows(readings))
}

// queueOlder is queueUnseen for readings of hours before the windows. Only a store knows
// which of them are corrections: they are counted as such, in the partition's totals and
// in the batch's.
func queueOlder(q *pgx.Batch, b *Batch, corrections *int64) {
	if len(b.Older) == 0 {
		return
	}
	q.Queue(`
		WITH kept AS (`+insertReplaced+` ON CONFLICT DO NOTHING RETURNING old_kwh),
		counted AS (SELECT count(old_kwh) AS n FROM kept),
		added AS (UPDATE stream_offsets SET corrections = corrections + n FROM counted WHERE partition = $7 AND n > 0)
		SELECT n FROM counted`, append(replacedArgs(b.Older), b.Partition)...).
		QueryRow(func(row pgx.Row) error { return row.Scan(corrections) })
	queueReadings(q, unseenRows(b.Older))
}

// queueReplaced keeps the values that the rows replace which the window took for new.
func queueReplaced(q *pgx.Batch, b *Batch) {
	if b.New.Len() > 0 {
		q.Queue(insertReplaced+` ON CONFLICT DO NOTHING`, replacedArgs(unseenNew(b))...)
	}
}

// insertReplaced keeps the values that readings replace: that of the row, or of the
// reading of the same hour before. Where there is none, a late reading is kept with it: the
// hour had no value until then. It comes before the upsert.
const insertReplaced = `
	INSERT INTO reading_revisions (ts, meter_no, stream_offset, old_kwh, old_quality, watermark)
	SELECT u.ts, u.no, u.off, coalesce(u.old_kwh, r.kwh), coalesce(u.old_quality, r.quality), u.watermark
	FROM (SELECT to_timestamp(h * 3600::float8) AS ts, no, kwh, quality, off, ` + watermarkOf + ` AS watermark,
			lag(kwh) OVER same AS old_kwh, lag(quality) OVER same AS old_quality
		FROM unnest($1::int4[], $2::int4[], $3::real[], $4::int2[], $5::int8[], $6::int4[])
			WITH ORDINALITY u(h, no, kwh, quality, off, watermark, n)
		WINDOW same AS (PARTITION BY h, no ORDER BY n)) u
	LEFT JOIN LATERAL (SELECT kwh, quality FROM readings r
		WHERE r.ts = u.ts AND r.meter_no = u.no AND r.channel = 0 LIMIT 1) r ON true
	WHERE CASE WHEN coalesce(u.old_kwh, r.kwh) IS NULL THEN u.quality & 3 = 2 ELSE coalesce(u.old_kwh, r.kwh) <> u.kwh END`

func replacedArgs(readings []twin.UnseenReading) []any {
	n := len(readings)
	no, hour, kwh := make([]int32, n), make([]int32, n), make([]float32, n)
	quality, offset, watermark := make([]int16, n), make([]int64, n), make([]int32, n)
	for i, r := range readings {
		no[i], hour[i], kwh[i] = r.MeterNo, int32(r.Hour), r.KWh
		quality[i], offset[i], watermark[i] = int16(r.Quality), r.Offset, int32(r.Watermark)
	}
	return []any{hour, no, kwh, quality, offset, watermark}
}

func unseenRows(readings []twin.UnseenReading) *twin.Readings {
	var rows twin.Readings
	for _, r := range readings {
		rows.Append(r.MeterNo, r.Hour, r.KWh, r.Quality)
	}
	return &rows
}

// unseenNew are the rows that the window took for new. Which record brought each, and
// when, is not kept but of late ones; the batch stands for it, its first offset, as no
// correction of the row can be that one, and its last watermark.
func unseenNew(b *Batch) []twin.UnseenReading {
	type key struct {
		no   int32
		hour meter.Hour
	}
	late := make(map[key]twin.LateReading, len(b.Late))
	for _, r := range b.Late {
		late[key{r.MeterNo, r.Hour}] = r
	}
	out := make([]twin.UnseenReading, b.New.Len())
	for i := range out {
		out[i] = twin.UnseenReading{MeterNo: b.New.MeterNo[i], Hour: b.New.Hour[i], KWh: b.New.KWh[i], Quality: b.New.Quality[i], Offset: b.PrevOffset, Watermark: b.Watermark}
		if r, is := late[key{b.New.MeterNo[i], b.New.Hour[i]}]; is {
			out[i].Offset, out[i].Watermark = r.Offset, r.Watermark
		}
	}
	return out
}
