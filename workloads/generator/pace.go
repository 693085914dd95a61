package generator

import (
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// pace computes when an hour is due.
type pace interface {
	// due is when the hour's readings are to be published; the zero time is
	// at once.
	due(h meter.Hour) time.Time
	// paused reports that publishing stood still for d.
	paused(d time.Duration)
}

// unpaced publishes as fast as it can.
type unpaced struct{}

func (unpaced) due(meter.Hour) time.Time { return time.Time{} }
func (unpaced) paused(time.Duration)     {}

// simulated lets simulated time pass at a speed, from the first hour after
// front that is asked for. Hours up to front were published before, to other
// partitions or to a topic that is gone: no time passes in them again.
type simulated struct {
	clock clock
	speed float64 // simulated seconds per second
	front meter.Hour
	first meter.Hour
	began time.Time // zero before the first hour
}

func (p *simulated) due(h meter.Hour) time.Time {
	if h <= p.front {
		return time.Time{}
	}
	if p.began.IsZero() {
		p.first, p.began = h, p.clock.Now()
	}
	seconds := float64(h-p.first) * 3600 / p.speed
	return p.began.Add(time.Duration(seconds * float64(time.Second)))
}

// paused moves what follows: simulated time stood still too, and is not
// caught up with in a burst. Before the first hour no time passes.
func (p *simulated) paused(d time.Duration) {
	if !p.began.IsZero() {
		p.began = p.began.Add(d)
	}
}

// wallPaced publishes an hour when it is over, as a meter would.
type wallPaced struct{}

func (wallPaced) due(h meter.Hour) time.Time { return (h + 1).Time() }
func (wallPaced) paused(time.Duration)       {}
