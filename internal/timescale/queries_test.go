package timescale_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// small is a twin of three meters over four days: a and b in the group north,
// c in none. Meter b has no reading at hours 30 to 33. Forecasts and decisions
// are issued at each midnight but the first.
type small struct {
	store
	*partition
	prov int32
}

const gapFrom, gapTo = day + 30, day + 34

func newSmall(t *testing.T, s store) small {
	t.Helper()
	p := take(t, s, 3, twin.MeterKey{Name: "a", Group: "north"}, twin.MeterKey{Name: "b", Group: "north"}, twin.MeterKey{Name: "c", Group: ""})
	prov, err := s.EnsureProvenance(t.Context(), decisions.Provenance{Model: "seasonal-naive", ModelVersion: "1", Image: "energytwin:test", Origin: "stream"})
	require.NoError(t, err)
	for d := range meter.Hour(4) {
		b := p.batch(70)
		for h := day + 24*d; h < day+24*(d+1); h++ {
			smallHour(b, p, h)
		}
		if d > 0 {
			for i, m := range p.meters {
				b.Forecasts = append(b.Forecasts, groupForecast(m, day+24*d, float32(i+2)))
				decided(b, shiftDecision(m, day+24*d, prov))
			}
			b.Outbox = append(b.Outbox, writer.OutboxEntry{Kind: writer.OutboxDecisions, Hour: day + 24*d})
		}
		b.Rejected = []twin.RejectedMessage{{Offset: int64(d), Reason: "bad_kwh", Detail: "x", Key: []byte("a"), Value: []byte("v")}}
		b.Counts = twin.Counts{In: 70, Stored: int64(b.New.Len()), Quarantined: 1, Forecasts: int64(len(b.Forecasts)), Decisions: int64(len(b.Decisions))}
		p.commit(t, s, b)
	}
	return small{s, p, prov}
}

func smallHour(b *writer.Batch, p *partition, h meter.Hour) {
	sums, counts := map[int32]float64{}, map[int32]int32{}
	for i, m := range p.meters {
		if m.Name == "b" && h >= gapFrom && h < gapTo {
			continue
		}
		b.New.Append(m.MeterNo, h, load(i, h), twin.Measured)
		sums[m.GroupNo] += float64(load(i, h))
		counts[m.GroupNo]++
		noteState(b, m.MeterNo, h, load(i, h))
	}
	for no, kwh := range sums {
		b.GroupTotals = append(b.GroupTotals, twin.GroupTotal{GroupNo: no, Hour: h, KWh: kwh, Meters: counts[no], FedIn: 0})
	}
	b.Watermark = h
}

// noteState keeps one state per meter and batch.
func noteState(b *writer.Batch, no int32, h meter.Hour, kwh float32) {
	for i := range b.Newest {
		if s := &b.Newest[i]; s.MeterNo == no {
			s.Hour, s.KWh, s.Stored = h, kwh, s.Stored+1
			return
		}
	}
	b.Newest = append(b.Newest, twin.NewestReading{MeterNo: no, Hour: h, KWh: kwh, Stored: 1})
}

