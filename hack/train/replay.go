package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/energytwin/energytwin/internal/backtest"
	"github.com/energytwin/energytwin/internal/dataset/datafile"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// readSeries reads all meters of a file, by name.
func readSeries(ctx context.Context, path string) ([]*backtest.Series, error) {
	src, err := datafile.Open(ctx, path, datafile.Options{Zone: zone, Whole: true})
	if err != nil {
		return nil, err
	}
	byName, err := backtest.Collect(src)
	return sorted(byName), errors.Join(err, src.Close())
}

func sorted(byName map[string]*backtest.Series) []*backtest.Series {
	out := make([]*backtest.Series, 0, len(byName))
	for _, s := range byName {
		if len(s.KWh) > 0 {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *backtest.Series) int { return strings.Compare(a.Meter, b.Meter) })
	return out
}

// span is a range of issue times, end exclusive.
type span struct{ from, to meter.Hour }

func daysFrom(cal *meter.Calendar, from, to string) (s span, err error) {
	for _, end := range []struct {
		text string
		hour *meter.Hour
	}{{from, &s.from}, {to, &s.to}} {
		t, err := time.ParseInLocation(time.DateOnly, end.text, cal.Location())
		if err != nil {
			return s, fmt.Errorf("day %q: %w", end.text, err)
		}
		*end.hour = meter.CeilHour(t)
	}
	return s, nil
}

// sample is a meter-day: what the engine saw, and what came.
type sample struct {
	seen   forecast.Inspection
	actual [forecast.Columns]float32 // kWh, NaN where there is no reading
}

// leastHistory is how many days a meter must be known for its day to be a sample.
const leastHistory = 29

// collect replays all series through the core of the twin, as a backtest does, with
// the coefficients that are known so far, and keeps each meter-day of the span.
func collect(all []*backtest.Series, c *forecast.Coefficients, within span) ([][]sample, error) {
	rules, err := backtest.RulesOf(twin.Settings{Twin: "train", Timezone: zone, Coefficients: c})
	if err != nil {
		return nil, err
	}
	out := make([][]sample, len(all))
	parallel(len(all), func(i int) { out[i] = samplesOf(all[i], rules, within) })
	return out, nil
}

// samplesOf are the meter-days of one series. Its readings are taken as they are: one
// spike in a year of many meters teaches nothing.
func samplesOf(s *backtest.Series, rules *twin.Rules, within span) (out []sample) {
	p := twin.New(0, rules)
	m := p.Register(twin.MeterRef{MeterKey: twin.MeterKey{Name: s.Meter, Group: s.Group}})
	p.Observe(func(i twin.Issue) {
		var one sample
		if i.At >= within.from && forecast.Inspect(i.State, i.Window, &one.seen) && one.seen.Days >= leastHistory {
			one.fill(s)
			out = append(out, one)
		}
	})
	var fx twin.Effects
	p.EnterHistory(m, meter.Series{}, &fx)
	p.AdvanceTo(s.From, &fx)
	for h := s.From; h < min(s.End(), within.to); h++ {
		p.Begin(&fx) // nothing but what the observer sees is of use
		if v := s.At(h); v == v {
			m.PutReading(h, v, false)
		}
		p.AdvanceTo(h+1, &fx)
	}
	return out
}

func (o *sample) fill(s *backtest.Series) {
	for k, h := range o.seen.Hours {
		o.actual[k] = float32(math.NaN())
		if h != meter.NoHour {
			o.actual[k] = s.At(h)
		}
	}
}

// parallel does n things on all processors.
func parallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
