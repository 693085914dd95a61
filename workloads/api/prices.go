package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

type pricesInput struct {
	From  string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Default now" example:"now-24h"`
	To    string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Exclusive; default now+48h"`
	Known string `query:"known" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"As the twin knew them at a time before its now; default by what was sent last" example:"now-24h"`
}

type cheapHoursInput struct {
	From       string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Default now" example:"now"`
	To         string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Exclusive; default now+24h"`
	Hours      int    `query:"hours" minimum:"1" maximum:"168" default:"3" doc:"How many hours are needed"`
	By         string `query:"by" enum:"price,carbon" default:"price" doc:"What is to be low"`
	Contiguous bool   `query:"contiguous" doc:"The hours have to follow one another, as those of a machine that runs through"`
}

// Prices are what energy costs by the twin's tariff.
type Prices struct {
	Currency string       `json:"currency" doc:"ISO 4217 code"`
	Export   float64      `json:"exportPrice" doc:"What a kWh that is fed in earns"`
	Demand   float64      `json:"demandCharge" doc:"For each kW of a meter's highest hour of a calendar month; 0 without a charge"`
	Points   []PricePoint `json:"points" nullable:"false" doc:"One for each hour of the range"`
}

// PricePoint is one hour of prices.
type PricePoint struct {
	At time.Time `json:"at" doc:"Start of the hour"`
	Rate
}

// CheapHours are the hours in which energy costs, or emits, least.
type CheapHours struct {
	Currency  string       `json:"currency" doc:"ISO 4217 code"`
	By        string       `json:"by" enum:"price,carbon"`
	Hours     []PricePoint `json:"hours" nullable:"false" doc:"In order of time; of hours that are equally good the earlier ones. Fewer than asked for where no more are known"`
	Mean      *float64     `json:"mean" doc:"Mean price, or carbon intensity, of these hours; null if there are none"`
	RangeMean *float64     `json:"rangeMean" doc:"Likewise of all hours of the range"`
}

func (s *server) priceOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/prices", OperationID: "prices", Tags: []string{openapi.TagTwin}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Prices and carbon intensities by the hour",
		Description: "They are those that plans are made with: the tariff of the spec, its price and carbon series, and before both what was sent to `/api/v1/series`.",
	}, s.prices)
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/signals/cheap-hours", OperationID: "cheapHours", Tags: []string{openapi.TagTwin}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "The hours of a range in which energy costs, or emits, least",
		Description: "For devices that follow a signal rather than a plan, such as a charger that needs three hours until the morning.",
	}, s.cheapHours)
}

func (s *server) prices(ctx context.Context, in *pricesInput) (*output[Prices], error) {
	points, meta, err := s.ratesOf(ctx, in.From, in.To, "now+48h", in.Known)
	if err != nil {
		return nil, err
	}
	tariff := &s.twin.Processor.Policy.Tariff
	view := Prices{Currency: tariff.Currency, Export: tariff.Export, Demand: tariff.DemandCharge, Points: points}
	return &output[Prices]{Body: Answer[Prices]{Data: view, Meta: meta}}, nil
}

// ratesOf are the rates of the hours of a range that begins now by default, as the twin
// knew them at a time; "" is what counts from now on.
func (s *server) ratesOf(ctx context.Context, from, to, defaultTo, knownAt string) ([]PricePoint, Meta, error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, Meta{}, err
	}
	w, err := s.times(now).Range(from, to, "now", defaultTo)
	if err != nil {
		return nil, Meta{}, err
	}
	if err := s.afford(ctx, w.Hours(), "from", "ask for a shorter range"); err != nil {
		return nil, Meta{}, err
	}
	ledger, err := s.tariffKnownAt(ctx, knownAt, now)
	if err != nil {
		return nil, Meta{}, err
	}
	points := pricePoints(ledger, w)
	meta := Meta{Step: "1h", TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	for i := range points {
		meta.Partial = meta.Partial || points[i].Price == nil
	}
	return points, meta, nil
}

func pricePoints(ledger *dsm.Ledger, w params.HourRange) []PricePoint {
	points := make([]PricePoint, w.Hours())
	for i := range points {
		h := w.From + meter.Hour(i)
		points[i] = PricePoint{At: h.Time(), Rate: rateOf(ledger, h)}
	}
	return points
}

func (s *server) cheapHours(ctx context.Context, in *cheapHoursInput) (*output[CheapHours], error) {
	points, meta, err := s.ratesOf(ctx, in.From, in.To, "now+24h", "")
	if err != nil {
		return nil, err
	}
	if in.Hours > len(points) {
		return nil, problem.Invalid("hours", "the range has fewer hours; ask for fewer, or for a longer range")
	}
	value := func(p PricePoint) *float64 { return p.Price }
	if in.By == "carbon" {
		value = func(p PricePoint) *float64 { return p.Carbon }
	}
	known := slices.DeleteFunc(points, func(p PricePoint) bool { return value(p) == nil })
	meta.Partial = len(known) < len(points)
	best := lowest(known, in.Hours, value)
	if in.Contiguous {
		best = lowestRun(known, in.Hours, value)
	}
	view := CheapHours{Currency: s.twin.Processor.Policy.Tariff.Currency, By: in.By, Hours: best, Mean: meanOf(best, value), RangeMean: meanOf(known, value)}
	return &output[CheapHours]{Body: Answer[CheapHours]{Data: view, Meta: meta}}, nil
}

// lowest are the n hours of the lowest values, in order of time.
func lowest(points []PricePoint, n int, value func(PricePoint) *float64) []PricePoint {
	sorted := slices.Clone(points)
	slices.SortStableFunc(sorted, func(a, b PricePoint) int { return cmp.Compare(*value(a), *value(b)) })
	sorted = sorted[:min(n, len(sorted))]
	slices.SortFunc(sorted, func(a, b PricePoint) int { return a.At.Compare(b.At) })
	return sorted
}

// lowestRun are the n hours that follow one another with the lowest sum; none where so
// many are not known.
func lowestRun(points []PricePoint, n int, value func(PricePoint) *float64) []PricePoint {
	best, least := []PricePoint{}, 0.
	for i := 0; i+n <= len(points); i++ {
		run := points[i : i+n]
		if run[n-1].At.Sub(run[0].At) != time.Duration(n-1)*time.Hour {
			continue
		}
		sum := 0.
		for _, p := range run {
			sum += *value(p)
		}
		if len(best) == 0 || sum < least {
			best, least = run, sum
		}
	}
	return best
}

func meanOf(points []PricePoint, value func(PricePoint) *float64) *float64 {
	if len(points) == 0 {
		return nil
	}
	sum := 0.
	for _, p := range points {
		sum += *value(p)
	}
	return maybe(sum / float64(len(points)))
}
