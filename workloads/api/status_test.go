package api

import (
	"cmp"
	"log/slog"
	"slices"
	"testing"

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
