package timescale_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/reader"
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
// has a second revision.
func (tw small) settleSmall(t *testing.T) {
	t.Helper()
	var settled []decisions.Settled
	for i, m := range tw.meters {
		first := decisions.Settled{ID: shiftDecision(m, day+24, 0).ID, IssuedAt: day + 24, Method: decisions.SettledSimulated, Saving: float32(i + 1), KWhShifted: 2, CO2Kg: nan()}
		second := decisions.Settled{ID: shiftDecision(m, day+48, 0).ID, IssuedAt: day + 48, Method: decisions.SettledEstimated, Saving: float32(10 - i), KWhShifted: 2, CO2Kg: nan()}
		if m.Name == "b" {
			second.Saving, second.KWhShifted = nan(), nan()
		}
		settled = append(settled, first, second)
	}
	require.NoError(t, tw.Settle(t.Context(), settled))
	_, err := tw.Pool.Exec(t.Context(), `INSERT INTO realised (decision_id, issued_at, revision, method, kwh_shifted, saving, co2_kg)
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
		all := reader.Outcomes{Plans: 5, First: day + 24, Last: day + 72, KWhShifted: 4 + 2 + 2 + 2 + 2, Promised: 1, Realised: 3 + 2 + 3 + 10 + 8, Estimated: 18, CO2Kg: 0.75, CO2Plans: 1}
		first := reader.Outcomes{Plans: 3, First: day + 24, Last: day + 48, KWhShifted: 8, Promised: 0.6, Realised: 8, CO2Kg: 0.75, CO2Plans: 1}
		second := reader.Outcomes{Plans: 2, First: day + 48, Last: day + 72, KWhShifted: 4, Promised: 0.4, Realised: 18, Estimated: 18}
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
				at(reader.Outcomes{Plans: 3, First: day + 24, Last: day + 72, KWhShifted: 8, Promised: 0.6, Realised: 15, Estimated: 10, CO2Kg: 0.75, CO2Plans: 1}, day),
			}},
			"meter": {reader.OutcomeQuery{Scope: reader.Scope{MeterNo: c}, From: day, To: end}, []reader.Outcomes{
				at(reader.Outcomes{Plans: 2, First: day + 24, Last: day + 72, KWhShifted: 4, Promised: 0.4, Realised: 11, Estimated: 8}, day),
			}},
			"from is inclusive, to is not": {reader.OutcomeQuery{From: day + 24, To: day + 48}, []reader.Outcomes{at(first, day+24)}},
			"after the first issue":        {reader.OutcomeQuery{From: day + 25, To: day + 49}, []reader.Outcomes{at(second, day+25)}},
			"none":                         {reader.OutcomeQuery{From: day + 25, To: day + 48}, nil},
			"not yet settled":              {reader.OutcomeQuery{From: day + 72, To: end}, nil},
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
		_, err := s.Outcomes(ctx, reader.OutcomeQuery{From: day, To: end, Unit: "year"})
		require.ErrorIs(t, err, reader.ErrBadQuery)
		_, err = s.Outcomes(ctx, reader.OutcomeQuery{From: day, To: end, Unit: reader.Days, Zone: "Mars/Olympus"})
		require.ErrorIs(t, err, reader.ErrBadQuery)
	})
}