func TestDecisionQueries(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()

		every := reader.DecisionList{From: day, To: day + 240, Limit: 100}
		all, err := s.ListDecisions(ctx, every)
		require.NoError(t, err)
		require.Len(t, all, 9)

		var paged []decisions.Row
		f := reader.DecisionList{From: day, To: day + 240, Limit: 2}
		for {
			page, err := s.ListDecisions(ctx, f)
			require.NoError(t, err)
			paged = append(paged, page...)
			if len(page) < f.Limit {
				break
			}
			f.After = ptr(reader.PlaceOf(page[len(page)-1]))
		}
		require.Equal(t, ids(all), ids(paged), "pages of two make the same list")

		want := shiftDecision(tw.meters[1], day+48, tw.prov)
		got, prov, err := s.DecisionByID(ctx, want.ID)
		require.NoError(t, err)
		require.Equal(t, "energytwin:test", prov.Image)
		requireSameDecision(t, want, got)

		for name, c := range map[string]struct {
			narrow func(*reader.DecisionList)
			n      int
		}{
			"meter":          {func(l *reader.DecisionList) { l.MeterNo = &tw.meters[2].MeterNo }, 3},
			"group":          {func(l *reader.DecisionList) { l.GroupNo = &tw.meters[0].GroupNo }, 6},
			"unknown meter":  {func(l *reader.DecisionList) { l.MeterNo = ptr(int32(99)) }, 0},
			"action":         {func(l *reader.DecisionList) { l.Action = ptr(dsm.ActionLoadShift) }, 9},
			"other action":   {func(l *reader.DecisionList) { l.Action = ptr(dsm.ActionNone) }, 0},
			"reason":         {func(l *reader.DecisionList) { l.Reason, l.MeterNo = ptr(dsm.ReasonPriceSpread), &tw.meters[0].MeterNo }, 3},
			"from inclusive": {func(l *reader.DecisionList) { l.From = day + 48 }, 6},
			"to exclusive":   {func(l *reader.DecisionList) { l.To = day + 48 }, 3},
			"shadow":         {func(l *reader.DecisionList) { l.Shadow = true }, 0},
		} {
			list := every
			c.narrow(&list)
			found, err := s.ListDecisions(ctx, list)
			require.NoError(t, err, name)
			require.Len(t, found, c.n, name)
		}

		issued, err := s.DecisionsIssued(ctx, 3, day+24)
		require.NoError(t, err)
		require.Len(t, issued, 3)
		_, _, err = s.DecisionByID(ctx, uuid.New())
		require.ErrorIs(t, err, reader.ErrNotFound)

		last, err := s.LastDecisions(ctx, 3, day+72)
		require.NoError(t, err)
		require.Len(t, last, 2*3)
		require.Equal(t, []meter.Hour{day + 24, day + 48}, []meter.Hour{last[0].IssuedAt, last[5].IssuedAt})
		require.Equal(t, want.Plan, last[5].Plan)
	})
}

func ids(d []decisions.Row) (ids []uuid.UUID) {
	for i := range d {
		ids = append(ids, d[i].ID)
	}
	return ids
}

func ptr[T any](v T) *T { return &v }

// requireSameDecision compares NaN as equal.
func requireSameDecision(t *testing.T, want, got decisions.Row) {
	t.Helper()
	require.Equal(t, fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got))
}

// A decision written with INSERT must be the one written with COPY.
func TestDecisionsAreTheSameByCopyAndInsert(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		none := decisions.Row{MeterNo: tw.meters[0].MeterNo, Provenance: tw.prov, HeldTo: day + 223, Decision: dsm.Decision{
			ID: uuid.New(), Meter: "a", IssuedAt: day + 200, ValidFrom: day + 200, ValidTo: day + 223, ActionableFrom: day + 200,
			SupersededEnergy: nan(), SupersededDemand: nan(),
			Reason: dsm.ReasonStaleInput, CapKW: nan(), PriceThresh: nan(), PARBefore: nan(), PARAfter: nan(),
			LastReading: meter.NoHour, Stale: true,
		}}
		about := shiftDecision(tw.meters[2], day+201, tw.prov)
		behind := shiftDecision(tw.meters[2], day+202, tw.prov)
		behind.Items = []dsm.PlanItem{
			{Action: dsm.ActionLoadShift, Saving: 0.05, Plan: behind.Plan},
			{Action: dsm.ActionEVCharge, Saving: 0.1, Plan: behind.Plan[:3:3], AtOnce: []float32{1, 2, 3}},
			{Action: dsm.ActionBattery, Saving: 0.15, Plan: behind.Plan[:2:2], Value: []float32{0.3, 0.2}},
		}
		writers := []store{s}
		if !s.one { // whose writer inserts
			inserting, err := writer.Open(t.Context(), s.url, timescale.Options{InsertOnly: true})
			require.NoError(t, err)
			t.Cleanup(inserting.Close)
			other := s
			other.DB = inserting
			writers = append(writers, other)
		}
		for _, s := range writers {
			b := tw.batch(1)
			none.ID, about.ID, behind.ID = uuid.New(), uuid.New(), uuid.New()
			decided(b, none, about, behind)
			tw.commit(t, s, b)
			for _, want := range []decisions.Row{none, about, behind} {
				got, _, err := s.DecisionByID(t.Context(), want.ID)
				require.NoError(t, err)
				requireSameDecision(t, want, got)
			}
		}
		size := s.count(t, `SELECT max(pg_column_size(d.*)) FROM decisions d WHERE items IS NULL`)
		t.Logf("a decision takes up to %d bytes, a forecast %d", size, s.count(t, `SELECT max(pg_column_size(f.*)) FROM forecasts f`))
		require.LessOrEqual(t, size, 400)
	})
}

