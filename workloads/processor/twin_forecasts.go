package processor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/tracing"
	"github.com/energytwin/energytwin/internal/twin"
)

// forecastTwinEvery is how often issues are looked for that the last partition has passed.
const forecastTwinEvery = 2 * time.Second

// keepForecast makes the forecasts of the whole twin, until ctx ends. All processors do:
// they make the same.
func (p *Processor) keepForecast(ctx context.Context) error {
	tick := time.NewTicker(forecastTwinEvery)
	defer tick.Stop()
	f := p.twinForecaster()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if p.mayNotBeHeldUp() {
			continue
		}
		if err := f.catchUp(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("the twin has no forecast yet, it is made at the next turn", "error", err)
		}
	}
}

// ForecastPast makes the forecasts of the whole twin that are due by now.
func (p *Processor) ForecastPast(ctx context.Context) error { return p.twinForecaster().catchUp(ctx) }

func (p *Processor) twinForecaster() *twinForecaster {
	return &twinForecaster{db: p.stores.DB, tracer: p.stores.Tracer, series: &sentSeries{db: p.stores.DB, log: (&twin.SeriesLog{}).Only(twin.SeriesTemperature)}, rules: map[string]*twin.Rules{p.rules.SpecHash: p.rules}, known: meter.NoHour}
}

// twinForecaster makes the forecasts of the whole twin from what its partitions knew at each
// issue. They are a function of these rows, and of the specification that held, so that
// whoever makes them, and how often, they are the same.
type twinForecaster struct {
	db     *writer.DB
	tracer *tracing.Tracer
	series *sentSeries
	rules  map[string]*twin.Rules // by the hash of the specification
	load   twin.TwinLoad
	known  meter.Hour         // load holds what partitions knew at issues up to here; NoHour for none
	newest map[int]meter.Hour // by partition: its newest issue in load
}

// catchUp makes the forecasts of all issues that every partition has passed, in order.
func (f *twinForecaster) catchUp(ctx context.Context) error {
	for {
		due, err := f.db.TwinForecastsDue(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, t := range due {
			if err := f.forecast(ctx, t); err != nil {
				return err
			}
		}
		if err := f.db.ForgetLoads(ctx, f.known-longestSpan); err != nil {
			return err
		}
	}
}

// forecast makes the forecast of one issue.
func (f *twinForecaster) forecast(ctx context.Context, due meter.Hour) (err error) {
	ctx, span := f.tracer.Start(ctx, "forecast twin")
	defer span.End()
	if span.Recorded() {
		span.Set(attribute.String("energytwin.issue", due.String()))
		defer func() {
			if err != nil {
				span.Fail("forecast")
			}
		}()
	}
	loads, err := f.learn(ctx, due)
	if err != nil {
		return err
	}
	issue := twin.GroupForecast{IssuedAt: due}
	partitions, ahead, hash, revision := 0, 0, "", int64(0)
	for i := range loads {
		l := &loads[i]
		if l.IssuedAt != due {
			continue
		}
		if partitions++; partitions == 1 { // the lowest partition, if a new specification, or a series that was sent, holds for some of them
			hash, revision = l.SpecHash, l.Series
		}
		ahead, issue.DayAhead = max(ahead, l.Ahead), issue.DayAhead || l.DayAhead
	}
	if partitions == 0 {
		return fmt.Errorf("the loads of partitions at %s have been deleted meanwhile", due)
	}
	rules, err := f.rulesOf(ctx, hash)
	if err != nil {
		return err
	}
	if rules, err = f.series.rules(ctx, rules, revision); err != nil {
		return err
	}
	f.load.Forget(due - meter.Hour(rules.Span()))
	q := f.load.Forecast(rules, due, ahead)
	issue.Model, issue.P10, issue.P50, issue.P90 = rules.Model().Name(), q.P10, q.P50, q.P90
	return f.db.PutTwinForecast(ctx, &issue, partitions)
}

// learn takes in what partitions knew at issues up to and with one that is due. It returns
// those at this issue, and maybe others.
func (f *twinForecaster) learn(ctx context.Context, due meter.Hour) ([]writer.LoadOfPartition, error) {
	if f.known == meter.NoHour || f.known >= due { // it begins, or an issue is made again
		return f.learnAgain(ctx, due)
	}
	loads, err := f.db.PartitionLoads(ctx, f.known, due)
	if err != nil {
		return nil, err
	}
	if f.missed(loads) {
		return f.learnAgain(ctx, due)
	}
	f.add(loads, due)
	return loads, nil
}

// learnAgain forgets what it knew, and takes in all that is stored.
func (f *twinForecaster) learnAgain(ctx context.Context, due meter.Hour) ([]writer.LoadOfPartition, error) {
	loads, err := f.db.PartitionLoads(ctx, due-longestSpan, due)
	if err != nil {
		return nil, err
	}
	f.load, f.newest = twin.TwinLoad{}, map[int]meter.Hour{}
	f.add(loads, due)
	return loads, nil
}

func (f *twinForecaster) add(loads []writer.LoadOfPartition, due meter.Hour) {
	for i := range loads {
		l := &loads[i]
		f.load.Add(l.Partition, &l.PartitionLoad)
		f.newest[l.Partition] = l.IssuedAt
	}
	f.known = due
}

// missed reports whether a partition of the loads had none at the newest issue that is known.
// A partition that has no watermark yet holds up no issue. When it begins, its loads of issues
// that have been gone through without it appear at once, behind what is read next.
func (f *twinForecaster) missed(loads []writer.LoadOfPartition) bool {
	return slices.ContainsFunc(loads, func(l writer.LoadOfPartition) bool {
		newest, seen := f.newest[l.Partition]
		return !seen || newest != f.known
	})
}

// longestSpan is more hours than any forecast is made from.
const longestSpan = 366 * meter.HoursPerDay

// rulesOf are the rules of a specification.
func (f *twinForecaster) rulesOf(ctx context.Context, hash string) (*twin.Rules, error) {
	if r := f.rules[hash]; r != nil {
		return r, nil
	}
	document, err := f.db.SpecOf(ctx, hash)
	if err != nil {
		return nil, err
	}
	if document == nil {
		return nil, fmt.Errorf("the specification %s is not stored", hash)
	}
	cfg, err := config.ParseStored(document)
	if err != nil {
		return nil, err
	}
	r, err := rulesOf(cfg)
	if err != nil {
		return nil, err
	}
	f.rules[hash] = r
	return r, nil
}
