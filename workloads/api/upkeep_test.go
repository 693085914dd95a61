package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

func TestOperationsShowHowTheTwinRuns(t *testing.T) {
	a := newTestAPI(t, nil)
	answer := read[Operations](t, a, "/api/v1/operations")
	ops := answer.Data
	require.Equal(t, storeEnd.Time(), *answer.Meta.AsOf)
	require.Equal(t, "1.2.3", ops.Version)
	require.Contains(t, ops.Database, "PostgreSQL")
	require.Nil(t, ops.MessagesPerSecond)
	a.now.advance(time.Minute)
	again := read[Operations](t, a, "/api/v1/operations").Data
	require.Zero(t, *again.MessagesPerSecond, "nothing came")
	require.Zero(t, *again.ReadingsPerSecond)

	progress, err := store.Progress(t.Context())
	require.NoError(t, err)
	require.Len(t, ops.Partitions, len(progress))
	least := *ops.Partitions[0].Watermark
	for i, p := range progress {
		require.Equal(t, p.NextOffset, ops.Partitions[i].NextOffset)
		require.Equal(t, p.Watermark.Time(), *ops.Partitions[i].Watermark)
		require.GreaterOrEqual(t, ops.Partitions[i].BehindHours, 0)
		if ops.Partitions[i].Watermark.Before(least) {
			least = *ops.Partitions[i].Watermark
		}
	}
	require.Equal(t, storeEnd.Time(), least)
	require.False(t, ops.LastForecastsAt.After(storeEnd.Time()))
	require.False(t, ops.SettledTo.After(storeEnd.Time()))
	types := map[string]bool{}
	for _, c := range ops.Conditions {
		types[c.Type] = c.OK
		require.NotEmpty(t, c.Message)
	}
	require.Equal(t, map[string]bool{"Fresh": types["Fresh"], "Together": true, "Settled": true, "Relayed": types["Relayed"]}, types)
	a.now.advance(time.Hour)
	require.False(t, read[Operations](t, a, "/api/v1/operations").Data.Conditions[0].OK, "nothing was written for an hour")
}

// Conditions fail when a partition, or settling, or the relay stays behind.
func TestConditions(t *testing.T) {
	newTestAPI(t, nil) // skips where there is no database
	s, err := newServer(filledTwin(t), Deps{DB: store})
	require.NoError(t, err)
	now := s.clock()
	day := meter.HourOf(now)
	good := func() (progress, reader.Upkeep) {
		return progress{least: day, greatest: day + 2, written: now}, reader.Upkeep{LastDecisions: day - 6, SettledTo: day - 20}
	}
	for name, tt := range map[string]struct {
		change func(*progress, *reader.Upkeep)
		fails  string
	}{
		"keeps up": {func(*progress, *reader.Upkeep) {}, ""},
		"silent":   {func(p *progress, _ *reader.Upkeep) { p.written = now.Add(-time.Hour) }, "Fresh"},
		"empty": {func(p *progress, u *reader.Upkeep) {
			*p, *u = progressOf(nil), reader.Upkeep{SettledTo: meter.NoHour, LastDecisions: meter.NoHour}
		}, "Fresh"},
		"a partition hangs": {func(p *progress, _ *reader.Upkeep) { p.greatest = day + 25 }, "Together"},
		"nobody settles":    {func(_ *progress, u *reader.Upkeep) { u.SettledTo = day - 49 }, "Settled"},
		"never settled":     {func(_ *progress, u *reader.Upkeep) { u.SettledTo, u.LastDecisions = meter.NoHour, day-49 }, "Settled"},
		"nobody relays":     {func(_ *progress, u *reader.Upkeep) { u.Unrelayed, u.UnrelayedSince = 3, now.Add(-time.Hour) }, "Relayed"},
		"relays":            {func(_ *progress, u *reader.Upkeep) { u.Unrelayed, u.UnrelayedSince = 3, now.Add(-time.Minute) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, u := good()
			tt.change(&p, &u)
			failed := ""
			for _, c := range s.conditions(&p, &u) {
				if !c.OK {
					failed += c.Type
				}
			}
			require.Equal(t, tt.fails, failed)
		})
	}
}

func TestSpecIsWhatDecidesRows(t *testing.T) {
	a := newTestAPI(t, func(twin *config.Twin, _ *Deps) {
		twin.Database.URL = "postgres://owner:hunter2@db/twin"
		twin.Dataset.Path = "/data/secret.csv"
	})
	w := a.get("/api/v1/spec")
	for _, hidden := range []string{"hunter2", "secret.csv", "keys"} {
		require.NotContains(t, w.Body.String(), hidden)
	}
	spec := read[Spec](t, a, "/api/v1/spec").Data
	twin := filledTwin(t)
	require.Equal(t, twin.SpecHash, spec.SpecHash)
	require.Equal(t, twin.Timezone, spec.Timezone)
	require.Equal(t, twin.Processor.IssueAt, spec.Forecast.IssueAt)
	tariff := spec.Policy["tariff"].(map[string]any)
	require.Equal(t, twin.Processor.Policy.Tariff.Currency, tariff["currency"])
	specs, err := store.HeldSpecs(t.Context())
	require.NoError(t, err)
	require.Len(t, spec.History, len(specs))
}
