package middleware

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/energytwin/energytwin/workloads/api/requestid"
)

// Metrics are what Prometheus sees of the API.
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "energytwin_api_requests_total",
			Help: "Requests answered, by route, method and status.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "energytwin_api_request_seconds",
			Help:    "Time to answer a request, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route"}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.duration} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("api metrics: %w", err)
		}
	}
	return m, nil
}

// Observed counts and logs each request. The route's pattern is used, not the
// path, so that ids make no new time series.
func (m *Metrics) Observed(log *slog.Logger, clock func() time.Time) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := clock()
		c.Next()
		route := c.FullPath()
		if route == "" {
			route = "unmatched"
		}
		status, took := c.Writer.Status(), clock().Sub(start)
		m.requests.WithLabelValues(route, knownMethod(c.Request.Method), strconv.Itoa(status)).Inc()
		if route != StreamPath { // which takes as long as its caller stays
			m.duration.WithLabelValues(route).Observe(took.Seconds())
		}
		ctx := c.Request.Context()
		if !log.Enabled(ctx, slog.LevelDebug) {
			return
		}
		attrs := []slog.Attr{slog.Int("status", status), slog.Duration("took", took.Round(10*time.Microsecond))}
		if code := requestid.ProblemOf(ctx); code != "" {
			attrs = append(attrs, slog.String("code", code))
		}
		log.LogAttrs(ctx, slog.LevelDebug, "request", append(attrs, requestid.Attrs(ctx)...)...)
	}
}

// knownMethod keeps made-up methods from making time series.
func knownMethod(m string) string {
	switch m {
	case "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return m
	}
	return "other"
}