func TestMeterQueries(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		// d fell silent a day ago; e lacks hours; f never reported.
		late, err := s.EnsureMeters(ctx, 3, []twin.MeterKey{{Name: "d_1", Group: "south"}, {Name: "d%2", Group: "south"}, {Name: "f", Group: "south"}})
		require.NoError(t, err)
		b := tw.batch(1)
		b.Newest = []twin.NewestReading{{MeterNo: late[0].MeterNo, Hour: day + 50, KWh: 3, Stored: 1}, {MeterNo: late[1].MeterNo, Hour: day + 95, KWh: -2, Stored: 1}}
		b.New.Append(late[1].MeterNo, day+95, -2, twin.Measured)
		tw.commit(t, s, b)

		names := func(f reader.MeterFilter) (names []string) {
			t.Helper()
			if f.Limit == 0 {
				f.Limit = 100
			}
			found, err := s.Meters(ctx, f)
			require.NoError(t, err)
			for _, m := range found {
				names = append(names, m.Name)
			}
			return names
		}
		require.Equal(t, []string{"a", "b", "c", "d%2", "d_1", "f"}, names(reader.MeterFilter{}))
		require.Equal(t, []string{"d_1"}, names(reader.MeterFilter{Prefix: "d_"}), "a prefix is not a pattern")
		require.Equal(t, []string{"a", "b"}, names(reader.MeterFilter{Group: ptr("north")}))
		require.Equal(t, []string{"c"}, names(reader.MeterFilter{Group: ptr("")}))
		require.Equal(t, []string{"d_1", "f"}, names(reader.MeterFilter{Status: reader.StatusStale}))
		require.Equal(t, []string{"d%2"}, names(reader.MeterFilter{Status: reader.StatusGap}))
		require.Equal(t, []string{"a", "b", "c"}, names(reader.MeterFilter{Status: reader.StatusOK}))
		var sorts []reader.MeterSort
		for _, by := range []reader.MeterSort{reader.SortName, reader.SortGroup, reader.SortLoad, reader.SortNewest, reader.SortReadings, reader.SortMissing} {
			sorts = append(sorts, by, by.Desc())
		}
		for _, sort := range sorts {
			var paged []string
			f := reader.MeterFilter{Sort: sort, Limit: 1}
			for {
				page, err := s.Meters(ctx, f)
				require.NoError(t, err)
				if len(page) == 0 {
					break
				}
				paged = append(paged, page[0].Name)
				f.After = ptr(page[0].Cursor(sort))
			}
			require.Equal(t, names(reader.MeterFilter{Sort: sort}), paged, sort)
			require.Equal(t, paged[2:4], names(reader.MeterFilter{Sort: sort, Offset: 2, Limit: 2}), sort)
		}
		for want, f := range map[int]reader.MeterFilter{6: {}, 2: {Group: ptr("north"), Limit: 1}, 3: {Status: reader.StatusOK, Sort: reader.SortLoad}, 0: {Contains: "nobody"}} {
			n, err := s.CountMeters(ctx, f)
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
		require.Equal(t, []string{"f", "d%2", "a", "b", "c", "d_1"}, names(reader.MeterFilter{Sort: reader.SortLoad}))
		_, err = s.Meters(ctx, reader.MeterFilter{Sort: "colour", Limit: 1})
		require.ErrorIs(t, err, reader.ErrBadQuery)

		days, err := s.LastDays(ctx, []int32{tw.meters[1].MeterNo, late[1].MeterNo})
		require.NoError(t, err)
		require.Len(t, days[tw.meters[1].MeterNo], 24)
		require.Equal(t, load(1, day+95), days[tw.meters[1].MeterNo][23])
		few := days[late[1].MeterNo]
		require.Len(t, few, 24)
		require.Equal(t, float32(-2), few[23])
		require.True(t, math.IsNaN(float64(few[0])))

		m, err := s.MeterByName(ctx, "b", 0)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), m.FirstSeen, time.Hour)
		m.FirstSeen = time.Time{}
		require.Equal(t, reader.Meter{MeterRef: tw.meters[1], LastHour: day + 95, LastKWh: load(1, day+95), Readings: 92, Watermark: day + 95, Status: reader.StatusOK}, m)
		_, err = s.MeterByName(ctx, "nobody", 0)
		require.ErrorIs(t, err, reader.ErrNotFound)
	})
}

