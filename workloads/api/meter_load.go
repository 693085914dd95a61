package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
)

type meterLoadInput struct {
	MeterPath
	LoadParams
}

// MeterLoad is the load of a meter with what was forecast and planned, and what it costs.
type MeterLoad struct {
	ID       string           `json:"id"`
	Group    *string          `json:"group"`
	Currency string           `json:"currency" doc:"ISO 4217 code of the prices"`
	Points   []MeterLoadPoint `json:"points" nullable:"false" doc:"One for each hour of the range"`
}

// MeterLoadPoint is one hour of a meter.
type MeterLoadPoint struct {
	At      time.Time `json:"at" doc:"Start of the hour"`
	Actual  *float64  `json:"actualKwh" doc:"Measured; null for a gap, a suspect reading, or an hour still to come"`
	P10     *float64  `json:"p10Kwh" doc:"Of the forecast that was in force at that hour"`
	P50     *float64  `json:"p50Kwh"`
	P90     *float64  `json:"p90Kwh"`
	Change  *float64  `json:"planKwh" doc:"Change of the load by the plan that holds in the hour; null without one"`
	Planned *float64  `json:"plannedKwh" doc:"Median with the plan followed; null without either"`
	Rate
}

// Rate is what energy costs in one hour.
type Rate struct {
	Price  *float64 `json:"price" doc:"Of a drawn kWh, in the currency: the mean over the hour. Null where the prices cannot be read here"`
	Carbon *float64 `json:"carbonKgPerKwh" doc:"Carbon intensity; null where it is not known"`
}

func (s *server) meterLoadOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/meters/{id}/load", OperationID: "meterLoad", Tags: []string{openapi.TagMeters}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Load of a meter on one grid of hours: measured, forecast, planned, and its price",
		Description: "The forecast of an hour is the one that was in force at that hour, and the plan the one that holds in it, also for hours that have passed.",
	}, s.meterLoad)
}

func (s *server) meterLoad(ctx context.Context, in *meterLoadInput) (*output[MeterLoad], error) {
	m, err := s.findMeter(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.times(now).Range(in.From, in.To, "now-48h", "now+25h")
	if err != nil {
		return nil, err
	}
	if err := s.afford(ctx, w.Hours()*rowsOfHour, "from", "ask for a shorter range"); err != nil {
		return nil, err
	}
	load := MeterLoad{ID: m.Name, Group: maybeText(m.Group), Currency: s.twin.Processor.Policy.Tariff.Currency, Points: make([]MeterLoadPoint, w.Hours())}
	ledger, err := s.tariff(ctx)
	if err != nil {
		return nil, err
	}
	for i := range load.Points {
		h := w.From + meter.Hour(i)
		load.Points[i].At, load.Points[i].Rate = h.Time(), rateOf(ledger, h)
	}
	if err := s.readMeterLoad(ctx, m.MeterNo, w, now, load.Points); err != nil {
		return nil, s.failed(ctx, "read the load of a meter", err)
	}
	meta := Meta{Unit: "kWh", Step: "1h", TZ: s.twin.Timezone, AsOf: asOf(now, known), Partial: w.To > now}
	for i := range load.Points {
		meta.Partial = meta.Partial || load.Points[i].Actual == nil
	}
	return &output[MeterLoad]{Body: Answer[MeterLoad]{Data: load, Meta: meta}}, nil
}

// readMeterLoad fills in one point an hour.
func (s *server) readMeterLoad(ctx context.Context, no int32, w params.HourRange, now meter.Hour, points []MeterLoadPoint) error {
	if to := min(w.To, now); w.From < to {
		measured, err := s.db.MeterSeries(ctx, no, reader.SeriesQuery{From: w.From, To: to, Aggregate: reader.Sum})
		if err != nil {
			return err
		}
		for i, p := range measured {
			if p.Value != nil {
				points[i].Actual = maybe(*p.Value)
			}
		}
	}
	forecasts, err := s.db.MeterForecastsInForce(ctx, no, w.From, w.To)
	if err != nil {
		return err
	}
	for _, f := range forecasts {
		p := &points[f.Hour-w.From]
		p.P10, p.P50, p.P90 = maybe(f.P10), maybe(f.P50), maybe(f.P90)
	}
	plan, err := s.db.MeterPlan(ctx, no, w.From, w.To)
	if err != nil {
		return err
	}
	for _, v := range plan {
		p := &points[v.Hour-w.From]
		p.Change = maybe(float64(v.KWh))
		if p.P50 != nil {
			p.Planned = maybe(*p.P50 + float64(v.KWh))
		}
	}
	return nil
}

// rateOf are the rates of an hour by a tariff; nil knows none.
func rateOf(ledger *dsm.Ledger, h meter.Hour) Rate {
	if ledger == nil {
		return Rate{}
	}
	rates := ledger.At(h)
	return Rate{Price: maybe(rates.Price()), Carbon: maybe(rates.Carbon())}
}
