package dsm

import "github.com/energytwin/energytwin/internal/meter"

// PV is a set of solar panels; the readings are net of what it gives. It is not
// run to a plan: it bounds what an hour is forecast to feed in.
type PV struct {
	PeakKW float64 `json:"peakKW"` // no hour feeds in more
}

var pvKind = deviceKind{
	name: "pv",
	device: func(a *Asset) device {
		if a.PV == nil {
			return nil
		}
		return a.PV
	},
}

func (v *PV) check(c *policyCheck, field string) { c.above0(field+"peakKW", v.PeakKW) }

func (v *PV) prepare(*meter.Calendar) preparedDevice { return preparedDevice{floor: -v.PeakKW} }
