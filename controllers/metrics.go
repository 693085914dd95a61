package controllers

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Metrics are what Prometheus sees of the operator, besides what every
// controller shows.
type Metrics struct {
	writes       *prometheus.CounterVec // applies sent, by kind
	skipped      prometheus.Counter     // applies that would have changed nothing
	statusWrites prometheus.Counter
	outcomes     *prometheus.CounterVec // reconciliations, by outcome
	phases       *prometheus.GaugeVec   // twins, by phase

	mu     sync.Mutex
	phased map[client.ObjectKey]v1.Phase
}

// NewMetrics makes the metrics and registers them.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	name := func(s string) string { return "energytwin_operator_" + s }
	m := &Metrics{
		writes:       prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("applies_total"), Help: "Applies sent to the API server, by kind."}, []string{"kind"}),
		skipped:      prometheus.NewCounter(prometheus.CounterOpts{Name: name("applies_skipped_total"), Help: "Applies not sent, as they would have changed nothing."}),
		statusWrites: prometheus.NewCounter(prometheus.CounterOpts{Name: name("status_writes_total"), Help: "Writes of a twin's status."}),
		outcomes:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("reconciliations_total"), Help: "Reconciliations, by outcome: ok, stalled or error."}, []string{"outcome"}),
		phases:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name("twins"), Help: "Twins, by phase."}, []string{"phase"}),
		phased:       map[client.ObjectKey]v1.Phase{},
	}
	for _, c := range []prometheus.Collector{m.writes, m.skipped, m.statusWrites, m.outcomes, m.phases} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// outcome counts how a reconciliation ended that left a twin in a phase.
func (m *Metrics) outcome(err error, phase v1.Phase) {
	outcome := "ok"
	switch {
	case err != nil:
		outcome = "error"
	case phase == v1.PhaseStalled:
		outcome = "stalled"
	}
	m.outcomes.WithLabelValues(outcome).Inc()
}

// phase notes the phase of a twin.
func (m *Metrics) phase(twin client.ObjectKey, now v1.Phase) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, known := m.phased[twin]
	if known && before == now {
		return
	}
	if known {
		m.phases.WithLabelValues(string(before)).Dec()
	}
	m.phases.WithLabelValues(string(now)).Inc()
	m.phased[twin] = now
}

// forget takes a twin that is gone out of the count.
func (m *Metrics) forget(twin client.ObjectKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if before, known := m.phased[twin]; known {
		m.phases.WithLabelValues(string(before)).Dec()
		delete(m.phased, twin)
	}
}
