package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// options say what is measured, and how long.
type options struct {
	meters, days []int // pairs: see sizes
	repetitions  int
	least        time.Duration
	within       time.Duration
	only         []string
	json         string
	quick        bool
	cpuProfile   string
	dir          string
}

// size is how much is measured: hourly readings of some meters over some days.
type size struct {
	Meters int `json:"meters"`
	Days   int `json:"days"`
}

func (s size) readings() int64 { return int64(s.Meters) * int64(s.Days) * meter.HoursPerDay }

func (s size) String() string {
	return fmt.Sprintf("%s meters × %d days", grouped(int64(s.Meters)), s.Days)
}

func defaultOptions() *options {
	return &options{
		meters: []int{1000, 10_000}, days: []int{365, 60},
		repetitions: 5, least: 20 * time.Second, within: time.Hour,
	}
}

// settle checks the options and lets --quick set those that nobody has set.
func (o *options) settle(isSet func(string) bool) error {
	if o.quick {
		if !isSet("meters") && !isSet("days") {
			o.meters, o.days = []int{1000, 10_000}, []int{12, 2}
		}
		if !isSet("repetitions") {
			o.repetitions = 1
		}
		if !isSet("least") {
			o.least = time.Second
		}
	}
	if len(o.meters) != len(o.days) {
		return fmt.Errorf("--meters %v and --days %v: write one of each for each size, such as --meters 1000 --days 365", o.meters, o.days)
	}
	for i := range o.meters {
		if o.meters[i] < 1 || o.days[i] < 1 || o.days[i] > 365 {
			return fmt.Errorf("--meters %d --days %d: write 1 or more meters, and 1 to 365 days", o.meters[i], o.days[i])
		}
	}
	if o.repetitions < 1 {
		return fmt.Errorf("--repetitions %d: write 1 or more", o.repetitions)
	}
	for _, name := range o.only {
		if !slices.Contains(stageNames(), name) {
			return fmt.Errorf("--only %s: write some of %q", name, stageNames())
		}
	}
	return nil
}

func (o *options) sizes() []size {
	out := make([]size, len(o.meters))
	for i := range out {
		out[i] = size{Meters: o.meters[i], Days: o.days[i]}
	}
	return out
}

func (o *options) wants(stage string) bool { return len(o.only) == 0 || slices.Contains(o.only, stage) }

// leastWhole is how long the whole twin is measured at least, and the plain
// loader beside it. They are what counts.
func (o *options) leastWhole() time.Duration { return o.least }

// leastPart is that of one part, or of one store alone.
func (o *options) leastPart() time.Duration { return o.least / 4 }
