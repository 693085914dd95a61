package api

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
)

// A group that holds others answers for all that is below it; the twin counts each meter once.
func TestGroupsThatHoldOthers(t *testing.T) {
	if store == nil {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	owner, err := pgx.Connect(t.Context(), withoutPool(storeURL))
	require.NoError(t, err)
	defer func() { _ = owner.Close(context.Background()) }()
	_, err = owner.Exec(t.Context(), `INSERT INTO groups (name) VALUES ('substation')`)
	require.NoError(t, err)
	defer func() {
		_, err := owner.Exec(context.Background(), `DELETE FROM groups WHERE name = 'substation'`)
		require.NoError(t, err)
	}()
	a := newTestAPI(t, func(c *config.Twin, _ *Deps) {
		c.Processor.Policy.Groups = []dsm.Group{
			{Name: "feeder-0001", Parent: "substation", CapacityKW: 10}, {Name: "feeder-0002", Parent: "substation"}, {Name: "substation", CapacityKW: 15},
		}
	})
	flat := newTestAPI(t, nil)
	groups := map[string]Group{}
	for _, g := range read[[]Group](t, a, "/api/v1/groups").Data {
		groups[g.ID] = g
	}
	whole, first, second := groups["substation"], groups["feeder-0001"], groups["feeder-0002"]
	require.Nil(t, whole.Parent)
	require.Equal(t, []string{"feeder-0001", "feeder-0002"}, whole.Children)
	require.Equal(t, "substation", *first.Parent)
	require.Equal(t, []string{}, first.Children)
	require.Equal(t, first.Meters+second.Meters, whole.Meters)
	require.InDelta(t, 15, *whole.CapacityKW, 0)
	require.Equal(t, first.LastAt, second.LastAt)
	require.InDelta(t, *first.LastKWh+*second.LastKWh, *whole.LastKWh, 1e-3)

	kwh := func(target string) (sum float64) {
		for _, p := range read[Load](t, a, target).Data.Points {
			if p.Actual != nil {
				sum += *p.Actual
			}
		}
		return sum
	}
	const days = "/load?from=now-5d&to=now"
	parts := kwh("/api/v1/groups/feeder-0001"+days) + kwh("/api/v1/groups/feeder-0002"+days)
	require.Positive(t, parts)
	require.InEpsilon(t, parts, kwh("/api/v1/groups/substation"+days), 1e-6)
	require.Equal(t, read[Load](t, flat, "/api/v1/load?from=now-5d").Data, read[Load](t, a, "/api/v1/load?from=now-5d").Data)

	figures := func(query string) KPIs { return read[KPIs](t, a, "/api/v1/kpis?from=now-20d&"+query).Data }
	one, two, all := figures("group=feeder-0001").Periods[0], figures("group=feeder-0002").Periods[0], figures("group=substation").Periods[0]
	require.Equal(t, one.Decisions+two.Decisions, all.Decisions)
	require.InEpsilon(t, *one.KWh+*two.KWh, *all.KWh, 1e-6)
	require.Equal(t, read[KPIs](t, flat, "/api/v1/kpis?from=now-20d").Data, figures(""))

	require.Len(t, read[[]Meter](t, a, "/api/v1/meters?limit=1000&group=substation").Data, whole.Meters)
	decisions := func(group string) int {
		return len(read[[]headerAnswer](t, a, "/api/v1/decisions?limit=1000&from=now-3d&group="+group).Data)
	}
	require.Equal(t, decisions("feeder-0001")+decisions("feeder-0002"), decisions("substation"))
	read[[]Series](t, a, "/api/v1/history?groupBy=group")
}
