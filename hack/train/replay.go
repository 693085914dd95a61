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
	"github.com/energytwin/energytwin/internal/synth"
	"github.com/energytwin/energytwin/internal/window"
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

// synthetic are households of a year that are made up.
func synthetic(n int, seed int64) ([]*backtest.Series, error) {
	src, err := synth.New(synth.Options{Meters: n, Seed: seed, Year: homeYear, Zone: zone})
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

// issueTimes is how many times of day a meter is replayed with: midnight for one half, at which
// most twins issue, and hours that differ from meter to meter for the other. Of so many days of
// each replay one is kept, and the day after it of every second one.
const issueTimes = 4

// collect replays all series hour by hour, with the coefficients that are known so far and at
// several issue times, and keeps days of the span.
func collect(all []*backtest.Series, c *forecast.Coefficients, cal *meter.Calendar, within span) [][]*sample {
	out := make([][]*sample, len(all)*issueTimes)
	models := make([]*forecast.Combined, hoursADay)
	for hour := range models {
		models[hour] = forecast.NewCombined(cal, meter.IssueTime{Hour: hour}, c, nil)
	}
	parallel(len(out), func(i int) {
		m, r := i/issueTimes, i%issueTimes
		hour := 0
		if r%2 == 1 {
			hour = (5*m + hoursADay/issueTimes*r + hoursADay/4) % hoursADay
		}
		out[i] = samplesOf(all[m], models[hour], within, r)
	})
	return out
}

const hoursADay = meter.HoursPerDay

// samplesOf are days of one series. Its readings are taken as they are: one spike in a
// year of many meters teaches nothing.
func samplesOf(s *backtest.Series, model *forecast.Combined, within span, turn int) (out []*sample) {
	w, state := window.New(forecast.HoursNeeded), model.NewState()
	for h := s.From; h < min(s.End(), within.to); h++ {
		if v := s.At(h); v == v {
			w.Put(h, v)
		}
		state.Advance(w, h)
		issue := h + 1
		if issue < within.from || !model.Issues(issue) {
			continue
		}
		if day := int(issue) / hoursADay; day%issueTimes == turn {
			if one := (&sample{}); forecast.Inspect(state, w, &one.seen) && one.seen.Days >= leastHistory {
				out = append(out, one.fill(s))
			}
			if two := (&sample{}); day/issueTimes%2 == 0 && forecast.InspectSecond(state, w, &two.seen) && two.seen.Days >= leastHistory {
				out = append(out, two.fill(s))
			}
		}
	}
	return out
}

func (o *sample) fill(s *backtest.Series) *sample {
	for k, h := range o.seen.Hours {
		o.actual[k] = float32(math.NaN())
		if h != meter.NoHour {
			o.actual[k] = s.At(h)
		}
	}
	return o
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
