package dsm

import (
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// restOf is the input of a revision of a group's plans from a slot on, at the notice of an
// hour; decisions are those in force, about its meters in order and the group last.
func restOf(in *GroupInput, from int, decisions []Decision) *GroupInput {
	out := *in
	out.Start, out.Slots = in.Start+meter.Hour(from), in.Slots-from
	out.IssuedAt, out.ActionableFrom = out.Start-1, out.Start
	out.Meters = append([]MeterInput(nil), in.Meters...)
	for i := range out.Meters {
		m := &out.Meters[i]
		q := &m.Forecast
		q.P10, q.P50, q.P90 = q.P10[from:], q.P50[from:], q.P90[from:]
		m.LastReading = out.IssuedAt - 1
		m.InForce = InForce{ID: decisions[i].ID}
		if len(decisions[i].Plan) > 0 {
			m.InForce.Before, m.InForce.Plan = decisions[i].Plan[:from], decisions[i].Plan[from:]
		}
	}
	if len(decisions) > len(out.Meters) {
		out.InForce = decisions[len(out.Meters)].ID
	}
	return &out
}

func revise(t *testing.T, policy Policy, in *GroupInput) []Decision {
	t.Helper()
	p, err := NewPlanner(policy, londonCalendar(t), "default/riverside")
	require.NoError(t, err)
	return p.Revise(in, nil)
}

// balance is the first slot from another one on at which a plan owes nothing.
func balance(t *testing.T, policy Policy, of []float32, from int) int {
	t.Helper()
	p, err := NewPlanner(policy, londonCalendar(t), "default/riverside")
	require.NoError(t, err)
	return p.NextBalance(of, from)
}

// The evening is to draw twice as much as was forecast: a revision of the hours after 12:00
// moves more of it.
func TestAPlanIsRevised(t *testing.T) {
	policy := inWindows(dayPolicy())
	in := homes("", evening())
	first := plan(t, policy, in)
	require.Equal(t, 12, balance(t, policy, first[0].Plan, 7), "what is added before 07:00 is taken by 12:00")
	require.Empty(t, revise(t, policy, restOf(in, 12, first)), "nothing has changed")

	later := evening()
	for t := 16; t < 20; t++ {
		later[t] = 8
	}
	changed := homes("", later)
	again := restOf(changed, 12, first)
	got := revise(t, policy, again)
	require.Len(t, got, 1)
	d := got[0]
	require.Equal(t, first[0].ID, d.Supersedes)
	require.NotEqual(t, first[0].ID, d.ID)
	require.Equal(t, []meter.Hour{thursday + 11, thursday + 12, thursday + 24, thursday + 12}, []meter.Hour{d.IssuedAt, d.ValidFrom, d.ValidTo, d.ActionableFrom})
	require.Greater(t, d.SavingEnergy, d.SupersededEnergy)
	require.NotZero(t, d.SupersededEnergy)
	requireWindowPlan(t, policy.Windows, &d)

	why := Explain(d, Contributions{}, londonCalendar(t), "GBP").Why
	require.Equal(t, "From 12:00 on this replaces the plan for the day, which would save £0.45 from then on.", why[0])

	other := *again
	other.Start, other.Slots, other.ActionableFrom = again.Start+1, again.Slots-1, again.Start+1
	other.Meters = restOf(changed, 13, first).Meters
	require.NotEqual(t, d.ID, revise(t, policy, &other)[0].ID, "two revisions of one issue have two ids")

	held := policy
	held.Hysteresis = 1.5
	require.Empty(t, revise(t, held, again), "it gains less than the hysteresis")
	held = policy
	held.MinSaving = float64(d.SavingEnergy-d.SupersededEnergy) * 1.01
	require.Empty(t, revise(t, held, again), "it gains less than the minimum saving")
	held.MinSaving = float64(d.SavingEnergy-d.SupersededEnergy) * 0.99
	require.Len(t, revise(t, held, again), 1)

	stale := *again
	stale.Meters = append([]MeterInput(nil), again.Meters...)
	stale.Meters[0].Suspects = 1
	require.Empty(t, revise(t, policy, &stale), "nothing is decided on bad input")
}

// A plan that costs more than it saves by the forecast of now is withdrawn.
func TestAPlanIsWithdrawn(t *testing.T) {
	policy := inWindows(dayPolicy())
	in := homes("", evening())
	first := plan(t, policy, in)
	for h := thursday; h < thursday+24; h++ { // wherever the load would go
		if h < thursday+16 || h >= thursday+20 {
			policy.Tariff.Series = append(policy.Tariff.Series, Point{Unix: h.Unix(), Value: 0.9})
		}
	}
	policy.Flexibility.Comfort = []TimeWindow{{Days: "All", Start: "00:00", End: "24:00"}} // and nothing else may
	got := revise(t, policy, restOf(in, 12, first))
	require.Len(t, got, 1)
	require.Equal(t, ActionNone, got[0].Action)
	require.Empty(t, got[0].Plan)
	require.Less(t, got[0].SupersededEnergy, float32(0))
	require.Equal(t, first[0].ID, got[0].Supersedes)
	why := Explain(got[0], Contributions{}, londonCalendar(t), "GBP").Why
	require.Equal(t, "From 12:00 on this replaces the plan for the day, which would save nothing any more.", why[0])
	require.Greater(t, len(why), 1, "and why there is none")
}

// What was just planned is not revised, whatever the policy; and what is revised gains.
func TestRevisionsGain(t *testing.T) {
	revisions, groups := 0, 0
	for i := range 400 {
		r := rand.New(rand.NewPCG(43, uint64(i)))
		policy, in := drawPolicy(r), drawGroup(r)
		if policy.Mode == ModeOff {
			continue
		}
		in.ActionableFrom = in.Start
		for k := range in.Meters {
			in.Meters[k].Suspects, in.Meters[k].MissingShare, in.Meters[k].LastReading = 0, 0, in.IssuedAt-1
		}
		p, err := NewPlanner(policy, londonCalendar(t), "default/riverside")
		require.NoError(t, err)
		first := p.Plan(in, nil)
		for k := range first {
			require.Empty(t, first[k].Supersedes)
			require.True(t, first[k].SupersededEnergy != first[k].SupersededEnergy)
		}
		from := 0
		for next := -1; next != from; { // a slot at which no plan owes load
			next = from
			for k := range in.Meters {
				from = p.NextBalance(first[k].Plan, from)
			}
		}
		require.Zero(t, from, "a plan owes nothing before it begins")
		same := *in
		same.Meters = append([]MeterInput(nil), in.Meters...)
		for k := range same.Meters {
			same.Meters[k].InForce, same.Meters[k].Previous = InForce{ID: first[k].ID, Plan: first[k].Plan}, nil
		}
		if policy.Hysteresis == 0 { // else the plan may be one that was kept
			require.Empty(t, p.Revise(&same, nil), "input %d", i)
		}
		for k := range same.Meters {
			fillDay(r, &same)
			same.Meters[k].Suspects = 0
		}
		same.Start, same.ActionableFrom, same.IssuedAt = in.Start, in.Start, in.IssuedAt
		for _, d := range p.Revise(&same, nil) {
			if d.Meter == "" {
				groups++
				require.Equal(t, same.InForce, d.Supersedes)
				continue
			}
			revisions++
			require.NotEqual(t, uuid.Nil, d.Supersedes)
			require.Equal(t, len(d.Plan), p.NextBalance(d.Plan, len(d.Plan)))
		}
	}
	require.Greater(t, revisions, 100)
	require.NotZero(t, groups)
}

func TestWherePlansAreBalanced(t *testing.T) {
	for name, c := range map[string]struct {
		plan    []float32
		rebound float64
		from    int
		want    int
	}{
		"no plan":                         {nil, 0, 5, 5},
		"before a move":                   {[]float32{0, 0, -1, 1, 0}, 0, 1, 1},
		"within a move":                   {[]float32{0, 0, -1, 1, 0}, 0, 3, 4},
		"within one to an earlier hour":   {[]float32{0, 1, 0, -1, 0}, 0, 2, 4},
		"between two":                     {[]float32{-1, 1, 0, -2, 2}, 0, 1, 2},
		"a part is back":                  {[]float32{-2, 1, 1, 0}, 0, 2, 3},
		"until the end":                   {[]float32{-1, 0, 0, 1}, 0, 1, 4},
		"with a rebound":                  {[]float32{-1, 1.1, 0, 0}, 0.1, 1, 2},
		"the rebound is not back":         {[]float32{-1, 1, 0.1, 0}, 0.1, 1, 3},
		"rounded as it is stored":         {[]float32{-0.3, 0.1, 0.2, 0}, 0, 3, 3},
		"from the end":                    {[]float32{-1, 1}, 0, 2, 2},
		"what is added is taken the next": {[]float32{1, -0.5, -0.5, 0}, 0, 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			policy := dayPolicy()
			policy.Flexibility.Rebound = c.rebound
			p, err := NewPlanner(policy, londonCalendar(t), "default/riverside")
			require.NoError(t, err)
			require.Equal(t, c.want, p.NextBalance(c.plan, c.from))
		})
	}
}

