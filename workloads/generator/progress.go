package generator

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
)

// Phase is what a generator is doing.
type Phase string

// The phases.
const (
	PhaseStarting   Phase = "starting"   // looks for where it stopped, writes the warm-up
	PhasePublishing Phase = "publishing" // also while it waits for an hour to be due
	PhasePaused     Phase = "paused"     // the processors are behind
	PhaseDone       Phase = "done"       // everything is published
)

// Progress is how far publishing has come.
type Progress struct {
	Mode      string     `json:"mode"`
	Phase     Phase      `json:"phase"`
	Hour      meter.Hour `json:"-"`              // simulated time: the hour published last
	Published int64      `json:"published"`      // readings since this process began
	Total     int64      `json:"total"`          // readings that a replay publishes from its start to its end; 0 if there is no end
	Start     time.Time  `json:"start,omitzero"` // of the hours that a replay goes through; zero in other modes
	End       time.Time  `json:"end,omitzero"`   // of them, exclusive
	Rate      float64    `json:"rate"`           // readings per second, lately
	Lag       int64      `json:"lag"`            // messages by which the slowest partition's processor is behind
	Due       time.Time  `json:"due,omitzero"`   // when the readings that publishing waits for are due; zero while it waits for none

	Dataset *config.DatasetFigures `json:"dataset,omitempty"` // how the file was read; nil for made-up households
}

// meterOfProgress keeps the progress and reports it.
type meterOfProgress struct {
	report func(Progress)
	clock  clock

	mu           sync.Mutex
	now          Progress
	lastReported time.Time
	lastRows     int64

	rows      prometheus.Counter
	hour      prometheus.Gauge
	lag       prometheus.Gauge
	paused    prometheus.Gauge
	dueAt     prometheus.Gauge
	retries   prometheus.Counter
	warmUpSet prometheus.Counter
}

// reportEvery is how often progress is reported.
const reportEvery = 500 * time.Millisecond

func newProgress(first Progress, report func(Progress), clk clock, reg prometheus.Registerer) *meterOfProgress {
	p := &meterOfProgress{
		report: report, clock: clk, lastReported: clk.Now(),
		now: first,
		rows: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "energytwin_generator_readings_total", Help: "Readings published and acknowledged by Kafka.",
		}),
		hour: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "energytwin_generator_simulated_time_seconds", Help: "Start of the hour published last, in seconds since 1970.",
		}),
		lag: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "energytwin_generator_lag_messages", Help: "Messages by which the processor of the slowest partition is behind, as last seen.",
		}),
		paused: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "energytwin_generator_paused", Help: "1 while publishing waits for the processors.",
		}),
		dueAt: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "energytwin_generator_due_seconds", Help: "When the readings that publishing waits for are due, in seconds since 1970; 0 while it waits for none.",
		}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "energytwin_generator_retries_total", Help: "Times that publishing began again after an error.",
		}),
		warmUpSet: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "energytwin_generator_warmup_writes_total", Help: "Times that the warm-up was written to Redis.",
		}),
	}
	if reg != nil {
		reg.MustRegister(p.rows, p.hour, p.lag, p.paused, p.dueAt, p.retries, p.warmUpSet)
	}
	return p
}

// published notes acknowledged readings up to an hour.
func (p *meterOfProgress) published(rows int64, hour meter.Hour) {
	p.rows.Add(float64(rows))
	p.hour.Set(float64(hour.Unix()))
	p.change(func(now *Progress) { now.Published += rows; now.Hour = hour }, false)
}

func (p *meterOfProgress) phase(phase Phase) {
	p.paused.Set(0)
	if phase == PhasePaused {
		p.paused.Set(1)
	}
	p.change(func(now *Progress) { now.Phase = phase }, phase == PhaseDone)
}

// due notes until when publishing waits. A long wait is shown at once.
func (p *meterOfProgress) due(at time.Time) {
	long := at.Sub(p.clock.Now()) > reportEvery
	p.dueAt.Set(0)
	if !at.IsZero() {
		p.dueAt.Set(float64(at.UnixMilli()) / 1000)
	}
	p.change(func(now *Progress) { now.Due = at }, long)
}

func (p *meterOfProgress) behind(lag int64) {
	p.lag.Set(float64(lag))
	p.change(func(now *Progress) { now.Lag = lag }, false)
}

func (p *meterOfProgress) change(f func(*Progress), tellNow bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.now)
	at := p.clock.Now()
	since := at.Sub(p.lastReported)
	if !tellNow && since < reportEvery {
		return
	}
	if since > 0 {
		p.now.Rate = float64(p.now.Published-p.lastRows) / since.Seconds()
	}
	p.lastReported, p.lastRows = at, p.now.Published
	if p.report != nil {
		p.report(p.now)
	}
}

func (p *meterOfProgress) current() Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}
