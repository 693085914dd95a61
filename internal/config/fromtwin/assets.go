package fromtwin

import (
	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/dsm"
)

// assetOf maps an asset of the resource to one of the policy. Each kind of device
// has a line here; all but one are nil.
func assetOf(a *v1.Asset) dsm.Asset {
	return dsm.Asset{
		Name:     a.Name,
		Meters:   a.Meters,
		Group:    a.Group,
		Battery:  optional(a.Battery, batteryOf),
		EV:       optional(a.EV, evOf),
		PV:       optional(a.PV, pvOf),
		HeatPump: optional(a.HeatPump, heatPumpOf),

		Appliance: optional(a.Appliance, applianceOf),
	}
}

// optional maps what is there, and nil to nil.
func optional[From, To any](from *From, mapping func(*From) To) *To {
	if from == nil {
		return nil
	}
	to := mapping(from)
	return &to
}

func batteryOf(b *v1.Battery) dsm.Battery {
	return dsm.Battery{
		CapacityKWh: b.CapacityKWh.Float(),
		PowerKW:     b.PowerKW.Float(),
		Efficiency:  b.Efficiency.Float(),
		Reserve:     b.Reserve.Float(),
		WearCost:    b.WearCost.Float(),
	}
}

func evOf(e *v1.EV) dsm.EV {
	return dsm.EV{
		EnergyKWh: e.EnergyKWh.Float(),
		PowerKW:   e.PowerKW.Float(),
		Arrival:   e.Arrival,
		Departure: e.Departure,
		Days:      e.Days,
	}
}

func pvOf(v *v1.PV) dsm.PV { return dsm.PV{PeakKW: v.PeakKW.Float()} }

func heatPumpOf(h *v1.HeatPump) dsm.HeatPump {
	return dsm.HeatPump{
		Share:       h.Share.Float(),
		PowerKW:     h.PowerKW.Float(),
		PreheatKWh:  h.PreheatKWh.Float(),
		SetbackKWh:  h.SetbackKWh.Float(),
		LossPerHour: h.LossPerHour.Float(),
		Comfort:     windowsOf(h.Comfort),
	}
}

func applianceOf(a *v1.Appliance) dsm.Appliance {
	out := dsm.Appliance{EarliestStart: a.EarliestStart, LatestEnd: a.LatestEnd, RunsPerDay: int(*a.RunsPerDay), Days: a.Days}
	for _, kwh := range a.ProfileKWh {
		out.ProfileKWh = append(out.ProfileKWh, kwh.Float())
	}
	return out
}

func windowsOf(windows []v1.TimeWindow) (out []dsm.TimeWindow) {
	for _, w := range windows {
		out = append(out, dsm.TimeWindow{Days: w.Days, Start: w.Start, End: w.End})
	}
	return out
}
