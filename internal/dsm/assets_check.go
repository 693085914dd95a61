package dsm

import "fmt"

func (c *policyCheck) assets(assets []Asset) {
	for i := range assets {
		a := &assets[i]
		field := fmt.Sprintf("assets[%d]", i)
		if (len(a.Meters) > 0) == (a.Group != "") {
			c.fail(field, "names both or neither of meters and group; use one")
		}
		kinds := 0
		if b := a.Battery; b != nil {
			kinds++
			c.battery(field+".battery.", b)
		}
		if e := a.EV; e != nil {
			kinds++
			c.ev(field+".ev.", e)
		}
		if v := a.PV; v != nil {
			kinds++
			c.above0(field+".pv.peakKW", v.PeakKW)
		}
		if h := a.HeatPump; h != nil {
			kinds++
			c.heatPump(field+".heatPump.", h)
		}
		if kinds != 1 {
			c.fail(field, "is %d kinds of asset; use one of battery, ev, pv and heatPump", kinds)
		}
	}
}

func (c *policyCheck) battery(field string, b *Battery) {
	c.above0(field+"capacityKWh", b.CapacityKWh)
	c.above0(field+"powerKW", b.PowerKW)
	c.above0(field+"efficiency", b.Efficiency)
	c.share(field+"efficiency", b.Efficiency)
	c.share(field+"reserve", b.Reserve)
	c.atLeast0(field+"wearCost", b.WearCost)
}

func (c *policyCheck) ev(field string, e *EV) {
	c.above0(field+"energyKWh", e.EnergyKWh)
	c.above0(field+"powerKW", e.PowerKW)
	c.start(field+"arrival", e.Arrival)
	c.start(field+"departure", e.Departure)
	c.days(field+"days", e.Days)
}

func (c *policyCheck) heatPump(field string, h *HeatPump) {
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

func (c *policyCheck) above0(field string, v float64) {
	if c.finite(field, v) && v <= 0 {
		c.fail(field, "%v is not above 0; use a number above 0", v)
	}
}

func (c *policyCheck) share(field string, v float64) {
	if c.finite(field, v) && (v < 0 || v > 1) {
		c.fail(field, "%v is no share; use 0 to 1", v)
	}
}
