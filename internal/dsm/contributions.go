package dsm

import "fmt"

// Contributions are what meters move for the limit of their group by the plans of one
// decision about it.
type Contributions struct {
	Meters int            // that move something
	KWh    float32        // of all of them: FactorHeld
	Top    []Contribution // those that move most, the greatest first
}

// Contribution is the share of one meter.
type Contribution struct {
	Meter string
	KWh   float32
}

// Rest is how many meters are not among the top, and what they move together, kWh.
func (c *Contributions) Rest() (meters int, kwh float32) {
	kwh = c.KWh
	for _, m := range c.Top {
		kwh -= m.KWh
	}
	return c.Meters - len(c.Top), max(kwh, 0)
}

// mostContributors is how many meters an explanation names.
const mostContributors = 3

// contributors names who moves load for the limit.
func (x *explainer) contributors() []string {
	c := x.by
	if len(c.Top) == 0 {
		return nil
	}
	c.Top = c.Top[:min(len(c.Top), mostContributors)]
	names := make([]string, len(c.Top), len(c.Top)+1)
	for i, m := range c.Top {
		names[i] = fmt.Sprintf("%s (%s)", m.Meter, kilowattHours(m.KWh))
	}
	rest, kwh := c.Rest()
	if rest > 0 {
		names = append(names, fmt.Sprintf("%s (%s together)", others(rest), kilowattHours(kwh)))
	}
	verb := "move"
	if len(names) == 1 {
		verb = "moves"
	}
	return []string{fmt.Sprintf("For the limit, %s %s load.", listed(names), verb)}
}

func others(n int) string {
	if n == 1 {
		return "one other meter"
	}
	return fmt.Sprintf("%d other meters", n)
}
