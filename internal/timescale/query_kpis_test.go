package timescale_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

func TestMeteredHours(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		north, b, c := &tw.meters[0].GroupNo, &tw.meters[1].MeterNo, &tw.meters[2].MeterNo
		batch := tw.batch(1)
		batch.New.Append(*c, day+96, -2, twin.Measured)
		batch.GroupTotals = []twin.GroupTotal{{GroupNo: *north, Hour: day + 96, KWh: 3, Meters: 2, FedIn: 0}, {GroupNo: 0, Hour: day + 96, KWh: -2, Meters: 1, FedIn: 2}}
		tw.commit(t, s, batch)
		// As rows were before what is fed in was counted.
		_, err := s.Pool.Exec(ctx, `UPDATE group_load SET fed_in = NULL WHERE group_no = 0 AND ts = $1`, (day + 95).Time())
		require.NoError(t, err)

		for name, q := range map[string]struct {
			scope    reader.Scope
			from, to meter.Hour
			want     []reader.MeteredHour
		}{
			"all": {reader.Scope{}, day + 94, day + 97, []reader.MeteredHour{
				{Hour: day + 94, KWh: float64(load(0, day+94)) + float64(load(1, day+94)) + float64(load(2, day+94)), FedIn: 0},
				{Hour: day + 95, KWh: float64(load(0, day+95)) + float64(load(1, day+95)) + float64(load(2, day+95)), FedIn: math.NaN()},
				{Hour: day + 96, KWh: 1, FedIn: 2},
			}},
			"group": {reader.Scope{GroupNo: north}, day + 95, day + 97, []reader.MeteredHour{
				{Hour: day + 95, KWh: float64(load(0, day+95)) + float64(load(1, day+95)), FedIn: 0}, {Hour: day + 96, KWh: 3, FedIn: 0},
			}},
			"meters outside groups":      {reader.Scope{GroupNo: new(int32)}, day + 96, day + 97, []reader.MeteredHour{{Hour: day + 96, KWh: -2, FedIn: 2}}},
			"meter that feeds in":        {reader.Scope{MeterNo: c}, day + 95, day + 98, []reader.MeteredHour{{Hour: day + 95, KWh: float64(load(2, day+95)), FedIn: 0}, {Hour: day + 96, KWh: -2, FedIn: 2}}},
			"hours without are left out": {reader.Scope{MeterNo: b}, gapFrom - 1, gapTo + 1, []reader.MeteredHour{{Hour: gapFrom - 1, KWh: float64(load(1, gapFrom-1)), FedIn: 0}, {Hour: gapTo, KWh: float64(load(1, gapTo)), FedIn: 0}}},
			"nothing":                    {reader.Scope{}, day + 200, day + 300, nil},
		} {
			got, err := s.MeteredHours(ctx, q.scope, q.from, q.to)
			require.NoError(t, err, name)
			require.Len(t, got, len(q.want), name)
			for i, w := range q.want {
				require.Equal(t, w.Hour, got[i].Hour, name)
				require.InDelta(t, w.KWh, got[i].KWh, 1e-9, name)
				require.Equal(t, math.IsNaN(w.FedIn), math.IsNaN(got[i].FedIn), name)
				if !math.IsNaN(w.FedIn) {
					require.InDelta(t, w.FedIn, got[i].FedIn, 1e-9, name)
				}
			}
		}
	})
}

