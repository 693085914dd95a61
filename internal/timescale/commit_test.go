package timescale_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// day is 2019-01-01T00:00Z, a Tuesday.
const day meter.Hour = 1546300800 / 3600

// partition is one that a test owns, with meters in it.
type partition struct {
	no     int
	state  writer.PartitionState
	meters []twin.MeterRef
}

func take(t *testing.T, s store, no int, keys ...twin.MeterKey) *partition {
	t.Helper()
	state, err := s.TakePartition(t.Context(), no, "test")
	require.NoError(t, err)
	refs, err := s.EnsureMeters(t.Context(), no, keys)
	require.NoError(t, err)
	return &partition{no: no, state: state, meters: refs}
}

// batch begins the next batch of n records.
func (p *partition) batch(n int64) *writer.Batch {
	return &writer.Batch{
		Effects: twin.Effects{
			Partition: p.no, PrevOffset: p.state.NextOffset, NextOffset: p.state.NextOffset + n,
			Watermark: p.state.Watermark, Counts: twin.Counts{In: n},
		},
		Epoch: p.state.Epoch, LastHash: 0xfedc_ba98_0000_0000 + uint64(p.state.NextOffset+n),
	}
}

func (p *partition) commit(t *testing.T, s store, b *writer.Batch) {
	t.Helper()
	require.NoError(t, s.Commit(t.Context(), b))
	p.state.NextOffset, p.state.Watermark = b.NextOffset, b.Watermark
}

// fill adds n hours of every meter from hour h on: meter i has i + hour/100 kWh.
func (p *partition) fill(b *writer.Batch, h meter.Hour, n int) {
	for k := range meter.Hour(n) {
		for i, m := range p.meters {
			b.New.Append(m.MeterNo, h+k, load(i, h+k), twin.Measured)
			b.Counts.Stored++
		}
		b.Watermark = h + k
	}
}

func load(i int, h meter.Hour) float32 { return float32(i) + float32(h-day)/100 }

func (s store) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, s.Pool.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

func TestCommitStoresEverything(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 3, twin.MeterKey{Name: "a", Group: "north"}, twin.MeterKey{Name: "b", Group: "north"})
		b := fullBatch(t, s, p)
		p.commit(t, s, b)

		require.Equal(t, 2*48, s.count(t, `SELECT count(*) FROM readings`))
		var kwh float32
		require.NoError(t, s.Pool.QueryRow(t.Context(), `SELECT kwh FROM readings WHERE ts = $1 AND meter_no = $2`,
			(day+5).Time(), p.meters[1].MeterNo).Scan(&kwh))
		require.Equal(t, float32(7.5), kwh, "the upsert comes after the copy")
		require.Equal(t, 1, s.count(t, `SELECT count(*) FROM reading_revisions WHERE old_quality = 0 AND stream_offset = 7`))
		require.Equal(t, 1, s.count(t, `SELECT count(*) FROM quarantine WHERE detail = 'not � JSON' AND value = '\x00ff'`))
		require.Equal(t, 2, s.count(t, `SELECT count(*) FROM outbox`))
		require.Equal(t, 1, s.count(t, `SELECT count(*) FROM group_load WHERE meters = 2 AND kwh = 12.5 AND fed_in = 0.5`))
		require.Equal(t, 47, s.count(t, `SELECT readings FROM meter_state WHERE meter_no = $1`, p.meters[0].MeterNo))

		again, err := s.TakePartition(t.Context(), 3, "next")
		require.NoError(t, err)
		require.Equal(t, writer.PartitionState{
			Epoch: p.state.Epoch + 1, NextOffset: b.NextOffset, LastHash: b.LastHash, Watermark: b.Watermark,
			Totals: b.Counts, Incarnation: p.state.Incarnation,
		}, again)
	})
}

// TestNewTotalsOverOldOnes: totals that are called new may be there, as in a replay without its
// checkpoint.
func TestNewTotalsOverOldOnes(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 3, twin.MeterKey{Name: "a", Group: "north"})
		for kwh := 1.; kwh <= 2; kwh++ {
			b := p.batch(1)
			for h := range meter.Hour(3) {
				b.GroupTotals = append(b.GroupTotals, twin.GroupTotal{GroupNo: p.meters[0].GroupNo, Hour: day + h, KWh: kwh, Meters: 1, FedIn: kwh / 4, New: true})
			}
			p.commit(t, s, b)
			require.Equal(t, 3, s.count(t, `SELECT count(*) FROM group_load WHERE partition = 3 AND meters = 1 AND kwh = $1 AND fed_in = $1 / 4`, kwh))
		}
		require.Equal(t, 3, s.count(t, `SELECT count(*) FROM group_load`))
	})
}

