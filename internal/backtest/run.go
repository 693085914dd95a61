package backtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// Options say what to replay.
type Options struct {
	Calendar *meter.Calendar
	// RulesOf are the rules that a meter is replayed under, as the function of that
	// name makes them; meters may share some.
	RulesOf func(name string) *twin.Rules

	// From and To bound the origins, To exclusive. NoHour for both takes the last
	// 60 days of each meter.
	From, To meter.Hour

	// Groups are scored too, by forecasts of their own and by the sums of those of their
	// meters; none leaves it out.
	Groups []Group

	Limits *Limits // of groups; nil leaves them out

	Value *Value // of decisions; nil leaves it out

	// Progress receives how many meters are done; it may be nil. It is called from
	// several goroutines.
	Progress func(done int)
	// Clock gives seconds from any fixed moment on, to time meters by; it may be nil.
	Clock func() float64
}

// ErrNothing means that no meter could be scored.
var ErrNothing = errors.New("no meter has enough readings")

// Run replays all series and reports. The figures do not depend on how many
// processors there are. With ErrNothing comes a report that names all meters as
// left out.
func Run(ctx context.Context, all []*Series, o Options) (*Report, error) {
	if o.Clock == nil {
		o.Clock = func() float64 { return 0 }
	}
	scores := make([]*score, len(all))
	var done atomic.Int64
	each(len(all), func() func(i int) {
		fx := &twin.Effects{}
		return func(i int) {
			if ctx.Err() != nil {
				return
			}
			begin := o.Clock()
			scores[i] = scoreOf(all[i], &o, fx)
			scores[i].seconds = o.Clock() - begin
			n := done.Add(1)
			if o.Progress != nil {
				o.Progress(int(n))
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := newReport(scores, &o)
	if len(o.Groups) > 0 {
		var err error
		if r.Groups, err = o.groups(all, scores); err != nil {
			return nil, err
		}
	}
	if r.Meters == 0 {
		return r, fmt.Errorf("%w: %s", ErrNothing, r.LeftOutText())
	}
	return r, nil
}

func scoreOf(s *Series, o *Options, fx *twin.Effects) *score {
	if len(s.KWh) == 0 {
		c := &score{name: s.Meter}
		c.decide(s, 0, 0)
		return c
	}
	rules := o.RulesOf(s.Meter)
	from, to := o.span(s, rules)
	c := &score{name: s.Meter, history: historicError(s, from)}
	var b *battery
	if o.Value != nil {
		b = o.Value.batteryOf(s, from)
	}
	visit := func(d *day) {
		c.take(s, o.Calendar, d)
		if len(o.Groups) > 0 {
			c.kept = append(c.kept, keep(d, d.scored))
		}
	}
	var planned func(d *day)
	if keeps := len(o.Groups) > 0 && o.Limits != nil; keeps || o.Value != nil {
		planned = func(d *day) {
			if keeps {
				c.planned = append(c.planned, keep(d, d.today))
			}
			if o.Value != nil {
				o.Value.take(c, b, s, d)
			}
		}
	}
	newReplay(s, o.Calendar, from, to, visit, planned).run(rules, fx)
	c.decide(s, from, to)
	return c
}

// span is the hours between which the origins of a series lie.
func (o *Options) span(s *Series, rules *twin.Rules) (from, to meter.Hour) {
	from, to = o.From, o.To
	if from == meter.NoHour {
		to = lastIssue(rules, s.End())
		from = daysBefore(rules, to, testDays)
	}
	return max(from, s.From), min(to, s.End())
}

// lastIssue is the last day-ahead issue at or before h.
func lastIssue(rules *twin.Rules, h meter.Hour) meter.Hour {
	last := rules.NextDayAhead(h - 3*meter.HoursPerDay)
	for next := last; next <= h; next = rules.NextDayAhead(next) {
		last = next
	}
	return last
}

// daysBefore is the day-ahead issue n days before another one.
func daysBefore(rules *twin.Rules, issue meter.Hour, n int) meter.Hour {
	return rules.NextDayAhead(issue - meter.Hour(n*meter.HoursPerDay) - 2)
}

// each does n things on all processors, each of which gets a function of its own.
func each(n int, start func() func(i int)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			do := start()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}
