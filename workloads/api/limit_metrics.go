package api

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// riskCollector shows Prometheus the risk of each limit as the database has it at a
// scrape. Every replica of the API shows the same.
type riskCollector struct{ *server }

var (
	limitProbability = prometheus.NewDesc("energytwin_api_limit_exceedance_probability",
		"Probability that the load of a group exceeds its limit in the most likely hour of the forecast, without the plans of its meters and with them.",
		[]string{"group", "plans"}, nil)
	limitExcess = prometheus.NewDesc("energytwin_api_limit_expected_excess_kwh",
		"Energy expected above the limit of a group in all hours of the forecast, without the plans of its meters and with them.",
		[]string{"group", "plans"}, nil)
	limitTolerated = prometheus.NewDesc("energytwin_api_limit_tolerated_probability",
		"Probability above which the limit of a group is at risk: dsm.groups[].exceedance.",
		[]string{"group"}, nil)
)

// Describe implements prometheus.Collector.
func (c *riskCollector) Describe(out chan<- *prometheus.Desc) {
	out <- limitProbability
	out <- limitExcess
	out <- limitTolerated
}

// Collect implements prometheus.Collector. A database that does not answer has no such
// series: an error would hide all others of the scrape.
func (c *riskCollector) Collect(out chan<- prometheus.Metric) {
	if len(c.twin.Processor.Policy.Groups) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	risks, err := c.newestRisks(ctx)
	if err != nil {
		c.log.WarnContext(ctx, "no metrics of limits", "error", err)
		return
	}
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	for i := range risks {
		r := &risks[i]
		gauge(limitProbability, r.without.probability, r.group, "without")
		gauge(limitProbability, r.with.probability, r.group, "with")
		gauge(limitExcess, r.without.excess, r.group, "without")
		gauge(limitExcess, r.with.excess, r.group, "with")
		gauge(limitTolerated, r.tolerated, r.group)
	}
}

func (c *riskCollector) newestRisks(ctx context.Context) ([]limitRisk, error) {
	sum, err := c.db.Summary(ctx)
	if err != nil {
		return nil, err
	}
	return c.limitRisks(ctx, sum.LeastWatermark)
}
