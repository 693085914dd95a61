package twin

import (
	"math"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// groupLoad is the load of a group as a whole: the hourly sums of its meters and of those of
// the groups below it, and what a
// model has learned from them. An hour is added up when it ends. What changes an hour
// later, such as a late reading, a correction or a verdict, is taken in at the end of the
// next hour: at event time, so that it does not depend on how messages fall into batches.
type groupLoad struct {
	loadChanges // where they are outdated, the model is retrained
	window      *window.Window
	model       forecast.State
}

// newGroupLoad is the load of a group of that name before its first hour; nil under rules
// without forecasts of groups, and for the meters outside any group, which may lie in
// several partitions.
func newGroupLoad(name string, r *Rules) *groupLoad {
	if name == "" || r.GroupReissue == 0 {
		return nil
	}
	return &groupLoad{loadChanges: noChanges(), window: window.New(r.ring), model: r.model.NewState()}
}

// endHour adds up hour h, which ends, and what has changed before it.
func (g *group) endHour(h meter.Hour, model forecast.Model) {
	l := g.load
	if l == nil || len(g.all()) == 0 {
		return
	}
	if l.outdated || l.ended == meter.NoHour {
		g.retrain(h+1, model)
		return
	}
	if len(l.stale) > 0 {
		l.compact()
		reach := reachOf(g.all())
		for _, s := range l.stale {
			if s >= reach && s < h {
				l.put(s, g.sum(s))
			}
		}
		l.stale = l.stale[:0]
	}
	l.put(h, g.sum(h))
	l.model.Advance(l.window, h)
	l.ended = h + 1
}

// retrain adds up all hours before end that all windows still hold, and trains a new
// state of the model on them. A group without members has no load: which of its meters
// are registered depends on what a fetch returned.
func (g *group) retrain(end meter.Hour, model forecast.Model) {
	l := g.load
	if l == nil || len(g.all()) == 0 {
		return
	}
	l.taken(end)
	l.model = model.NewState()
	for h := max(reachOf(g.all()), end-meter.Hour(l.window.Len())); h < end; h++ {
		l.put(h, g.sum(h))
	}
	l.train()
}

// switchTo makes other rules hold from hour w on, as Partition.SwitchTo does for a meter.
func (g *group) switchTo(old, r *Rules, w meter.Hour, sameModel bool) {
	if g.load == nil || r.GroupReissue == 0 {
		if g.load = newGroupLoad(g.name, r); w != meter.NoHour {
			g.retrain(w, r.model)
		}
		return
	}
	l := g.load
	if old.ring != r.ring {
		l.window = l.window.Resized(r.ring)
	}
	learned := l.model.AppendBinary(nil)
	l.model = r.model.NewState()
	if sameModel {
		if rest, err := l.model.Restore(learned); err == nil && len(rest) == 0 {
			return
		}
		l.model = r.model.NewState()
	}
	l.train()
}

// train runs the model over the hours of the window.
func (l *groupLoad) train() {
	if l.window.Newest() == meter.NoHour {
		return
	}
	for h := l.window.Oldest(); h < l.ended; h++ {
		l.model.Advance(l.window, h)
	}
}

// sum is the load of the group in hour h by the rule of GroupHourSum.
func (g *group) sum(h meter.Hour) float32 {
	var s GroupHourSum
	for _, m := range g.all() {
		s.Add(&m.window, h)
	}
	return s.KWh()
}

// put enters the load of an hour; NaN makes a gap.
func (l *groupLoad) put(h meter.Hour, kwh float32) {
	if math.IsNaN(float64(kwh)) {
		l.window.Clear(h)
		return
	}
	l.window.PutJudged(h, kwh, false)
}
