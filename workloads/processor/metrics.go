package processor

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/energytwin/energytwin/internal/twin"
)

// metrics are what Prometheus scrapes from a processor.
type metrics struct {
	messages          prometheus.Counter
	readings          *prometheus.CounterVec // by outcome
	rejected          *prometheus.CounterVec // by reason
	forecasts         prometheus.Counter
	decisions         prometheus.Counter
	lost              prometheus.Counter
	retries           *prometheus.CounterVec
	lag               *prometheus.GaugeVec
	watermark         *prometheus.GaugeVec
	checkpointErrors  prometheus.Counter
	checkpointSeconds prometheus.Histogram
	relayed           *prometheus.CounterVec
	relayErrors       prometheus.Counter
	liveDropped       prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Namespace: "energytwin", Subsystem: "processor", Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Namespace: "energytwin", Subsystem: "processor", Name: name, Help: help}, labels)
	}
	gauges := func(name, help string) *prometheus.GaugeVec {
		return f.NewGaugeVec(prometheus.GaugeOpts{Namespace: "energytwin", Subsystem: "processor", Name: name, Help: help}, []string{"partition"})
	}
	return &metrics{
		messages:         counter("messages_total", "Messages committed."),
		readings:         counters("readings_total", "Readings committed, by what became of them.", "outcome"),
		rejected:         counters("rejected_total", "Readings rejected, by reason.", "reason"),
		forecasts:        counter("forecasts_total", "Forecasts committed."),
		decisions:        counter("decisions_total", "Decisions committed."),
		lost:             counter("lost_messages_total", "Messages that the log dropped before they were read."),
		retries:          counters("retries_total", "Tries of a store operation that failed.", "operation"),
		lag:              gauges("lag_messages", "Messages in the log that are not read yet."),
		watermark:        gauges("watermark_seconds", "Hours before this instant are over, in seconds since 1970."),
		checkpointErrors: counter("checkpoint_errors_total", "Checkpoints that could not be saved."),
		checkpointSeconds: f.NewHistogram(prometheus.HistogramOpts{
			Namespace: "energytwin", Subsystem: "processor", Name: "checkpoint_seconds",
			Help: "Time to save one partition's checkpoint.", Buckets: prometheus.ExponentialBuckets(.01, 2, 12),
		}),
		relayed:     counters("relayed_total", "Outbox entries relayed, by kind.", "kind"),
		relayErrors: counter("relay_errors_total", "Tries to relay outbox entries that failed."),
		liveDropped: counter("live_events_dropped_total", "Events that the live stream misses, as Redis did not take them for too long."),
	}
}

// count adds what a committed batch brought.
func (m *metrics) count(fx *twin.Effects) {
	c := &fx.Counts
	m.messages.Add(float64(c.In))
	m.readings.WithLabelValues("stored").Add(float64(c.Stored))
	m.readings.WithLabelValues("quarantined").Add(float64(c.Quarantined))
	for i := range fx.Rejected {
		m.rejected.WithLabelValues(fx.Rejected[i].Reason).Inc()
	}
	m.readings.WithLabelValues("duplicate").Add(float64(c.Duplicates))
	m.readings.WithLabelValues("correction").Add(float64(c.Corrections))
	m.readings.WithLabelValues("late").Add(float64(c.Late))
	m.readings.WithLabelValues("suspect").Add(float64(c.Suspect))
	m.readings.WithLabelValues("confirmed").Add(float64(c.Confirmed))
	m.forecasts.Add(float64(c.Forecasts))
	m.decisions.Add(float64(c.Decisions))
}
