package api

import (
	"cmp"
	"log/slog"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/test/ui/filled"
)

// A limit of a group that no stored meter is in is reported: it has no effect.
func TestGroupsWithoutMetersAreReported(t *testing.T) {
	if store == nil {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	s := &server{twin: filled.Twin(), db: store}
	empty, err := s.emptyGroups(t.Context())
	require.NoError(t, err)
	require.Empty(t, empty)
	s.twin.Processor.Policy.Groups = []dsm.Group{{Name: "south"}, {Name: "feeder-0001"}, {Name: "north"}}
	empty, err = s.emptyGroups(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"north", "south"}, empty)
}

// How the generator read its file is shown also when no generator is left.
func TestFiguresHaveTheReportOnTheDataset(t *testing.T) {
	if store == nil {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	s := &server{twin: filled.Twin(), db: store, log: slog.New(slog.DiscardHandler)}
	report, err := s.datasetReport(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, report.Findings)
	figures := s.figures(t.Context())
	require.True(t, figures.Answered)
	require.Equal(t, &report.DatasetFigures, figures.Dataset)
}

// Of all limits the figures show the one that a load comes closest to, measured
// or forecast.
func TestWorstLimit(t *testing.T) {
	if store == nil {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	s := &server{twin: filled.Twin(), db: store}
	sum, err := store.Summary(t.Context())
	require.NoError(t, err)
	mark := sum.LeastWatermark
	worst := func(groups ...dsm.Group) *config.LimitFigures {
		s.twin.Processor.Policy.Groups = groups
		got, err := s.worstLimit(t.Context(), mark)
		require.NoError(t, err)
		return got
	}
	require.Nil(t, worst())
	require.Nil(t, worst(dsm.Group{Name: "north", CapacityKW: 1}, dsm.Group{Name: "feeder-0001"}), "no group with both a limit and a load")

	group, err := store.GroupByName(t.Context(), "feeder-0001")
	require.NoError(t, err)
	measured, err := store.LoadByHour(t.Context(), &group.GroupNo, mark-horizon, mark)
	require.NoError(t, err)
	forecast, err := store.GroupForecastsInForce(t.Context(), &group.GroupNo, mark, mark+horizon)
	require.NoError(t, err)
	require.NotEmpty(t, measured)
	peak := slices.MaxFunc(measured, func(a, b reader.HourLoad) int { return cmp.Compare(a.KWh, b.KWh) })
	want := config.LimitFigures{Group: "feeder-0001", CapacityKW: 2, PeakKW: peak.KWh, At: peak.Hour.Time()}
	for _, p := range forecast {
		if p.P50 > want.PeakKW {
			want.PeakKW, want.At, want.Forecast = p.P50, p.Hour.Time(), true
		}
	}
	got := worst(dsm.Group{Name: "feeder-0001", CapacityKW: 2}, dsm.Group{Name: "feeder-0002", CapacityKW: 1e6})
	require.Equal(t, want, *got)
	require.Greater(t, got.Share(), 1.0)
	require.Equal(t, "feeder-0002", worst(dsm.Group{Name: "feeder-0001", CapacityKW: 1e6}, dsm.Group{Name: "feeder-0002", CapacityKW: 2}).Group)

	mark = meter.NoHour
	require.Nil(t, worst(dsm.Group{Name: "feeder-0001", CapacityKW: 2}), "nothing is stored")
}

// The figures show the hour of the next two days in which a limit is most likely to be exceeded,
// and Prometheus the risk of each limit.
func TestLimitAtRisk(t *testing.T) {
	if store == nil {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	s := &server{twin: filled.Twin(), db: store, log: slog.New(slog.DiscardHandler)}
	const free = "feeder-0003" // has no limit any more
	s.twin.Processor.Policy.Groups = slices.DeleteFunc(s.twin.Processor.Policy.Groups, func(g dsm.Group) bool { return g.Name == free })
	sum, err := store.Summary(t.Context())
	require.NoError(t, err)
	mark := sum.LeastWatermark
	forecasts, err := store.NewestGroupForecasts(t.Context(), mark-horizon, mark)
	require.NoError(t, err)
	require.Len(t, forecasts, 4)
	groups, err := store.Groups(t.Context())
	require.NoError(t, err)
	nameOf := map[int32]string{}
	for _, g := range groups {
		nameOf[g.GroupNo] = g.Name
	}

	var want *config.RiskFigures
	metrics := map[string]float64{}
	for _, f := range forecasts {
		require.Less(t, f.IssuedAt, mark, "some hours of it have passed")
		name, l := nameOf[f.GroupNo], f.Limit
		if name == free {
			continue
		}
		for i := int(mark - f.IssuedAt); i < len(f.P50); i++ {
			p, excess := float64(l.ProbabilityAfter[i]), float64(l.ExcessAfter[i])
			if want == nil || p > want.Probability || p == want.Probability && excess > want.ExcessKWh {
				want = &config.RiskFigures{
					Group: name, CapacityKW: float64(l.CapacityKW), At: (f.IssuedAt + meter.Hour(i)).Time(), Probability: p, ExcessKWh: excess,
				}
			}
			for plans, of := range map[string][2]float32{"without": {l.ProbabilityBefore[i], l.ExcessBefore[i]}, "with": {l.ProbabilityAfter[i], l.ExcessAfter[i]}} {
				key := name + " " + plans
				metrics["probability "+key] = max(metrics["probability "+key], float64(of[0]))
				metrics["excess "+key] += float64(of[1])
			}
		}
		metrics["tolerated "+name] = 0.15
	}
	require.Len(t, metrics, 3*5, "groups without a limit have no risk")
	require.Greater(t, want.Probability, 0.15, "a limit is at risk")

	tolerate := func(p float64) {
		for i := range s.twin.Processor.Policy.Groups {
			s.twin.Processor.Policy.Groups[i].Exceedance = p
		}
	}
	tolerate(0.15)
	risks, err := s.limitRisks(t.Context(), mark)
	require.NoError(t, err)
	require.Equal(t, want, mostAtRisk(risks))
	require.Equal(t, want, s.figures(t.Context()).LimitAtRisk)

	answer, err := s.listGroups(t.Context(), nil)
	require.NoError(t, err)
	atRisk := 0
	for _, g := range answer.Body.Data {
		if g.CapacityKW == nil {
			require.Nil(t, g.LimitRisk)
			continue
		}
		require.InDelta(t, metrics["probability "+g.ID+" with"], g.LimitRisk.With, 1e-6)
		require.InDelta(t, metrics["probability "+g.ID+" without"], g.LimitRisk.Without, 1e-6)
		require.Equal(t, g.LimitRisk.With > 0.15, g.LimitRisk.AtRisk)
		require.Equal(t, 0.15, g.LimitRisk.Tolerated)
		if g.ID == want.Group {
			require.Equal(t, want.At, g.LimitRisk.At)
			require.InDelta(t, want.ExcessKWh, g.LimitRisk.Excess, 1e-6)
			atRisk++
		}
	}
	require.Equal(t, 1, atRisk)

	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(&riskCollector{s}))
	require.Equal(t, metrics, limitMetrics(t, registry))

	tolerate(want.Probability)
	require.Nil(t, s.figures(t.Context()).LimitAtRisk, "what a limit tolerates is no risk")
	tolerate(0)
	risks, err = s.limitRisks(t.Context(), mark)
	require.NoError(t, err)
	require.Equal(t, 0.5, risks[0].tolerated, "a limit that is held for the mean day")
	risks, err = s.limitRisks(t.Context(), meter.NoHour)
	require.NoError(t, err)
	require.Empty(t, risks, "nothing is stored")
	s.twin.Processor.Policy.Groups = nil
	require.Nil(t, s.figures(t.Context()).LimitAtRisk)
	require.Empty(t, limitMetrics(t, registry))
}

// limitMetrics are the values of the metrics of limits by their subject, group and plans.
func limitMetrics(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	subjects := map[string]string{
		"energytwin_api_limit_exceedance_probability": "probability", "energytwin_api_limit_expected_excess_kwh": "excess",
		"energytwin_api_limit_tolerated_probability": "tolerated",
	}
	out := map[string]float64{}
	for _, family := range families {
		for _, m := range family.Metric {
			key := subjects[family.GetName()]
			for _, label := range m.Label {
				key += " " + label.GetValue()
			}
			out[key] = m.GetGauge().GetValue()
		}
	}
	return out
}
