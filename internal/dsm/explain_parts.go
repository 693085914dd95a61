package dsm

import "fmt"

// parts tells what each thing behind the meter does.
func (x *explainer) parts() (lines []string) {
	for i := range x.Parts {
		p := &x.Parts[i]
		lines = append(lines, x.part(p))
		if p.Value != nil {
			lines = append(lines, x.storedValue(p))
		}
	}
	return lines
}

func (x *explainer) part(p *Part) string {
	less, more := changed(p.Plan)
	taken, added := x.windowsOf(p.Plan, -1), x.windowsOf(p.Plan, +1)
	switch p.Action {
	case ActionBattery:
		if less == 0 {
			return fmt.Sprintf("The battery charges %s %s.", kilowattHours(more), added)
		}
		return fmt.Sprintf("The battery charges %s %s and gives %s %s.", kilowattHours(more), added, kilowattHours(less), taken)
	case ActionEVCharge:
		return fmt.Sprintf("The car charges %s of its energy %s instead of as soon as it may, %s.", kilowattHours(more), added, taken)
	case ActionPreheat:
		return fmt.Sprintf("The heat pump draws %s more %s and %s less %s; the building stays within its comfort.",
			kilowattHours(more), added, kilowattHours(less), taken)
	default:
		return fmt.Sprintf("Other load is %s less %s and %s more %s.", kilowattHours(less), taken, kilowattHours(more), added)
	}
}

// storedValue tells the range of what a kWh in the battery is worth.
func (x *explainer) storedValue(p *Part) string {
	low, high := p.Value[0], p.Value[0]
	for _, v := range p.Value[:len(p.Value)-1] { // at the end of the plan nothing is left
		low, high = min(low, v), max(high, v)
	}
	if x.price(low) == x.price(high) {
		return fmt.Sprintf("A stored kWh is worth %s all day: charge where it costs less, discharge where it costs more, losses counted.",
			x.amountOf(low))
	}
	return fmt.Sprintf("A stored kWh is worth %s to %s over the day: charge where it costs less, discharge where it costs more, losses counted.",
		significant(low), x.amountOf(high))
}

func (x *explainer) amountOf(v float32) string { return significant(v) + " " + x.currency }

// changed sums up what a plan takes away and what it adds.
func changed(plan []float32) (less, more float32) {
	for _, c := range plan {
		less, more = less+max(-c, 0), more+max(c, 0)
	}
	return less, more
}
