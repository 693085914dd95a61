package dsm

import (
	"fmt"
	"strings"
)

// instruction is what to do, in one sentence.
func (x *explainer) instruction() string {
	day := x.date(x.ValidFrom)
	if x.Action == ActionNone {
		return fmt.Sprintf("Nothing has to change on %s.", day)
	}
	if x.ofGroup() {
		return fmt.Sprintf("On %s, the meters of %s use %s less at %s and %s more at %s, each by its own plan.", day, x.Group,
			kilowattHours(x.KWhShifted), x.times(x.Plan, -1), kilowattHours(added(x.Plan)), x.times(x.Plan, +1))
	}
	var clauses []string
	for i := range x.Items {
		clauses = append(clauses, x.clause(&x.Items[i]))
	}
	if len(clauses) == 0 {
		clauses = []string{x.moveClause(x.Plan)}
	}
	return fmt.Sprintf("On %s, %s.", day, strings.Join(clauses, "; "))
}

// clause is what an item of the plan asks for.
func (x *explainer) clause(p *PlanItem) string {
	if kind := kindOf(p.Action); kind != nil {
		return kind.clause(x, x.wordsOf(p))
	}
	return x.moveClause(p.Plan)
}

// moveClause is what moved load asks for: each window to avoid with its energy, and
// where that goes.
func (x *explainer) moveClause(plan []float32) string {
	less, more := kilowattHours(taken(plan)), kilowattHours(added(plan))
	avoid, prefer := x.runs(plan, -1), x.runs(plan, +1)
	if len(avoid) > mostMoves || len(prefer) > mostMoves {
		return fmt.Sprintf("follow the schedule by the hour: %s less at %s, and %s more at %s", less, x.times(plan, -1), more, x.times(plan, +1))
	}
	names := make([]string, len(avoid))
	for i, w := range avoid {
		names[i] = x.windowName(w)
		if len(avoid) > 1 {
			names[i] += " (" + kilowattHours(x.energy(plan, w)) + ")"
		}
	}
	losses := ""
	if more != less {
		losses = fmt.Sprintf(", where they take %s", more)
	}
	return fmt.Sprintf("avoid %s and run those %s at %s instead%s", listed(names), less, x.times(plan, +1), losses)
}

// itemWords are the energies and times of a plan item, in words where they are
// named.
type itemWords struct {
	*PlanItem
	less, more   float32 // kWh taken away and added
	taken, added string  // when
}

func (x *explainer) wordsOf(p *PlanItem) itemWords {
	return itemWords{PlanItem: p, less: taken(p.Plan), more: added(p.Plan), taken: x.times(p.Plan, -1), added: x.times(p.Plan, +1)}
}

// itemOf is the plan item of a kind of device that the decision is about.
func (x *explainer) itemOf(kind *deviceKind) itemWords {
	for i := range x.Items {
		if kindOf(x.Items[i].Action) == kind {
			return x.wordsOf(&x.Items[i])
		}
	}
	return x.wordsOf(&PlanItem{Action: x.Action, Plan: x.Plan})
}

// taken is the energy that a plan takes away, kWh.
func taken(plan []float32) (sum float32) {
	for _, c := range plan {
		sum += max(-c, 0)
	}
	return sum
}

// added is the energy that a plan adds, kWh.
func added(plan []float32) (sum float32) {
	for _, c := range plan {
		sum += max(c, 0)
	}
	return sum
}
