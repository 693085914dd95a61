package twin

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// restless is the load of a home whose days turn out otherwise than those before: by noon
// it draws up to three times as much as in the week before, or a third.
func restless(i, home int) float32 {
	day, hour := i/24, i%24
	kwh := .3 + float32((hour*7+home*5)%24)/20
	if hour >= 8 {
		kwh *= []float32{1, 3, .4, 2, 1, .5, 2.5}[(day*day*5+day*3+home*2)%11%7]
	}
	return kwh
}

// runRestless sends restless homes of a feeder under settings, and returns the feed and
// all decisions, by issue.
func runRestless(t require.TestingT, s Settings, days int, each func(f *feed, made []Decision)) (*feed, []Decision) {
	f := newFeed(testRules(t, s))
	var all []Decision
	for i := range 24 * days {
		for home := range 3 {
			name := fmt.Sprint("h", home)
			rec := Record{Offset: f.p.next, Value: meter.AppendMessage(nil, meter.Reading{Meter: name, Group: "feeder", Hour: s.From + meter.Hour(i), KWh: restless(i, home)})}
			f.batch([]Record{rec})
			all = append(all, f.fx.Decisions...)
		}
		each(f, all)
	}
	return f, all
}

func revisedSettings(reissue int, limit float64) Settings {
	s := testSettings()
	s.Reissue, s.Policy.NoticeHours, s.Policy.Hysteresis = reissue, 1, .05
	s.Policy.Groups = nil
	if limit > 0 {
		s.Policy.Groups = []dsm.Group{{Name: "feeder", CapacityKW: limit}}
	}
	return s
}

func TestPlansAreRevised(t *testing.T) {
	for name, tt := range map[string]struct {
		reissue, notice int
		limit           float64
		windows         *dsm.Windows
	}{
		"every six hours":            {reissue: 6, notice: 1},
		"every hour":                 {reissue: 1, notice: 1},
		"with three hours of notice": {reissue: 6, notice: 3},
		"in windows":                 {reissue: 6, notice: 1, windows: &dsm.Windows{MaxWindows: 2, MinBlockHours: 1, Share: .15}},
		"for a limit":                {reissue: 6, notice: 1, limit: 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := revisedSettings(tt.reissue, tt.limit)
			s.Policy.NoticeHours, s.Policy.Windows = tt.notice, tt.windows
			f, all := runRestless(t, s, 40, func(*feed, []Decision) {})
			byID := map[uuid.UUID]*Decision{}
			inForce := map[string]uuid.UUID{} // of a meter or the group, by the end of the day
			held := map[string][]float32{}    // plans as they held
			revisions, ofGroups := 0, 0
			for i := range all {
				d := &all[i]
				require.NotContains(t, byID, d.ID)
				byID[d.ID] = d
				subject := fmt.Sprint(d.Meter, " ", d.ValidTo)
				require.Equal(t, inForce[subject], d.Supersedes, "it names what was in force")
				inForce[subject] = d.ID
				if d.Supersedes == uuid.Nil {
					require.Equal(t, meter.Hour(6), d.ValidFrom-d.IssuedAt)
					held[subject] = make([]float32, d.ValidTo-d.ValidFrom)
				} else {
					revisions++
					require.GreaterOrEqual(t, d.ValidFrom, d.IssuedAt+meter.Hour(tt.notice))
					require.Zero(t, f.p.rules.cal.Local(d.IssuedAt).Hour()%tt.reissue)
				}
				if d.Meter == "" {
					if d.Supersedes != uuid.Nil {
						ofGroups++
					}
					continue
				}
				rest := held[subject][len(held[subject])-int(d.ValidTo-d.ValidFrom):]
				sum := float32(0)
				for _, kwh := range held[subject][:len(held[subject])-len(rest)] {
					sum += kwh
				}
				require.InDelta(t, 0, sum, 1e-4, "what was moved before is back")
				clear(rest)
				copy(rest, d.Plan)
				if tt.windows != nil {
					windows := 0
					for h, kwh := range held[subject] {
						if kwh < 0 && (h == 0 || !(held[subject][h-1] < 0)) {
							windows++
						}
					}
					require.LessOrEqual(t, windows, tt.windows.MaxWindows, "over the whole day")
				}
			}
			require.NotZero(t, revisions)
			if tt.windows != nil {
				require.Greater(t, revisions, 20, "between windows plans owe nothing")
			}
			require.Equal(t, tt.limit > 0, ofGroups > 0)
			for _, m := range f.p.meters {
				newest := m.plans.newest()
				require.Equal(t, inForce[fmt.Sprint(m.Name, " ", newest.day.End)], newest.id)
			}
		})
	}
}

