package dsm

import (
	"fmt"

	"github.com/energytwin/energytwin/internal/meter"
)

// HeatPump is a heat pump whose draw the readings contain, in a building that
// holds heat. Heat is counted as the electricity that it takes.
type HeatPump struct {
	Share       float64      `json:"share"`       // of each hour's load
	PowerKW     float64      `json:"powerKW"`     // most that it draws
	PreheatKWh  float64      `json:"preheatKWh"`  // how much warmer than set the building may become
	SetbackKWh  float64      `json:"setbackKWh"`  // how much cooler, outside the comfort times
	LossPerHour float64      `json:"lossPerHour"` // share of the extra heat that an hour loses
	Comfort     []TimeWindow `json:"comfort,omitempty"`
}

var heatPumpKind = deviceKind{
	name: "heatPump",
	device: func(a *Asset) device {
		if a.HeatPump == nil {
			return nil
		}
		return a.HeatPump
	},
	actions: []Action{ActionPreheat},
	titles: func(_ *explainer, c itemWords) []string {
		return []string{
			fmt.Sprintf("Heat more at %s and less at %s", c.added, c.taken),
			fmt.Sprintf("Heat more at %s", c.added),
			"Heat more before the hours that cost most",
		}
	},
	clause: func(_ *explainer, c itemWords) string {
		if c.less == 0 {
			return fmt.Sprintf("let the heat pump draw %s more at %s, within the limits of comfort", kilowattHours(c.more), c.added)
		}
		return fmt.Sprintf("let the heat pump draw %s more at %s and %s less at %s, within the limits of comfort",
			kilowattHours(c.more), c.added, kilowattHours(c.less), c.taken)
	},
	without: "Heat as always",
}

func (h *HeatPump) check(c *policyCheck, field string) {
	c.share(field+"share", h.Share)
	c.above0(field+"powerKW", h.PowerKW)
	c.atLeast0(field+"preheatKWh", h.PreheatKWh)
	c.atLeast0(field+"setbackKWh", h.SetbackKWh)
	c.share(field+"lossPerHour", h.LossPerHour)
	if h.LossPerHour >= 1 {
		c.fail(field+"lossPerHour", "%v leaves no heat; use a share below 1", h.LossPerHour)
	}
	c.windows(field+"comfort", h.Comfort)
}

func (h *HeatPump) prepare(cal *meter.Calendar) preparedDevice {
	out := dispatchable(&heatPumpDispatch{HeatPump: h, warm: within(h.Comfort, cal)})
	out.share = h.Share
	return out
}

// heatPumpDispatch is a heat pump in its local time.
type heatPumpDispatch struct {
	plainDispatch
	*HeatPump
	warm *rates // above 0 in comfort times
}

func (h *heatPumpDispatch) power() float64 { return h.PowerKW }

// propose warms the building ahead of expensive hours and lets it cool in them,
// within its comfort. Heat is a store that leaks.
func (h *heatPumpDispatch) propose(x *site, out *proposal) {
	q := &x.problem
	*q = StorageProblem{ChargeEfficiency: 1, DischargeEfficiency: 1, Keep: 1 - h.LossPerHour}
	x.poseStore(q)
	for t := range q.N {
		draw := 0.0
		if x.known&(1<<t) != 0 {
			draw = min(h.Share*max(x.bare[t], 0), h.PowerKW)
		}
		q.Charge[t] = min(h.PowerKW-draw, x.limit[t])
		q.Discharge[t] = draw
		q.High[t] = h.PreheatKWh
		if h.warm.price(x.day.hour(t)) == 0 && t < q.N-1 {
			q.Low[t] = -h.SetbackKWh
		}
	}
	x.solveStore(q, &x.solution)
	x.drawAll(out, &x.solution.Change)
}

func (h *heatPumpDispatch) purpose(*dayRates, *[maxSlots]float64, *proposal) (Action, Reason) {
	return ActionPreheat, ReasonPriceSpread
}