// More load than was forecast brings a feeder above its limit: its plans are revised
// together, and the decision about it supersedes the one before.
func TestALimitIsHeldByARevision(t *testing.T) {
	for _, form := range []*Windows{nil, {MaxWindows: 2, MinBlockHours: 1}} {
		policy := dayPolicy()
		policy.Windows = form
		policy.Tariff.Periods, policy.MinSaving = nil, 0
		policy.Groups = []Group{{Name: "feeder-1", CapacityKW: 13}}
		in := homes("feeder-1", evening(), evening(), evening())
		first := plan(t, policy, in)
		require.Len(t, first, 4)
		more := evening()
		more[18], more[19] = 5, 5
		again := restOf(homes("feeder-1", more, more, more), 7, first)
		got := revise(t, policy, again)
		require.NotEmpty(t, got)
		group := got[len(got)-1]
		require.Empty(t, group.Meter)
		require.Equal(t, first[3].ID, group.Supersedes)
		require.Greater(t, group.PeakBefore, float32(13))
		require.Less(t, group.PeakAfter, group.PeakBefore)
		for _, d := range got[:len(got)-1] {
			require.NotEqual(t, uuid.Nil, d.Supersedes)
		}
		all := append([]Decision(nil), first...)
		for i := range all { // as in force from then on
			all[i].Plan = append([]float32(nil), make([]float32, 24)...)
			copy(all[i].Plan, first[i].Plan)
			for _, d := range got {
				if d.Meter == all[i].Meter {
					all[i].ID = d.ID
					copy(all[i].Plan[7:], make([]float32, 17))
					copy(all[i].Plan[7:], d.Plan)
				}
			}
		}
		require.Empty(t, revise(t, policy, restOf(homes("feeder-1", more, more, more), 7, all)), "what was revised is not revised again")
	}
}