func TestForecastQueries(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		no := tw.meters[1].MeterNo

		newest, err := s.MeterForecasts(ctx, no, day, day+240, false, 1)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(flatForecast(no, day+72, 3)), fmt.Sprint(newest[0]))
		between, err := s.MeterForecasts(ctx, no, day+24, day+72, false, 10)
		require.NoError(t, err)
		require.Len(t, between, 2)

		// One that is issued again within the day is kept apart.
		again := flatForecast(no, day+78, 9)
		again.DayAhead = false
		b := tw.batch(1)
		b.Forecasts = []twin.Forecast{again}
		tw.commit(t, s, b)
		newest, err = s.MeterForecasts(ctx, no, day, day+240, false, 1)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(again), fmt.Sprint(newest[0]))
		newest, err = s.MeterForecasts(ctx, no, day, day+240, true, 1)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(flatForecast(no, day+72, 3)), fmt.Sprint(newest[0]))
	})
}

func TestNewest(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		before, err := s.Newest(t.Context())
		require.NoError(t, err)
		require.Equal(t, reader.Newest{Decision: meter.NoHour}, before)

		tw := newSmall(t, s)
		newest, err := s.Newest(t.Context())
		require.NoError(t, err)
		require.Equal(t, reader.Newest{ForecastMeters: 3, Decision: day + 72}, newest)

		// One partition is a day ahead: the meters of the others still count.
		b := tw.batch(1)
		b.Forecasts = []twin.Forecast{flatForecast(tw.meters[0].MeterNo, day+96, 2)}
		b.Counts.Forecasts = 1
		tw.commit(t, s, b)
		newest, err = s.Newest(t.Context())
		require.NoError(t, err)
		require.Equal(t, 3, newest.ForecastMeters)
	})
}

// Forecasts are judged beside the week before, hour by hour, where all three are
// known.
func TestSkill(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		const issued = day + 192
		b := tw.batch(72)
		for h := issued; h < issued+24; h++ {
			smallHour(b, tw.partition, h)
		}
		for i, m := range tw.meters {
			b.Forecasts = append(b.Forecasts, flatForecast(m.MeterNo, issued, float32(i)+1.5))
		}
		again := flatForecast(tw.meters[0].MeterNo, issued-1, 5) // not what the day is judged by
		again.DayAhead = false
		b.Forecasts = append(b.Forecasts, again)
		b.Counts.Forecasts = 4
		tw.commit(t, s, b)

		whole, err := s.NewestWholeIssue(ctx, issued+22)
		require.NoError(t, err)
		require.Equal(t, day+72, whole)
		whole, err = s.NewestWholeIssue(ctx, issued+23)
		require.NoError(t, err)
		require.Equal(t, issued, whole)

		var hours int
		var off float64
		for i := range tw.meters {
			for h := issued; h < issued+24; h++ {
				gap := i == 1 && h-168 >= gapFrom && h-168 < gapTo
				if h == issued+3 || gap {
					continue
				}
				hours++
				off += math.Abs(float64(load(i, h) - float32(i) - 1.5))
			}
		}
		skill, err := s.SkillOf(ctx, issued)
		require.NoError(t, err)
		require.Equal(t, 3*23-4, skill.Hours)
		require.Equal(t, hours, skill.Hours)
		require.InDelta(t, off/float64(hours), skill.Error, 1e-5)
		require.InDelta(t, 1.68, skill.Naive, 1e-5)

		none, err := s.SkillOf(ctx, day+24)
		require.NoError(t, err)
		require.Equal(t, reader.Skill{IssuedAt: day + 24}, none)
	})
}

