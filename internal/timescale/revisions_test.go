package timescale_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
)

// revisionOf is a decision that changes the last hours of another one's plan.
func revisionOf(d decisions.Row, issued, from meter.Hour, kwh float32) decisions.Row {
	n := int(d.ValidTo - from)
	d.Supersedes, d.ID = d.ID, uuid.NewSHA1(d.ID, []byte(issued.String()))
	d.IssuedAt, d.ValidFrom, d.ActionableFrom, d.HeldTo = issued, from, from, d.ValidTo
	d.SupersededEnergy, d.SupersededDemand = 0.05, 0.01
	d.Plan = make([]float32, n)
	d.Plan[n-1], d.Plan[n-2] = kwh, -kwh
	return d
}

// A plan holds until another decision supersedes it: lists, planned load, settlement and
// key figures count each hour once.
func TestRevisions(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		first := shiftDecision(tw.meters[0], day+24, tw.prov)
		second := revisionOf(first, day+30, day+36, 2)
		third := revisionOf(second, day+36, day+42, 3)
		none := revisionOf(shiftDecision(tw.meters[1], day+24, tw.prov), day+24, day+24, 1) // before the first hour
		none.Action, none.Plan, none.SavingEnergy, none.SavingDemand = dsm.ActionNone, nil, 0, 0
		b := tw.batch(1)
		decided(b, second, third, none)
		for i, was := range [][]float32{first.Plan[12:], second.Plan[6:], shiftDecision(tw.meters[1], day+24, tw.prov).Plan} {
			b.Decisions[i].Superseded = was
		}
		tw.commit(t, s, b)
		first.HeldTo, second.HeldTo = day+36, day+42

		no := tw.meters[0].MeterNo
		list := reader.DecisionList{MeterNo: &no, From: day + 24, To: day + 48, Limit: 10}
		found, err := s.ListDecisions(ctx, list)
		require.NoError(t, err)
		require.Equal(t, []uuid.UUID{third.ID, second.ID, first.ID}, ids(found), "what is in force comes first")
		for i, want := range []decisions.Row{third, second, first} {
			requireSameDecision(t, want, found[i])
		}
		list.InForce = true
		found, err = s.ListDecisions(ctx, list)
		require.NoError(t, err)
		require.Equal(t, []uuid.UUID{third.ID}, ids(found))
		list.InForce = false
		for now, want := range map[meter.Hour]uuid.UUID{day + 35: first.ID, day + 36: second.ID, day + 41: second.ID, day + 42: third.ID} {
			list.Status, list.Now = "active", now
			found, err = s.ListDecisions(ctx, list)
			require.NoError(t, err)
			require.Equal(t, []uuid.UUID{want}, ids(found), "at %s", now)
		}
		history, err := s.DecisionHistory(ctx, &second)
		require.NoError(t, err)
		require.Equal(t, []uuid.UUID{third.ID, second.ID, first.ID}, ids(history))

		requireTotals(t, s)
		_, err = s.Pool.Exec(ctx, `DELETE FROM plan_totals`)
		require.NoError(t, err)
		_, err = s.Pool.Exec(ctx, `DELETE FROM forecast_totals`)
		require.NoError(t, err)
		_, err = s.TakePartition(ctx, tw.no, "another owner")
		require.NoError(t, err)
		requireTotals(t, s)
		planned, err := s.PlannedChange(ctx, nil, day+24, day+48)
		require.NoError(t, err)
		require.Len(t, planned, 24)
		// Of the first plans of all meters 1.25 in hour 2, and of the third one's alone −1.25 in hour 18.
		require.InDelta(t, 2*1.25, planned[2].KWh, 1e-6, "that of the second meter never held")
		require.InDelta(t, -1.25, planned[18].KWh, 1e-6)
		require.InDelta(t, -3, planned[22].KWh, 1e-6)
		require.InDelta(t, 3, planned[23].KWh, 1e-6)

		plan, err := s.MeterPlan(ctx, no, day+24, day+48)
		require.NoError(t, err)
		require.Len(t, plan, 24)
		for i, v := range plan {
			want := first.Plan[i]
			if i >= 18 {
				want = third.Plan[i-18]
			} else if i >= 12 {
				want = second.Plan[i-12]
			}
			require.Equal(t, reader.HourValue{Hour: day + 24 + meter.Hour(i), KWh: want}, v)
		}
		plan, err = s.MeterPlan(ctx, no, day+40, day+44)
		require.NoError(t, err)
		require.Len(t, plan, 4)
		plan, err = s.MeterPlan(ctx, tw.meters[1].MeterNo, day+24, day+48)
		require.NoError(t, err)
		require.Empty(t, plan, "it was withdrawn before its first hour")

		hours := map[uuid.UUID]int{}
		settleBy(t, s, writer.Settling{Followed: true, Settle: func(open []writer.Unsettled) []decisions.Settled {
			for _, u := range open {
				hours[u.ID] = len(u.Actual)
				if len(u.Actual) != len(u.Expected) {
					t.Errorf("%d hours measured, %d forecast", len(u.Actual), len(u.Expected))
				}
			}
			return saving(1)(open)
		}})
		require.Equal(t, []int{12, 6, 6}, []int{hours[first.ID], hours[second.ID], hours[third.ID]})
		require.Contains(t, hours, none.ID, "what withdraws a plan is settled too")
		require.Zero(t, hours[none.Supersedes])

		out, err := s.Outcomes(ctx, reader.OutcomeQuery{Scope: reader.Scope{MeterNo: &no}, From: day + 24, To: day + 48, Now: day + 96, Unit: reader.Hours})
		require.NoError(t, err)
		require.Len(t, out, 1)
		require.EqualValues(t, 1, out[0].Plans, "one plan, revised twice")
		require.EqualValues(t, 1, out[0].SettledDays)
		require.InDelta(t, 3*.15-2*.05, out[0].Promised.Energy, 1e-6)
		require.InDelta(t, 3*.05-2*.01, out[0].Promised.Demand, 1e-6)
		require.InDelta(t, 3, out[0].Realised.Energy, 1e-6)
	})
}
