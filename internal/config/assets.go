package config

import (
	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/dsm"
)

func assetOf(a *v1.Asset) dsm.Asset {
	out := dsm.Asset{Name: a.Name, Meters: a.Meters, Group: a.Group}
	if b := a.Battery; b != nil {
		out.Battery = &dsm.Battery{
			CapacityKWh: b.CapacityKWh.Float(),
			PowerKW:     b.PowerKW.Float(),
			Efficiency:  b.Efficiency.Float(),
			Reserve:     b.Reserve.Float(),
			WearCost:    b.WearCost.Float(),
		}
	}
	if e := a.EV; e != nil {
		out.EV = &dsm.EV{
			EnergyKWh: e.EnergyKWh.Float(),
			PowerKW:   e.PowerKW.Float(),
			Arrival:   e.Arrival,
			Departure: e.Departure,
			Days:      e.Days,
		}
	}
	if v := a.PV; v != nil {
		out.PV = &dsm.PV{PeakKW: v.PeakKW.Float()}
	}
	if h := a.HeatPump; h != nil {
		out.HeatPump = &dsm.HeatPump{
			Share:       h.Share.Float(),
			PowerKW:     h.PowerKW.Float(),
			PreheatKWh:  h.PreheatKWh.Float(),
			SetbackKWh:  h.SetbackKWh.Float(),
			LossPerHour: h.LossPerHour.Float(),
			Comfort:     windowsOf(h.Comfort),
		}
	}
	return out
}

func windowsOf(windows []v1.TimeWindow) (out []dsm.TimeWindow) {
	for _, w := range windows {
		out = append(out, dsm.TimeWindow{Days: w.Days, Start: w.Start, End: w.End})
	}
	return out
}