// A day that was revised is settled hour by hour: as the pieces of its plans that held.
func TestWhatHeldIsSettled(t *testing.T) {
	s := revisedSettings(6, 0)
	s.Policy.Windows = &dsm.Windows{MaxWindows: 2, MinBlockHours: 1, Share: .15}
	f, all := runRestless(t, s, 40, func(*feed, []Decision) {})
	ledger := f.p.rules.Ledger()
	next := map[uuid.UUID]*Decision{}
	for i := range all {
		next[all[i].Supersedes] = &all[i]
	}
	end := f.p.watermark
	pieces, whole := 0.0, 0.0
	for i := range all {
		first := &all[i]
		if first.Supersedes != uuid.Nil || next[first.ID] == nil || first.ValidTo > end {
			continue
		}
		n := int(first.ValidTo - first.ValidFrom)
		measured := func(from meter.Hour) (kwh []float32) {
			for h := from; h < first.ValidTo; h++ {
				kwh = append(kwh, f.p.meters[first.Meter].At(h))
			}
			return kwh
		}
		merged := first.Decision
		merged.Plan = make([]float32, n)
		for d := first; d != nil; d = next[d.ID] {
			at := int(d.ValidFrom - first.ValidFrom)
			clear(merged.Plan[at:])
			copy(merged.Plan[at:], d.Plan)
			until := first.ValidTo
			if by := next[d.ID]; by != nil {
				until = by.ValidFrom
			}
			if out, known := ledger.Replayed(&d.Decision, measured(d.ValidFrom)[:until-d.ValidFrom], nil); known {
				pieces += float64(out.SavingEnergy)
			}
		}
		out, known := ledger.Replayed(&merged, measured(first.ValidFrom), nil)
		require.True(t, known)
		whole += float64(out.SavingEnergy)
	}
	require.NotZero(t, whole)
	require.InEpsilon(t, whole, pieces, .02, "clipping to what there was is by piece, not by day")
}

// Whoever rebuilds the plans from decisions has those of whoever made them.
func TestPlansAreRebuiltFromDecisions(t *testing.T) {
	s := revisedSettings(6, 4)
	compared := 0
	runRestless(t, s, 30, func(f *feed, made []Decision) {
		back := Rebuild(0, f.p.rules, f.p.next, f.p.watermark)
		for _, m := range f.p.meters {
			back.Register(m.MeterRef)
		}
		for i := range made {
			if made[i].IssuedAt >= f.p.watermark-48 {
				back.PutDecision(&made[i].Decision)
			}
		}
		for _, m := range f.p.meters {
			got, want := back.meters[m.Name].plans, m.plans
			require.Equal(t, want.appendBinary(nil), got.appendBinary(nil), "at %s", f.p.watermark)
			compared += len(want)
		}
		require.Equal(t, f.p.groups[0].plans.appendBinary(nil), back.groups[0].plans.appendBinary(nil))
	})
	require.Greater(t, compared, 24*29)
}

// What is decided beside the rules is revised too, as a partition under them does.
func TestRevisionsBeside(t *testing.T) {
	own, other := revisedSettings(6, 4), revisedSettings(6, 3)
	other.SpecHash, other.Policy.NoticeHours, other.Policy.LeadHours = "two", 3, 12
	_, want := runRestless(t, other, 30, func(*feed, []Decision) {})
	_, alone := runRestless(t, own, 30, func(*feed, []Decision) {})

	f := newFeed(testRules(t, own))
	f.p.DecideBeside(testRules(t, other))
	var got, decisions []Decision
	for i := range 24 * 30 {
		for home := range 3 {
			rec := Record{Offset: f.p.next, Value: meter.AppendMessage(nil, meter.Reading{
				Meter: fmt.Sprint("h", home), Group: "feeder", Hour: own.From + meter.Hour(i), KWh: restless(i, home)})}
			f.batch([]Record{rec})
			got, decisions = append(got, f.fx.Beside...), append(decisions, f.fx.Decisions...)
		}
	}
	require.Equal(t, fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got))
	require.Equal(t, fmt.Sprintf("%+v", alone), fmt.Sprintf("%+v", decisions))
}

// What was planned under one mode is not revised under another.
func TestModesEndPlans(t *testing.T) {
	s := revisedSettings(6, 4)
	shadow := s
	shadow.SpecHash, shadow.Policy.Mode = "two", dsm.ModeShadow
	changed := s.From + 24*20 + 2
	_, all := runRestless(t, s, 40, func(f *feed, _ []Decision) {
		if f.p.watermark == changed {
			f.p.SwitchTo(testRules(t, shadow))
		}
	})
	revised := 0
	for i := range all {
		if d := &all[i]; d.Supersedes != uuid.Nil && d.IssuedAt >= changed {
			require.GreaterOrEqual(t, d.ValidFrom, changed+22, "the plan of that day goes on")
			revised++
		}
	}
	require.NotZero(t, revised)
}