// fullBatch has something in every field.
func fullBatch(t *testing.T, s store, p *partition) *writer.Batch {
	t.Helper()
	prov, err := s.EnsureProvenance(t.Context(), decisions.Provenance{Model: "seasonal-naive", ModelVersion: "1", Origin: "stream"})
	require.NoError(t, err)
	b := p.batch(100)
	p.fill(b, day, 48)
	a, c := p.meters[0], p.meters[1]
	b.Corrected.Append(c.MeterNo, day+5, 7, twin.Corrected)
	b.Corrected.Append(c.MeterNo, day+5, 7.5, twin.Corrected)
	b.Revisions = []twin.Revision{{MeterNo: c.MeterNo, Hour: day + 5, OldKWh: load(1, day+5), Offset: 7}}
	b.GroupTotals = []twin.GroupTotal{{GroupNo: a.GroupNo, Hour: day, KWh: 12, Meters: 1, FedIn: 0}, {GroupNo: a.GroupNo, Hour: day, KWh: 12.5, Meters: 2, FedIn: 0.5}}
	for _, m := range p.meters {
		b.Forecasts = append(b.Forecasts, groupForecast(m, day+48, 2))
		decided(b, shiftDecision(m, day+48, prov))
		b.Newest = append(b.Newest, twin.NewestReading{MeterNo: m.MeterNo, Hour: day + 47, KWh: 1.5, Stored: 47})
	}
	b.Rejected = []twin.RejectedMessage{{Offset: 8, Reason: "malformed", Detail: "not \xff JSON\x00", Key: nil, Value: []byte{0, 0xff}}}
	b.Outbox = []writer.OutboxEntry{{Kind: writer.OutboxDecisions, Hour: day + 48}, {Kind: writer.OutboxQuarantine, Hour: meter.NoHour, FromOffset: 8, ToOffset: 8}}
	b.Counts = twin.Counts{In: 100, Stored: 96, Quarantined: 1, Duplicates: 1, Corrections: 2, Late: 0, Forecasts: 2, Decisions: 2}
	return b
}

func flatForecast(no int32, issued meter.Hour, kwh float32) twin.Forecast {
	f := twin.Forecast{MeterNo: no, IssuedAt: issued, DayAhead: true, Model: "seasonal-naive"}
	for i := range 24 {
		f.P10 = append(f.P10, kwh-1)
		f.P50 = append(f.P50, kwh)
		f.P90 = append(f.P90, kwh+float32(i))
	}
	f.P10[3], f.P50[3], f.P90[3] = nan(), nan(), nan()
	return f
}

// groupForecast is a flat forecast with the group of its meter, which no query returns.
func groupForecast(m twin.MeterRef, issued meter.Hour, kwh float32) twin.Forecast {
	f := flatForecast(m.MeterNo, issued, kwh)
	f.GroupNo = m.GroupNo
	return f
}

func shiftDecision(m twin.MeterRef, issued meter.Hour, prov int32) decisions.Row {
	plan := make([]float32, 24)
	plan[2], plan[18] = 1.25, -1.25
	return decisions.Row{
		MeterNo: m.MeterNo, GroupNo: m.GroupNo, Provenance: prov, HeldTo: issued + 24,
		Decision: dsm.Decision{
			ID: uuid.NewSHA1(uuid.Nil, []byte(m.Name+issued.String())), Meter: m.Name, Group: m.Group,
			IssuedAt: issued, ValidFrom: issued, ValidTo: issued + 24, ActionableFrom: issued + 1, SupersededEnergy: nan(), SupersededDemand: nan(),
			Action: dsm.ActionLoadShift, Reason: dsm.ReasonPriceSpread, Plan: plan,
			KWhShifted: 1.25, KWReduction: 0.5, PeakBefore: 4, PeakAfter: 3.5, PARBefore: 2, PARAfter: 1.75,
			CapKW: nan(), PriceThresh: 0.3, SavingP10: 0.1, SavingP50: 0.2, SavingP90: 0.3, SavingEnergy: 0.15, SavingDemand: 0.05, MonthPeak: nan(), CO2Kg: 0.4, Confidence: 0.95,
			Factors:      []dsm.WeightedFactor{{Factor: dsm.FactorPriceSpread, Weight: 0.2}, {Factor: dsm.FactorShiftable, Weight: 3}},
			Binding:      []dsm.Constraint{dsm.ConstraintHeadroom, dsm.ConstraintShiftableShare},
			Alternatives: []dsm.Alternative{{Action: dsm.ActionNone, Reason: dsm.ReasonBelowMinSaving, Saving: -0.2}},
			LastReading:  issued - 1, MissingShare: 0.125,
		},
	}
}

