package webhook

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/energytwin/energytwin/internal/webhook"
)

// Metrics are what Prometheus sees of webhooks.
type Metrics struct {
	attempts *prometheus.CounterVec
	queued   prometheus.Counter
	dropped  prometheus.Counter
	givenUp  prometheus.Counter
	hooks    *prometheus.GaugeVec
	pending  prometheus.Gauge
}

// What attempts come to.
const (
	attemptDelivered  = "delivered"
	attemptRejected   = "rejected"
	attemptUnanswered = "unanswered"
)

// Status is how a webhook is doing.
type Status string

// The statuses.
const (
	StatusActive  Status = "active"
	StatusFailing Status = "failing" // the newest attempts failed
	StatusPaused  Status = "paused"  // somebody turned it off
	StatusOff     Status = "off"     // it was turned off, as nothing was delivered
)

// StatusOf is the status of a state.
func StatusOf(s *webhook.State) Status {
	switch {
	case s.OffSince.IsZero() && s.FailingSince.IsZero():
		return StatusActive
	case s.OffSince.IsZero():
		return StatusFailing
	case s.OffWhy == webhook.OffByUser:
		return StatusPaused
	}
	return StatusOff
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "energytwin_api_webhook_attempts_total",
			Help: "Attempts to deliver messages of webhooks: delivered, rejected (the receiver did not answer 2xx), unanswered.",
		}, []string{"outcome"}),
		queued: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "energytwin_api_webhook_messages_total",
			Help: "Messages that were queued for receivers of webhooks.",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "energytwin_api_webhook_events_dropped_total",
			Help: "Events that found no room in the queue of a webhook; its receiver gets a reset.",
		}),
		givenUp: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "energytwin_api_webhook_messages_given_up_total",
			Help: "Messages that were given up, as their receiver did not take them while it took others.",
		}),
		hooks: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "energytwin_api_webhooks",
			Help: "Webhooks: active, failing (the newest attempts failed), paused (by a person), off (nothing was delivered for too long). Each API process counts all of them.",
		}, []string{"status"}),
		pending: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "energytwin_api_webhook_messages_pending",
			Help: "Messages that wait for receivers of webhooks. Each API process counts all of them.",
		}),
	}
	for _, c := range []prometheus.Collector{m.attempts, m.queued, m.dropped, m.givenUp, m.hooks, m.pending} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of webhooks: %w", err)
		}
	}
	for _, outcome := range []string{attemptDelivered, attemptRejected, attemptUnanswered} {
		m.attempts.WithLabelValues(outcome)
	}
	return m, nil
}

// attempted counts an attempt.
func (m *Metrics) attempted(o *webhook.Outcome) {
	outcome := attemptRejected
	if o.Delivered {
		outcome = attemptDelivered
	} else if o.Status == 0 {
		outcome = attemptUnanswered
	}
	m.attempts.WithLabelValues(outcome).Inc()
}

// observe sets how webhooks are doing.
func (m *Metrics) observe(hooks []*webhook.Webhook, states map[uuid.UUID]webhook.State) {
	count := map[Status]int{StatusActive: 0, StatusFailing: 0, StatusPaused: 0, StatusOff: 0}
	pending := 0
	for _, h := range hooks {
		state := states[h.ID]
		count[StatusOf(&state)]++
		pending += state.Pending
	}
	for status, n := range count {
		m.hooks.WithLabelValues(string(status)).Set(float64(n))
	}
	m.pending.Set(float64(pending))
}
