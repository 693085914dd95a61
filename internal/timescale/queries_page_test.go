package timescale_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

func TestLoadAndForecastsByHour(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		north := tw.meters[0].GroupNo

		all, err := s.LoadByHour(ctx, nil, gapFrom-1, gapFrom+1)
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.Equal(t, []int64{3, 2}, []int64{all[0].Meters, all[1].Meters})
		require.InDelta(t, load(0, gapFrom)+load(2, gapFrom), all[1].KWh, 1e-5)
		group, err := s.LoadByHour(ctx, &north, gapFrom, gapFrom+1)
		require.NoError(t, err)
		require.Equal(t, reader.HourLoad{Hour: gapFrom, KWh: float64(load(0, gapFrom)), Meters: 1}, group[0])

		peaks, err := s.GroupPeaks(ctx, gapFrom, gapFrom+6)
		require.NoError(t, err)
		for _, p := range peaks {
			hours, err := s.LoadByHour(ctx, &p.GroupNo, gapFrom, gapFrom+6)
			require.NoError(t, err)
			require.Contains(t, hours, reader.HourLoad{Hour: p.Hour, KWh: p.KWh, Meters: hours[p.Hour-gapFrom].Meters})
			for _, h := range hours {
				require.LessOrEqual(t, h.KWh, p.KWh)
			}
		}
		require.Len(t, peaks, 2, "one of each group")

		// A forecast issued within the day takes over from its hour on.
		b := tw.batch(1)
		b.Forecasts = []twin.Forecast{groupForecast(tw.meters[0], day+76, 50), groupForecast(tw.meters[1], day+76, 50)}
		tw.commit(t, s, b)
		points, err := s.ForecastsInForce(ctx, &north, day+74, day+78)
		require.NoError(t, err)
		var p50 []float64
		for _, p := range points {
			p50 = append(p50, p.P50)
		}
		require.Equal(t, []float64{5, 100, 100}, p50, "the hour without a forecast is left out")
		// What is issued again every hour gives each hour the newest one, and the last of
		// them the hours still to come.
		for h := meter.Hour(80); h < 84; h++ {
			b := tw.batch(1)
			for _, m := range tw.meters[:2] {
				f := groupForecast(m, day+h, float32(h))
				f.DayAhead = false
				b.Forecasts = append(b.Forecasts, f)
			}
			tw.commit(t, s, b)
		}
		points, err = s.ForecastsInForce(ctx, &north, day+79, day+86)
		require.NoError(t, err)
		p50 = nil
		for _, p := range points {
			p50 = append(p50, p.P50)
			require.Equal(t, 2, p.Meters)
		}
		require.Equal(t, []float64{160, 162, 164, 166, 166, 166}, p50, "hour 79 is the one that the forecast of 76 lacks")
		// Groups have forecasts of their own.
		whole := func(issued meter.Hour, kwh float32) twin.GroupForecast {
			f := flatForecast(0, issued, kwh)
			return twin.GroupForecast{GroupNo: north, IssuedAt: issued, Model: f.Model, P10: f.P10, P50: f.P50, P90: f.P90}
		}
		b = tw.batch(1)
		b.GroupForecasts = []twin.GroupForecast{whole(day+72, 7), whole(day+78, 8)}
		tw.commit(t, s, b)
		points, err = s.GroupForecastsInForce(ctx, &north, day+74, day+83)
		require.NoError(t, err)
		p50 = nil
		for _, p := range points {
			p50 = append(p50, p.P50)
		}
		require.Equal(t, []float64{7, 7, 7, 8, 8, 8, 8}, p50, "hours 75 and 81 are those that the forecasts lack")
		points, err = s.GroupForecastsInForce(ctx, nil, day, day+72)
		require.NoError(t, err)
		require.Empty(t, points)
		each, err := s.ForecastsInForce(ctx, nil, day+72, day+73)
		require.NoError(t, err)
		require.Len(t, each, 2, "one of each group")

		change, err := s.PlannedChange(ctx, nil, day+24, day+48)
		require.NoError(t, err)
		require.Len(t, change, 24)
		require.Equal(t, reader.HourLoad{Hour: day + 42, KWh: -3.75, Meters: 3}, change[18])
		change, err = s.PlannedChange(ctx, &north, day+42, day+43)
		require.NoError(t, err)
		require.Equal(t, []reader.HourLoad{{Hour: day + 42, KWh: -2.5, Meters: 2}}, change)
	})
}