// settleSmall settles the plans of two days: those of day+24 as simulated, those
// of day+48 as estimated, of which one could not be computed. One of the first
// is settled again after a correction.
func (tw small) settleSmall(t *testing.T) {
	t.Helper()
	place := map[int32]int{}
	for i, m := range tw.meters {
		place[m.MeterNo] = i
	}
	settleBy(t, tw.store, writer.Settling{Settle: func(open []writer.Unsettled) (out []decisions.Settled) {
		for _, u := range open {
			i := place[u.MeterNo]
			s := decisions.Settled{
				ID: u.ID, IssuedAt: u.IssuedAt, Corrections: u.Corrections, Method: decisions.SettledSimulated, SavingEnergy: float32(i + 1), SavingDemand: 0.5,
				KWhShifted: 2, CO2Kg: nan(), PeakWithout: nan(), PeakWith: nan(),
			}
			if u.IssuedAt == day+48 {
				s.Method, s.SavingEnergy, s.SavingDemand = decisions.SettledEstimated, float32(10-i), nan()
				if u.Meter == "b" {
					s.SavingEnergy, s.KWhShifted = nan(), nan()
				}
			}
			out = append(out, s)
		}
		return out
	}})
	_, err := tw.Pool.Exec(t.Context(), `INSERT INTO reading_revisions (ts, meter_no, stream_offset, old_kwh) VALUES ($1, $2, 1, 1)`,
		(day + 30).Time(), tw.meters[0].MeterNo)
	require.NoError(t, err)
	n, err := tw.SettleCorrected(t.Context(), writer.Settling{Settle: func(open []writer.Unsettled) (out []decisions.Settled) {
		for _, u := range open {
			out = append(out, decisions.Settled{
				ID: u.ID, IssuedAt: u.IssuedAt, Corrections: u.Corrections, Method: decisions.SettledSimulated,
				KWhShifted: 4, SavingEnergy: 3, SavingDemand: -1, CO2Kg: 0.75, PeakWithout: nan(), PeakWith: nan(),
			})
		}
		return out
	}})
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// The sums that are kept say what the decisions of the meters say, however far they are.
func TestOutcomesOfMetersAddUp(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		ask := func(scope reader.Scope) map[string]reader.Outcomes {
			found, err := s.Outcomes(ctx, reader.OutcomeQuery{Scope: scope, From: day, To: day + 96, Now: day + 96, Unit: reader.Days})
			require.NoError(t, err)
			days := map[string]reader.Outcomes{}
			for _, o := range found {
				days[o.Start.UTC().String()] = o
			}
			return days
		}
		check := func(when string) {
			t.Helper()
			sums := map[string]reader.Outcomes{}
			for i := range tw.meters {
				for start, o := range ask(reader.Scope{MeterNo: &tw.meters[i].MeterNo}) {
					sum := sums[start]
					sum.Plans += o.Plans
					sum.KWhShifted += o.KWhShifted
					sum.Promised.Energy += o.Promised.Energy
					sum.Realised.Energy += o.Realised.Energy
					sum.CO2Plans += o.CO2Plans
					sums[start] = sum
				}
			}
			twin := ask(reader.Scope{})
			require.Len(t, twin, len(sums), when)
			for start, sum := range sums {
				o := twin[start]
				require.Equal(t, []int64{sum.Plans, sum.CO2Plans}, []int64{o.Plans, o.CO2Plans}, when)
				require.InDeltaSlice(t, []float64{sum.KWhShifted, sum.Promised.Energy, sum.Realised.Energy},
					[]float64{o.KWhShifted, o.Promised.Energy, o.Realised.Energy}, 1e-6, when)
			}
		}
		kept := func() int { return s.count(t, `SELECT coalesce(sum(plans), 0)::int FROM outcome_totals`) }

		check("before anything is settled")
		require.Zero(t, kept())
		tw.settleSmall(t)
		check("settled, and settled again after a correction")
		require.NotZero(t, kept())

		before := kept()
		_, err := s.Pool.Exec(ctx, `DELETE FROM outcome_totals; UPDATE settling SET summed_to = '-infinity'`)
		require.NoError(t, err)
		check("settled by a version without sums")
		settleAll(t, s)
		require.Equal(t, before, kept())
		check("summed up afterwards")

		_, err = s.Pool.Exec(ctx, `UPDATE settling SET summed_to = summed_to - interval '1 day'`)
		require.NoError(t, err)
		check("settled in part by a version without sums")
		settleAll(t, s)
		check("summed up afterwards, over what was kept")
		require.Equal(t, before, kept())
	})
}

