package stream

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are what Prometheus sees of the streams.
type Metrics struct {
	clients  prometheus.Gauge
	items    *prometheus.CounterVec
	ended    *prometheus.CounterVec
	rejected *prometheus.CounterVec
}

// Why streams end.
const (
	endedLeft    = "left"
	endedSlow    = "slow"
	endedAccess  = "access"
	endedStopped = "stopped" // of the process, or of Redis
)

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		clients: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "energytwin_api_stream_clients",
			Help: "Clients that watch live events now.",
		}),
		items: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "energytwin_api_stream_events_total",
			Help: "Live events that were read for clients, by kind. Each counts once, however many clients there are.",
		}, []string{"kind"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "energytwin_api_stream_ended_total",
			Help: "Streams that have ended: left by the client, slow (it took too little for too long), access (its key or session ended), stopped (by the process, or as Redis was away).",
		}, []string{"why"}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "energytwin_api_stream_rejected_total",
			Help: "Clients that were rejected: full (too many clients), key (too many of one key), unavailable (Redis).",
		}, []string{"why"}),
	}
	for _, c := range []prometheus.Collector{m.clients, m.items, m.ended, m.rejected} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of streams: %w", err)
		}
	}
	return m, nil
}