// decided adds decisions of one provenance to a batch.
func decided(b *writer.Batch, decisions ...decisions.Row) {
	for _, d := range decisions {
		b.Provenance = d.Provenance
		b.Decisions = append(b.Decisions, twin.Decision{Decision: d.Decision, MeterNo: d.MeterNo, GroupNo: d.GroupNo})
	}
}

func nan() float32 { return float32(math.NaN()) }

func TestCommitIsFenced(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		first := take(t, s, 0, twin.MeterKey{Name: "a"})
		b := first.batch(10)
		first.fill(b, day, 10)
		first.commit(t, s, b)

		second := take(t, s, 0, twin.MeterKey{Name: "a"})
		require.Equal(t, first.state.Epoch+1, second.state.Epoch)
		require.Equal(t, int64(10), second.state.NextOffset)

		late := first.batch(10)
		first.fill(late, day+10, 10)
		require.ErrorIs(t, s.Commit(t.Context(), late), writer.ErrFenced, "the first owner lost the partition")

		gap := second.batch(10)
		gap.PrevOffset, gap.NextOffset = 11, 21
		second.fill(gap, day+11, 10)
		require.ErrorIs(t, s.Commit(t.Context(), gap), writer.ErrFenced, "a batch that leaves records out")
		require.Equal(t, 10, s.count(t, `SELECT count(*) FROM readings`), "neither left a row")

		next := second.batch(10)
		second.fill(next, day+10, 10)
		second.commit(t, s, next)
		require.Equal(t, 20, s.count(t, `SELECT count(*) FROM readings`))
	})
}

func TestCommitAgainAfterALostAnswer(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 0, twin.MeterKey{Name: "a"})
		b := p.batch(10)
		p.fill(b, day, 10)
		require.NoError(t, s.Commit(t.Context(), b))
		require.NoError(t, s.Commit(t.Context(), b), "the same batch of the same owner")
		require.Equal(t, 10, s.count(t, `SELECT stored::int FROM stream_offsets`), "it counts once")
		other := *b
		other.LastHash++
		require.ErrorIs(t, s.Commit(t.Context(), &other), writer.ErrFenced, "the same offsets of another stream")
	})
}

func TestCommitIsAllOrNothing(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 0, twin.MeterKey{Name: "a", Group: ""}, twin.MeterKey{Name: "b", Group: ""})
		first := p.batch(1)
		first.Newest = []twin.NewestReading{{MeterNo: p.meters[0].MeterNo, Hour: day, KWh: 1, Stored: 1}}
		p.commit(t, s, first)

		b := fullBatch(t, s, p)
		b.Newest[0].Stored = math.MaxInt64
		require.ErrorContains(t, s.Commit(t.Context(), b), "out of range", "after the rows were copied")
		for _, table := range []string{"readings", "forecasts", "decisions", "outbox", "quarantine", "group_load", "reading_revisions"} {
			require.Zero(t, s.count(t, `SELECT count(*) FROM `+table), table)
		}
		require.Equal(t, 1, s.count(t, `SELECT next_offset::int FROM stream_offsets`))
		require.NoError(t, s.Ping(t.Context()))
	})
}

