package timescale

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
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
		_, err := s.pool.Exec(ctx, `UPDATE group_load SET fed_in = NULL WHERE group_no = 0 AND ts = $1`, (day + 95).Time())
		require.NoError(t, err)

		for name, q := range map[string]struct {
			scope    Scope
			from, to meter.Hour
			want     []MeteredHour
		}{
			"all": {Scope{}, day + 94, day + 97, []MeteredHour{
				{day + 94, float64(load(0, day+94)) + float64(load(1, day+94)) + float64(load(2, day+94)), 0},
				{day + 95, float64(load(0, day+95)) + float64(load(1, day+95)) + float64(load(2, day+95)), math.NaN()},
				{day + 96, 1, 2},
			}},
			"group": {Scope{GroupNo: north}, day + 95, day + 97, []MeteredHour{
				{day + 95, float64(load(0, day+95)) + float64(load(1, day+95)), 0}, {day + 96, 3, 0},
			}},
			"meters outside groups":      {Scope{GroupNo: new(int32)}, day + 96, day + 97, []MeteredHour{{day + 96, -2, 2}}},
			"meter that feeds in":        {Scope{MeterNo: c}, day + 95, day + 98, []MeteredHour{{day + 95, float64(load(2, day+95)), 0}, {day + 96, -2, 2}}},
			"hours without are left out": {Scope{MeterNo: b}, gapFrom - 1, gapTo + 1, []MeteredHour{{gapFrom - 1, float64(load(1, gapFrom-1)), 0}, {gapTo, float64(load(1, gapTo)), 0}}},
			"nothing":                    {Scope{}, day + 200, day + 300, nil},
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
// has a second revision.
func (tw small) settleSmall(t *testing.T) {
	t.Helper()
	var settled []Settled
	for i, m := range tw.meters {
		first := Settled{ID: shiftDecision(m, day+24, 0).ID, IssuedAt: day + 24, Method: SettledSimulated, Saving: float32(i + 1), KWhShifted: 2, CO2Kg: nan()}
		second := Settled{ID: shiftDecision(m, day+48, 0).ID, IssuedAt: day + 48, Method: SettledEstimated, Saving: float32(10 - i), KWhShifted: 2, CO2Kg: nan()}
		if m.Name == "b" {
			second.Saving, second.KWhShifted = nan(), nan()
		}
		settled = append(settled, first, second)
	}
	require.NoError(t, tw.Settle(t.Context(), settled))
	_, err := tw.pool.Exec(t.Context(), `INSERT INTO realised (decision_id, issued_at, revision, method, kwh_shifted, saving, co2_kg)
		VALUES ($1, $2, 1, 1, 4, 3, 0.75)`, settled[0].ID, (day + 24).Time())
	require.NoError(t, err)
}

func TestOutcomes(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		tw.settleSmall(t)
		ctx := t.Context()
		north, c := &tw.meters[0].GroupNo, &tw.meters[2].MeterNo
		const end = day + 96
		// Promised is 0.2 for each plan.
		all := Outcomes{Plans: 5, First: day + 24, Last: day + 72, KWhShifted: 4 + 2 + 2 + 2 + 2, Promised: 1, Realised: 3 + 2 + 3 + 10 + 8, Estimated: 18, CO2Kg: 0.75, CO2Plans: 1}
		first := Outcomes{Plans: 3, First: day + 24, Last: day + 48, KWhShifted: 8, Promised: 0.6, Realised: 8, CO2Kg: 0.75, CO2Plans: 1}
		second := Outcomes{Plans: 2, First: day + 48, Last: day + 72, KWhShifted: 4, Promised: 0.4, Realised: 18, Estimated: 18}
		at := func(o Outcomes, start meter.Hour) Outcomes { o.Start = start.Time(); return o }
		for name, c := range map[string]struct {
			q    OutcomeQuery
			want []Outcomes
		}{
			"all in one": {OutcomeQuery{From: day + 1, To: end}, []Outcomes{at(all, day+1)}},
			"by day":     {OutcomeQuery{From: day, To: end, Unit: Days}, []Outcomes{at(first, day+24), at(second, day+48)}},
			// Midnight of UTC is 19:00 of the day before in New York.
			"by a local day": {OutcomeQuery{From: day, To: end, Unit: Days, Zone: "America/New_York"}, []Outcomes{at(first, day+5), at(second, day+29)}},
			"by month":       {OutcomeQuery{From: day, To: end, Unit: Months}, []Outcomes{at(all, day)}},
			"group": {OutcomeQuery{Scope: Scope{GroupNo: north}, From: day, To: end}, []Outcomes{
				at(Outcomes{Plans: 3, First: day + 24, Last: day + 72, KWhShifted: 8, Promised: 0.6, Realised: 15, Estimated: 10, CO2Kg: 0.75, CO2Plans: 1}, day),
			}},
			"meter": {OutcomeQuery{Scope: Scope{MeterNo: c}, From: day, To: end}, []Outcomes{
				at(Outcomes{Plans: 2, First: day + 24, Last: day + 72, KWhShifted: 4, Promised: 0.4, Realised: 11, Estimated: 8}, day),
			}},
			"from is inclusive, to is not": {OutcomeQuery{From: day + 24, To: day + 48}, []Outcomes{at(first, day+24)}},
			"after the first issue":        {OutcomeQuery{From: day + 25, To: day + 49}, []Outcomes{at(second, day+25)}},
			"none":                         {OutcomeQuery{From: day + 25, To: day + 48}, nil},
			"not yet settled":              {OutcomeQuery{From: day + 72, To: end}, nil},
		} {
			got, err := s.Outcomes(ctx, c.q)
			require.NoError(t, err, name)
			require.Len(t, got, len(c.want), name)
			for i, w := range c.want {
				g := got[i]
				require.Equal(t, w.Start, g.Start.UTC(), name)
				require.InDelta(t, w.Promised, g.Promised, 1e-6, name)
				g.Start, g.Promised = w.Start, w.Promised
				require.Equal(t, w, g, name)
			}
		}
		_, err := s.Outcomes(ctx, OutcomeQuery{From: day, To: end, Unit: "year"})
		require.ErrorIs(t, err, ErrBadQuery)
		_, err = s.Outcomes(ctx, OutcomeQuery{From: day, To: end, Unit: Days, Zone: "Mars/Olympus"})
		require.ErrorIs(t, err, ErrBadQuery)
	})
}
