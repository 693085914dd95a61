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

// collect replays all series through the engine and keeps each meter-day of the
// span.
func collect(all []*backtest.Series, model *forecast.Combined, cal *meter.Calendar, within span) [][]sample {
	out := make([][]sample, len(all))
	parallel(len(all), func(i int) {
		s := all[i]
		w := window.New(forecast.HoursNeeded)
		state := model.NewState()
		next := cal.NextIssue(s.From, meter.IssueTime{})
		for h := s.From; h < min(s.End(), within.to); h++ {
			if v := s.At(h); v == v {
				w.PutJudged(h, v, false) // the file is taken as it is: one spike in a year of many meters teaches nothing
			}
			state.Advance(w, h)
			if h+1 != next {
				continue
			}
			var one sample
			if next >= within.from && forecast.Inspect(state, w, &one.seen) && one.seen.Days >= leastHistory {
				one.fill(s)
				out[i] = append(out[i], one)
			}
			next = cal.NextIssue(next, meter.IssueTime{})
		}
	})
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
