package fromtwin

import (
	"fmt"
	"time"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
)

func processorOf(p *v1.Processor, at Endpoints) (config.Processor, error) {
	out := config.Processor{
		AllowedLateness: config.Duration(p.AllowedLateness.Std()),
		HistoryWindow:   config.Duration(p.Forecast.HistoryWindow.Std()),
		IssueAt:         p.Forecast.IssueAt,
		Horizon:         config.Duration(p.Forecast.Horizon.Std()),
		Reissue:         config.Reissue{Meters: config.Duration(p.Forecast.Reissue.Meters.Std()), Groups: config.Duration(p.Forecast.Reissue.Groups.Std())},
		Policy:          policyOf(&p.DSM),
	}
	for _, q := range p.Forecast.Quantiles {
		out.Quantiles = append(out.Quantiles, q.Float())
	}
	var err error
	if out.PriceSeries, err = seriesOf("dsm.tariff.dynamic", p.DSM.Tariff.Dynamic, at.PriceSeriesPath); err != nil {
		return config.Processor{}, err
	}
	if out.CarbonSeries, err = seriesOf("dsm.carbonIntensity", p.DSM.CarbonIntensity, at.CarbonSeriesPath); err != nil {
		return config.Processor{}, err
	}
	if out.TemperatureSeries, err = seriesOf("forecast.temperature", p.Forecast.Temperature, at.TemperatureSeriesPath); err != nil {
		return config.Processor{}, err
	}
	return out, nil
}

func policyOf(d *v1.DSM) dsm.Policy {
	p := dsm.Policy{
		Mode: dsm.Mode(d.Mode),
		Objective: dsm.Objective{
			Cost:   d.Objective.Cost.Float(),
			Peak:   d.Objective.Peak.Float(),
			Carbon: d.Objective.Carbon.Float(),
		},
		Tariff: tariffOf(d.Tariff),
		Flexibility: dsm.Flexibility{
			ShiftableShare: d.Flexibility.ShiftableShare.Float(),
			MaxShiftHours:  hours(d.Flexibility.MaxShift),
			Rebound:        d.Flexibility.Rebound.Float(),
			MaxIncrease:    d.Flexibility.MaxIncrease.Float(),
			Comfort:        windowsOf(d.Flexibility.Comfort),
		},
		Windows:     windowsOfPlans(&d.Plan),
		MinSaving:   d.MinSaving.Float(),
		Hysteresis:  d.Hysteresis.Float(),
		Freshness:   hours(d.Freshness),
		LeadHours:   hours(d.LeadTime),
		NoticeHours: hours(d.Notice),
	}
	for _, g := range d.Groups {
		p.Groups = append(p.Groups, dsm.Group{Name: g.Name, Parent: g.Parent, CapacityKW: g.CapacityKW.Float(), Exceedance: g.Exceedance.Float()})
	}
	for i := range d.Assets {
		p.Assets = append(p.Assets, assetOf(&d.Assets[i]))
	}
	return p
}

// windowsOfPlans is nil for plans by the hour.
func windowsOfPlans(p *v1.PlanForm) *dsm.Windows {
	if p.Mode != v1.PlanWindows {
		return nil
	}
	return &dsm.Windows{MaxWindows: int(*p.MaxWindows), MinBlockHours: hours(p.MinBlock), Share: p.Share.Float()}
}

func tariffOf(t *v1.Tariff) dsm.Tariff {
	out := dsm.Tariff{
		Currency:     t.Currency,
		Default:      t.Price.Float(),
		Export:       t.ExportPrice.Float(),
		DemandCharge: t.DemandCharge.Float(),
	}
	for _, p := range t.Periods {
		out.Periods = append(out.Periods, dsm.Period{Name: p.Name, Days: p.Days, Start: p.Start, End: p.End, Price: p.Price.Float()})
	}
	return out
}

func seriesOf(field string, s *v1.SeriesSource, path string) (*config.Series, error) {
	if s == nil {
		return nil, nil
	}
	if path == "" {
		return nil, fmt.Errorf("spec.processor.%s reads a file, and no path of it is known; name the file, or leave the field out", field)
	}
	out := &config.Series{Path: path, TimeColumn: s.TimeColumn, ValueColumn: s.ValueColumn}
	if s.ConfigMap != nil {
		out.Source = configMapSource(s.ConfigMap)
	}
	if s.PersistentVolumeClaim != nil {
		out.Source = volumeSource(s.PersistentVolumeClaim)
	}
	return out, nil
}

func hours(d v1.Duration) int { return int(d.Std() / time.Hour) }

// PolicyOf is the policy of a twin that may have no dataset, defaults filled in.
// The series of its tariff are not read.
func PolicyOf(twin *v1.DigitalTwin) dsm.Policy {
	twin = twin.DeepCopy()
	twin.Default()
	return policyOf(&twin.Spec.Processor.DSM)
}