func TestDecisionLists(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		b := tw.batch(1)
		about := shiftDecision(twin.MeterRef{MeterKey: twin.MeterKey{Name: "", Group: "north"}, GroupNo: tw.meters[0].GroupNo}, day+72, tw.prov)
		about.SavingP50, about.Action, about.Plan = 9, dsm.ActionNone, nil
		decided(b, about)
		tw.commit(t, s, b)

		open := reader.DecisionList{From: day, To: day + 200, Now: day + 50, Limit: 100}
		for name, c := range map[string]struct {
			edit func(*reader.DecisionList)
			n    int
		}{
			"all":          {func(*reader.DecisionList) {}, 10},
			"meter":        {func(l *reader.DecisionList) { l.MeterNo = &tw.meters[2].MeterNo }, 3},
			"group":        {func(l *reader.DecisionList) { l.GroupNo = &tw.meters[0].GroupNo }, 7},
			"about meters": {func(l *reader.DecisionList) { l.About = "meter" }, 9},
			"about groups": {func(l *reader.DecisionList) { l.About = "group" }, 1},
			"planned only": {func(l *reader.DecisionList) { l.Planned = true }, 9},
			"action none":  {func(l *reader.DecisionList) { l.Action = ptr(dsm.ActionNone) }, 1},
			"reason":       {func(l *reader.DecisionList) { l.Reason = ptr(dsm.ReasonGroupLimit) }, 0},
			"past":         {func(l *reader.DecisionList) { l.Status = "past" }, 3},
			"active":       {func(l *reader.DecisionList) { l.Status = "active" }, 3},
			"open":         {func(l *reader.DecisionList) { l.Status = "open" }, 7},
			"to come":      {func(l *reader.DecisionList) { l.Status = "planned" }, 4},
		} {
			l := open
			c.edit(&l)
			found, err := s.ListDecisions(ctx, l)
			require.NoError(t, err, name)
			require.Len(t, found, c.n, name)
		}
		for order, first := range map[reader.DecisionOrder]bool{reader.NewestFirst: false, reader.ByWorth: true, reader.ByRiskAndWorth: true} {
			l := open
			l.Order = order
			all, err := s.ListDecisions(ctx, l)
			require.NoError(t, err)
			require.Equal(t, first, all[0].ID == about.ID)
			l.Limit = 1
			var paged []decisions.Row
			for range all {
				page, err := s.ListDecisions(ctx, l)
				require.NoError(t, err)
				require.Len(t, page, 1)
				paged = append(paged, page[0])
				l.After = ptr(reader.PlaceOf(page[0]))
			}
			require.Equal(t, ids(all), ids(paged))
		}
		risky := shiftDecision(twin.MeterRef{MeterKey: twin.MeterKey{Name: "", Group: "north"}, GroupNo: tw.meters[0].GroupNo}, day+96, tw.prov)
		risky.SavingP50, risky.Reason = -1, dsm.ReasonGroupLimit
		b = tw.batch(1)
		decided(b, risky)
		tw.commit(t, s, b)
		l := open
		l.Order = reader.ByRiskAndWorth
		all, err := s.ListDecisions(ctx, l)
		require.NoError(t, err)
		require.Equal(t, []uuid.UUID{risky.ID, about.ID}, ids(all)[:2], "a limit at risk comes before any saving")
		l.Limit, l.After = 1, ptr(reader.PlaceOf(all[0]))
		next, err := s.ListDecisions(ctx, l)
		require.NoError(t, err)
		require.Equal(t, about.ID, next[0].ID)

		bad := open
		bad.Status = "soon"
		_, err = s.ListDecisions(ctx, bad)
		require.ErrorIs(t, err, reader.ErrBadQuery)
	})
}

