package api

import (
	"context"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/table"
)

// kpiRow is a period of a meter, a group or the twin as a row of a file: KPIPeriod without
// objects in it.
type kpiRow struct {
	Scope          string     `json:"scope"`
	ID             string     `json:"id"`
	From           time.Time  `json:"from"`
	To             time.Time  `json:"to"`
	Hours          int        `json:"hours"`
	Partial        bool       `json:"partial"`
	KWh            *float64   `json:"kwh"`
	FedIn          *float64   `json:"fedInKwh"`
	PeakKW         *float64   `json:"peakKw"`
	PeakAt         *time.Time `json:"peakAt"`
	PeakToAverage  *float64   `json:"peakToAverage"`
	LoadFactor     *float64   `json:"loadFactor"`
	Cost           *float64   `json:"cost"`
	DemandCost     *float64   `json:"demandCost"`
	CO2Kg          *float64   `json:"co2Kg"`
	CO2Hours       int        `json:"co2Hours"`
	Days           int64      `json:"days"`
	SettledDays    int64      `json:"settledDays"`
	Decisions      int64      `json:"decisions"`
	KWhShifted     *float64   `json:"kwhShifted"`
	PromisedEnergy *float64   `json:"promisedEnergy"`
	PromisedDemand *float64   `json:"promisedDemand"`
	RealisedEnergy *float64   `json:"realisedEnergy"`
	RealisedDemand *float64   `json:"realisedDemand"`
	Method         *string    `json:"realisedMethod"`
	SavedShare     *float64   `json:"savedShare"`
	CO2Avoided     *float64   `json:"co2AvoidedKg"`
	CO2Decisions   int64      `json:"co2Decisions"`
	Currency       string     `json:"currency"`
}

func kpiRowOf(v *KPIs, p *KPIPeriod) kpiRow {
	none := &Saving{}
	promised, realised := p.Promised, p.Realised
	if promised == nil {
		promised = none
	}
	if realised == nil {
		realised = none
	}
	return kpiRow{
		Scope: v.Scope, ID: v.ID, From: p.From, To: p.To, Hours: p.Hours, Partial: p.Partial,
		KWh: p.KWh, FedIn: p.FedIn, PeakKW: p.PeakKW, PeakAt: p.PeakAt, PeakToAverage: p.PeakToAverage, LoadFactor: p.LoadFactor,
		Cost: p.Cost, DemandCost: p.DemandCost, CO2Kg: p.CO2Kg, CO2Hours: p.CO2Hours,
		Days: p.Days, SettledDays: p.SettledDays, Decisions: p.Decisions, KWhShifted: p.KWhShifted,
		PromisedEnergy: promised.Energy, PromisedDemand: promised.Demand, RealisedEnergy: realised.Energy, RealisedDemand: realised.Demand,
		Method: p.Method, SavedShare: p.SavedShare, CO2Avoided: p.CO2Avoided, CO2Decisions: p.CO2Decisions, Currency: v.Currency,
	}
}

// kpiFile is the key figures of a scope, or with groupBy=meter of each meter in it.
func (s *server) kpiFile(ctx context.Context, in *kpisInput, view KPIs, scope reader.Scope, w params.HourRange, now meter.Hour) (*huma.StreamResponse, error) {
	of := ""
	if view.Scope != "twin" {
		of = view.ID
	}
	f := &file{name: s.fileName(nameWith("kpis", of), w), format: table.Format(in.Format), row: reflect.TypeFor[kpiRow]()}
	one := func(ctx context.Context, view KPIs, scope reader.Scope, write func(row any) error) error {
		if _, err := s.fillKPIs(ctx, in, &view, scope, w, now); err != nil {
			return err
		}
		for i := range view.Periods {
			if err := write(kpiRowOf(&view, &view.Periods[i])); err != nil {
				return err
			}
		}
		return nil
	}
	if in.Each == "none" {
		f.fill = func(ctx context.Context, write func(row any) error) error { return one(ctx, view, scope, write) }
		size, err := s.area(ctx)
		if err != nil {
			return nil, err
		}
		return s.download(ctx, w.Hours()*(size.groups+1)+daysOf(w.To-w.From)*size.meters, f)
	}
	if scope.MeterNo != nil {
		return nil, problem.Invalid("groupBy", "ask for one meter, or with groupBy=meter for each one of the twin or of a group")
	}
	meters, err := s.db.MeterNames(ctx, in.Group)
	if err != nil {
		return nil, s.failed(ctx, "list meters", err)
	}
	f.fill = func(ctx context.Context, write func(row any) error) error {
		for _, m := range meters {
			if err := one(ctx, KPIs{Scope: "meter", ID: m.Name, Currency: view.Currency}, reader.Scope{MeterNo: &m.MeterNo}, write); err != nil {
				return err
			}
		}
		return nil
	}
	return s.download(ctx, w.Hours()*len(meters), f)
}