func TestOutcomes(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		tw.settleSmall(t)
		ctx := t.Context()
		north, c := &tw.meters[0].GroupNo, &tw.meters[2].MeterNo
		const end = day + 96
		// Each plan promises 0.15 on energy and 0.05 on demand.
		outcomes := func(plans int64, energy, demand, estimated, shifted float64) reader.Outcomes {
			o := reader.Outcomes{Plans: plans, Days: 1, SettledDays: 1, First: day + 24, Last: day + 48, KWhShifted: shifted,
				Promised: reader.Saving{Energy: 0.15 * float64(plans), Demand: 0.05 * float64(plans)}, Realised: reader.Saving{Energy: energy, Demand: demand}, Estimated: estimated}
			return o
		}
		first := outcomes(3, 8, -1+0.5+0.5, 0, 8)
		first.CO2Kg, first.CO2Plans = 0.75, 1
		second := outcomes(2, 18, math.NaN(), 18, 4)
		second.First, second.Last, second.Estimates = day+48, day+72, 2
		all := outcomes(5, 26, 0, 18, 12)
		all.Days, all.SettledDays, all.Last, all.Estimates, all.CO2Kg, all.CO2Plans = 2, 2, day+72, 2, 0.75, 1
		ofNorth := outcomes(3, 15, -0.5, 10, 8)
		ofNorth.Days, ofNorth.SettledDays, ofNorth.Last, ofNorth.Estimates, ofNorth.CO2Kg, ofNorth.CO2Plans = 2, 2, day+72, 1, 0.75, 1
		ofC := outcomes(2, 11, 0.5, 8, 4)
		ofC.Days, ofC.SettledDays, ofC.Last, ofC.Estimates = 2, 2, day+72, 1
		open := reader.Outcomes{Days: 1, First: meter.NoHour, Last: meter.NoHour, Promised: reader.Saving{Demand: math.NaN()}, Realised: reader.Saving{Demand: math.NaN()}}
		at := func(o reader.Outcomes, start meter.Hour) reader.Outcomes { o.Start = start.Time(); return o }
		for name, c := range map[string]struct {
			q    reader.OutcomeQuery
			want []reader.Outcomes
		}{
			"all in one": {reader.OutcomeQuery{From: day + 1, To: end}, []reader.Outcomes{at(all, day+1)}},
			"by day":     {reader.OutcomeQuery{From: day, To: end, Unit: reader.Days}, []reader.Outcomes{at(first, day+24), at(second, day+48)}},
			// Midnight of UTC is 19:00 of the day before in New York.
			"by a local day": {reader.OutcomeQuery{From: day, To: end, Unit: reader.Days, Zone: "America/New_York"}, []reader.Outcomes{at(first, day+5), at(second, day+29)}},
			"by month":       {reader.OutcomeQuery{From: day, To: end, Unit: reader.Months}, []reader.Outcomes{at(all, day)}},
			"group": {reader.OutcomeQuery{Scope: reader.Scope{GroupNo: north}, From: day, To: end}, []reader.Outcomes{
				at(ofNorth, day),
			}},
			"meter": {reader.OutcomeQuery{Scope: reader.Scope{MeterNo: c}, From: day, To: end}, []reader.Outcomes{
				at(ofC, day),
			}},
			"from is inclusive, to is not": {reader.OutcomeQuery{From: day + 24, To: day + 48}, []reader.Outcomes{at(first, day+24)}},
			"after the first issue":        {reader.OutcomeQuery{From: day + 25, To: day + 49}, []reader.Outcomes{at(second, day+25)}},
			"none":                         {reader.OutcomeQuery{From: day + 25, To: day + 48}, nil},
			"not over yet":                 {reader.OutcomeQuery{From: day + 72, To: end}, nil},
			"over, and not settled":        {reader.OutcomeQuery{From: day + 72, To: end, Now: end}, []reader.Outcomes{at(open, day+72)}},
		} {
			if c.q.Now == 0 {
				c.q.Now = end - 1
			}
			got, err := s.Outcomes(ctx, c.q)
			require.NoError(t, err, name)
			require.Len(t, got, len(c.want), name)
			for i, w := range c.want {
				g := got[i]
				require.Equal(t, w.Start, g.Start.UTC(), name)
				for _, of := range [][2]float64{
					{w.Promised.Energy, g.Promised.Energy}, {w.Promised.Demand, g.Promised.Demand}, {w.Realised.Demand, g.Realised.Demand},
				} {
					require.Equal(t, math.IsNaN(of[0]), math.IsNaN(of[1]), name)
					if of[0] == of[0] {
						require.InDelta(t, of[0], of[1], 1e-6, name)
					}
				}
				g.Start, g.Promised, g.Realised.Demand = w.Start, w.Promised, 0
				w.Realised.Demand = 0
				if w.Promised.Demand != w.Promised.Demand {
					w.Promised.Demand, g.Promised.Demand = 0, 0
				}
				require.Equal(t, w, g, name)
			}
		}
		_, err := s.Outcomes(ctx, reader.OutcomeQuery{From: day, To: end, Unit: "year"})
		require.ErrorIs(t, err, reader.ErrBadQuery)
		_, err = s.Outcomes(ctx, reader.OutcomeQuery{From: day, To: end, Unit: reader.Days, Zone: "Mars/Olympus"})
		require.ErrorIs(t, err, reader.ErrBadQuery)
	})
}