func TestGroupsSummaryAndQuarantine(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		before, err := s.Summary(t.Context())
		require.NoError(t, err)
		require.Equal(t, timescale.Summary{LeastWatermark: meter.NoHour, GreatestWatermark: meter.NoHour}, before)

		tw := newSmall(t, s)
		ctx := t.Context()
		groups, err := s.Groups(ctx)
		require.NoError(t, err)
		require.Len(t, groups, 2)
		require.Equal(t, "", groups[0].Name)
		north, err := s.GroupByName(ctx, "north")
		require.NoError(t, err)
		require.Equal(t, groups[1], north)
		require.Equal(t, 2, north.Reported)
		require.InDelta(t, load(0, day+95)+load(1, day+95), north.LastKWh, 1e-5)
		_, err = s.GroupByName(ctx, "nowhere")
		require.ErrorIs(t, err, reader.ErrNotFound)
		loads, err := s.GroupLoadAt(ctx, 3, gapFrom)
		require.NoError(t, err)
		require.Len(t, loads, 2)
		require.Equal(t, int32(1), loads[1].Meters, "b has no reading in the gap")

		// A partition that lags holds the least watermark back.
		other := take(t, s, 5, twin.MeterKey{Name: "z", Group: ""})
		b := other.batch(1)
		other.fill(b, day+10, 1)
		b.GroupTotals = []twin.GroupTotal{{GroupNo: 0, Hour: day + 10, KWh: 100, Meters: 1, FedIn: 0}}
		other.commit(t, s, b)
		sum, err := s.Summary(ctx)
		require.NoError(t, err)
		require.Equal(t, day+10, sum.LeastWatermark)
		require.Equal(t, day+95, sum.GreatestWatermark)
		require.InDelta(t, 100+load(0, day+10)+load(1, day+10)+load(2, day+10), sum.LoadKWh, 1e-5)
		require.Equal(t, []int{4, 1, 4}, []int{sum.Meters, sum.Groups, sum.Reported})
		require.Equal(t, int64(281), sum.Totals.In)
		progress, err := s.Progress(ctx)
		require.NoError(t, err)
		require.Len(t, progress, 2)
		require.Equal(t, int64(280), progress[0].NextOffset)

		quarantine := func(f reader.QuarantineFilter) reader.Quality {
			found, err := s.Quality(ctx, reader.QualityQuery{Quarantine: f})
			require.NoError(t, err)
			require.Equal(t, map[string]int64{"bad_kwh": 4}, found.Reasons, "whatever is picked")
			require.Empty(t, found.Suspects)
			return found
		}
		page := quarantine(reader.QuarantineFilter{Limit: 3}).Messages
		require.Len(t, page, 3)
		rest := quarantine(reader.QuarantineFilter{Limit: 3, After: ptr(page[2].Cursor())}).Messages
		require.Len(t, rest, 1)
		require.Equal(t, int64(0), rest[0].Offset, "newest first")
		require.Empty(t, quarantine(reader.QuarantineFilter{Reason: "malformed", Limit: 3}).Messages)
		between, err := s.QuarantinedBetween(ctx, tw.no, 1, 2)
		require.NoError(t, err)
		require.Len(t, between, 2)
		require.Equal(t, twin.RejectedMessage{Offset: 1, Reason: "bad_kwh", Detail: "x", Key: []byte("a"), Value: []byte("v")}, between[0])
	})
}

// A search finds names in any case of any script, and takes no character for a pattern.
func TestMetersAreFoundInAnyCase(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		take(t, s, 0, twin.MeterKey{Name: "école-1"}, twin.MeterKey{Name: "ÉCOLE-2"}, twin.MeterKey{Name: "Straße.3"}, twin.MeterKey{Name: "ДОМ(4)"}, twin.MeterKey{Name: `a\b_%[5]`})
		for search, want := range map[string][]string{
			"É": {"ÉCOLE-2", "école-1"}, "éCOLE": {"ÉCOLE-2", "école-1"}, "дом(": {"ДОМ(4)"}, "E.3": {"Straße.3"}, ".": {"Straße.3"},
			`A\B`: {`a\b_%[5]`}, "_%[": {`a\b_%[5]`}, "|": nil, "e|o": nil, "ẞe": {"Straße.3"}, "$": nil, "^": nil, "-": {"ÉCOLE-2", "école-1"},
		} {
			found, err := s.Meters(t.Context(), reader.MeterFilter{Contains: search, Limit: 10})
			require.NoError(t, err, search)
			var names []string
			for _, m := range found {
				names = append(names, m.Name)
			}
			require.ElementsMatch(t, want, names, search)
		}
	})
}