func TestRecountsAndMoves(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		north := tw.meters[0].GroupNo
		b := tw.batch(1)
		b.Corrected.Append(tw.meters[1].MeterNo, gapFrom, 5, twin.Late)
		b.Recounts = []twin.GroupHour{{GroupNo: north, Hour: gapFrom}, {GroupNo: north, Hour: gapFrom}}
		tw.commit(t, s, b)
		found, err := s.LoadByHour(ctx, &north, gapFrom, gapFrom+1)
		require.NoError(t, err)
		require.Equal(t, int64(2), found[0].Meters)
		require.InDelta(t, load(0, gapFrom)+5, found[0].KWh, 1e-6)
		b = tw.batch(1)
		b.Corrected.Append(tw.meters[1].MeterNo, gapFrom, -5, twin.Corrected)
		b.Recounts = []twin.GroupHour{{GroupNo: north, Hour: gapFrom}}
		tw.commit(t, s, b)
		metered, err := s.MeteredHours(ctx, reader.Scope{GroupNo: &north}, gapFrom, gapFrom+1)
		require.NoError(t, err)
		require.InDelta(t, load(0, gapFrom)-5, metered[0].KWh, 1e-6)
		require.InDelta(t, 5, metered[0].FedIn, 0)

		require.Zero(t, tw.state.TopicGeneration)
		for offset, hash := range []string{"first", "second"} {
			require.NoError(t, s.RecordSpec(ctx, 3, tw.state.Epoch, int64(offset), hash, []byte(`{}`)))
		}
		require.ErrorIs(t, s.MovePartition(ctx, 3, tw.state.Epoch+1, 0), writer.ErrFenced)
		require.NoError(t, s.MovePartition(ctx, 3, tw.state.Epoch, 0))
		state, err := s.TakePartition(ctx, 3, "next")
		require.NoError(t, err)
		require.Zero(t, state.NextOffset)
		require.Equal(t, meter.Hour(day+95), state.Watermark)
		require.Equal(t, 1, state.TopicGeneration)
		specs, err := s.Specs(ctx, 3)
		require.NoError(t, err)
		require.Equal(t, []writer.SpecRevision{{FromOffset: 0, Hash: "first", Document: []byte(`{}`)}}, specs, "those of later offsets are of the topic before")

		next := partition{no: 3, state: state}
		b = next.batch(1)
		b.Outbox = []writer.OutboxEntry{{Kind: writer.OutboxState, Hour: day}}
		require.NoError(t, s.Commit(ctx, b))
		items, err := s.Outbox(ctx, 1000)
		require.NoError(t, err)
		require.Equal(t, 1, items[len(items)-1].TopicGeneration)

		require.NoError(t, s.SchemaCurrent(ctx))
		_, err = s.Pool.Exec(ctx, `DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
		require.NoError(t, err)
		require.ErrorIs(t, s.SchemaCurrent(ctx), schema.ErrSchema)
	})
}

// A connection that breaks in the middle of a batch leaves nothing behind, and
// the batch can be sent again over another one.
func TestCommitAfterABrokenConnection(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		if s.one {
			t.Skip("needs several connections")
		}
		ctx := t.Context()
		p := take(t, s, 0, twin.MeterKey{Name: "a", Group: ""})
		b := p.batch(10)
		p.fill(b, day, 10)
		blocked, err := s.Pool.Begin(ctx)
		require.NoError(t, err)
		defer blocked.Rollback(ctx)
		_, err = blocked.Exec(ctx, `LOCK TABLE readings`) // holds the batch after its fence
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() { done <- s.Commit(ctx, b) }()
		require.Eventually(t, func() bool {
			return s.count(t, `SELECT count(pg_terminate_backend(pid)) FROM pg_locks
				WHERE NOT granted AND relation = 'readings'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) > 0
		}, 20*time.Second, time.Millisecond)
		require.Error(t, <-done)
		require.NoError(t, blocked.Rollback(ctx))
		require.Zero(t, s.count(t, `SELECT count(*) FROM readings`))
		p.commit(t, s, b)
		require.Equal(t, 10, s.count(t, `SELECT count(*) FROM readings`))
	})
}
