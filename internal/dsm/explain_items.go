package dsm

import "fmt"

// itemWords are the energies and times of a plan item, in words where they are
// named.
type itemWords struct {
	*PlanItem
	less, more   float32 // kWh taken away and added
	taken, added string  // when
}

// items describes what moved load and each device do.
func (x *explainer) items() (lines []string) {
	for i := range x.Items {
		item := &x.Items[i]
		lines = append(lines, x.item(item))
		if item.Value != nil {
			lines = append(lines, x.storedValue(item))
		}
	}
	return lines
}

func (x *explainer) item(p *PlanItem) string {
	c := itemWords{PlanItem: p, taken: x.windowsOf(p.Plan, -1), added: x.windowsOf(p.Plan, +1)}
	for _, change := range p.Plan {
		c.less, c.more = c.less+max(-change, 0), c.more+max(change, 0)
	}
	if kind := kindOf(p.Action); kind != nil {
		return kind.item(x, c)
	}
	return fmt.Sprintf("Other load is %s less %s and %s more %s.", kilowattHours(c.less), c.taken, kilowattHours(c.more), c.added)
}

// storedValue reports the range of what a stored kWh is worth.
func (x *explainer) storedValue(p *PlanItem) string {
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