func TestNoValueIsReplacedWithoutARevision(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 0, twin.MeterKey{Name: "a"})
		no := p.meters[0].MeterNo
		first := p.batch(10)
		p.fill(first, day, 10)
		p.commit(t, s, first)

		b := p.batch(10)
		b.Watermark = day + 10
		b.Pending = []twin.UnseenReading{
			{MeterNo: no, Hour: day + 1, KWh: 50, Quality: twin.Measured, Offset: 11},             // another value
			{MeterNo: no, Hour: day + 2, KWh: load(0, day+2), Quality: twin.Measured, Offset: 12}, // the same
			{MeterNo: no, Hour: day + 40, KWh: 51, Quality: twin.Measured, Offset: 13},            // no row yet
		}
		b.Revisions = []twin.Revision{{MeterNo: no, Hour: day + 3, OldKWh: load(0, day+3), Offset: 14}, {MeterNo: no, Hour: day + 40, OldKWh: 51, Offset: 15}}
		b.Counts.Corrections = 2
		b.Corrected.Append(no, day+3, 52, twin.Corrected)
		b.Corrected.Append(no, day+40, 53, twin.Corrected)
		b.Older = []twin.UnseenReading{
			{MeterNo: no, Hour: day + 3, KWh: 54, Quality: twin.Late, Offset: 16},
			{MeterNo: no, Hour: day + 4, KWh: 55, Quality: twin.Late, Offset: 17},
			{MeterNo: no, Hour: day + 4, KWh: 55, Quality: twin.Late, Offset: 18},
			{MeterNo: no, Hour: day + 4, KWh: 56, Quality: twin.Late, Offset: 19},
			{MeterNo: no, Hour: day - 1, KWh: 57, Quality: twin.Late, Offset: 19},
		}
		p.commit(t, s, b)
		require.Equal(t, []string{
			"1: 50", "1: at 11 was 0.01 (0)",
			"2: 0.02",
			"3: 54", "3: at 14 was 0.03 (0)", "3: at 16 was 52 (3)",
			"4: 56", "4: at 17 was 0.04 (0)", "4: at 19 was 55 (2)",
			"40: 53", "40: at 15 was 51 (0)",
			"-1: 57", "-1: at 19 was nothing",
		}, s.values(t, no, 1, 2, 3, 4, 40, -1))
		require.EqualValues(t, 5, b.Counts.Corrections, "three from before the windows, which only the database recognises")
		require.Equal(t, 5, s.count(t, `SELECT corrections::int FROM stream_offsets WHERE partition = 0`))

		again := p.batch(10) // the topic was recreated: the windows do not know the rows
		again.Watermark = day + 11
		again.New.Append(no, day+5, 60, twin.Measured)
		again.New.Append(no, day+6, load(0, day+6), twin.Measured)
		again.New.Append(no, day+11, 61, twin.Measured)
		again.Revisions = []twin.Revision{{MeterNo: no, Hour: day + 5, OldKWh: 60, Offset: 21}}
		again.Corrected.Append(no, day+5, 62, twin.Corrected)
		p.commit(t, s, again)
		require.Equal(t, []string{
			"5: 62", "5: at 20 was 0.05 (0)", "5: at 21 was 60 (0)",
			"6: 0.06",
			"11: 61",
		}, s.values(t, no, 5, 6, 11))
	})
}

// values are the values of hours after day, each with those that it replaced.
func (s store) values(t *testing.T, no int32, hours ...int) (out []string) {
	t.Helper()
	for _, h := range hours {
		rows, err := s.Pool.Query(t.Context(), `
			SELECT $3::text || ': ' || kwh FROM readings WHERE meter_no = $1 AND ts = $2
			UNION ALL (SELECT $3::text || ': at ' || stream_offset || ' was ' || coalesce(old_kwh || ' (' || old_quality || ')', 'nothing')
				FROM reading_revisions WHERE meter_no = $1 AND ts = $2 ORDER BY stream_offset)`,
			no, (day + meter.Hour(h)).Time(), strconv.Itoa(h))
		require.NoError(t, err)
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		out = append(out, found...)
	}
	return out
}

func TestCommitOverRowsThatExist(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 3, twin.MeterKey{Name: "a", Group: "north"}, twin.MeterKey{Name: "b", Group: "north"})
		p.commit(t, s, fullBatch(t, s, p))
		before := s.count(t, `SELECT sum(kwh * 100)::int FROM readings`)
		b := fullBatch(t, s, p)
		b.New.Append(p.meters[0].MeterNo, day+48, 9, twin.Measured)
		p.commit(t, s, b)
		require.Equal(t, 97, s.count(t, `SELECT count(*) FROM readings`))
		require.Equal(t, before+900, s.count(t, `SELECT sum(kwh * 100)::int FROM readings`))
		require.Equal(t, 2, s.count(t, `SELECT count(*) FROM forecasts`))
		require.Equal(t, 2, s.count(t, `SELECT count(*) FROM decisions`))
		require.Equal(t, 200, s.count(t, `SELECT messages::int FROM stream_offsets`))
	})
}
