// Package filled makes a database that holds weeks of a twin's life: made-up
// households with real forecasts and decisions, written as a processor writes
// them. The tests of the API and of the user interface look at it.
package filled

import (
	"context"
	"fmt"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/synth"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/internal/window"
)

// Size is how much is made up.
type Size struct {
	Meters int
	Groups int
	Days   int // whole ones before the last, which ends in the evening, or with the dataset
}

// Facts that tests rely on.
const (
	Zone       = "Europe/London"
	Year       = 2019
	SilentFrom = 40 // hours before the end from which the last meter sends nothing
	GapAt      = 30 // hours before the end at which the first meter has no reading
	Broken     = 3  // messages in quarantine

	Equipped = "home-000006" // has a battery and a car
)

// Twin is the configuration that the database is filled under.
func Twin() config.Twin {
	t := config.Twin{
		Namespace: "demo", Name: "riverside", Timezone: Zone, SpecHash: "3f9c2e7a51d8", Image: "energytwin:test",
		Dataset:   config.Dataset{Synthetic: &config.Synthetic{Seed: 42, Year: Year}},
		Generator: config.Generator{Mode: "Replay", Speed: 3600},
		Processor: config.Processor{IssueAt: "00:00", Policy: policy()},
	}
	t.API.Listen = "127.0.0.1:0"
	return t
}

func policy() dsm.Policy {
	return dsm.Policy{
		Mode:      dsm.ModeAdvisory,
		Objective: dsm.Objective{Cost: 1, Peak: 1},
		Tariff: dsm.Tariff{
			Currency: "GBP", Default: 0.27,
			Periods: []dsm.Period{
				{Name: "night", Days: "All", Start: "00:30", End: "05:30", Price: 0.12},
				{Name: "evening", Days: "All", Start: "16:00", End: "19:00", Price: 0.42},
			},
		},
		Flexibility: dsm.Flexibility{ShiftableShare: 0.2, MaxShiftHours: 6, MaxIncrease: 0.4},
		Groups: []dsm.Group{
			{Name: "feeder-0001", CapacityKW: 17}, {Name: "feeder-0002", CapacityKW: 15}, {Name: "feeder-0003", CapacityKW: 26}, {Name: "feeder-0004", CapacityKW: 6, Exceedance: 0.1},
		},
		Assets: []dsm.Asset{
			{Name: "battery", Meters: []string{Equipped}, Battery: &dsm.Battery{CapacityKWh: 8, PowerKW: 3, Efficiency: 0.9, Reserve: 0.1}},
			{Name: "car", Meters: []string{Equipped}, EV: &dsm.EV{EnergyKWh: 9, PowerKW: 7, Arrival: "18:00", Departure: "07:00", Days: "All"}},
		},
		MinSaving: 0.01, Freshness: 24,
	}
}

// Fill writes the twin's life into a database with a current schema. It
// returns the watermark that it ends with.
func Fill(ctx context.Context, db *writer.DB, cfg config.Twin, size Size) (meter.Hour, error) {
	f, err := newFiller(ctx, db, cfg, size)
	if err != nil {
		return meter.NoHour, fmt.Errorf("fill the database: %w", err)
	}
	if err := f.run(ctx); err != nil {
		return meter.NoHour, fmt.Errorf("fill the database: %w", err)
	}
	for i := range f.ofTwin {
		if err := db.PutTwinForecast(ctx, &f.ofTwin[i], 1); err != nil {
			return meter.NoHour, err
		}
	}
	if err := f.settle(ctx, cfg); err != nil {
		return meter.NoHour, fmt.Errorf("settle decisions: %w", err)
	}
	if err := report(ctx, db); err != nil {
		return meter.NoHour, err
	}
	return f.end, nil
}

// report is what a generator reports of a file with rows that cannot be used.
func report(ctx context.Context, db *writer.DB) error {
	text, err := (&config.DatasetReport{
		DatasetFigures: config.DatasetFigures{
			Read: 64_800, RejectedRows: 3, Missing: 24,
			Reasons: []config.RowsFigures{{Reason: "the value is not a number", Rows: 2}, {Reason: "the time is not one", Rows: 1}},
			Findings: []string{
				"guessed unit: kWh (no column names one, and the mean is that of a home; to change it, set spec.dataset.layout.unit)",
				"took 1h for time.interval",
				"warning: 24 rows repeat the meter and interval of another one; the later one counts, as a correction",
			},
		},
		Rows: []config.RejectedRow{
			{Line: 17, Column: "kwh", Reason: "the value is not a number", Text: "home-000001,2019-01-01T15:00:00Z,much"},
			{Line: 18, Column: "kwh", Reason: "the value is not a number", Text: "home-000001,2019-01-01T16:00:00Z,more"},
			{Line: 202, Column: "timestamp", Reason: "the time is not one", Text: "home-000009,yesterday,0.4"},
		},
	}).Stored()
	if err != nil {
		return err
	}
	return db.SetDatasetReport(ctx, text)
}

// filler plays the part of a processor with one partition.
type filler struct {
	db         *writer.DB
	size       Size
	source     dataset.Source
	calendar   *meter.Calendar
	issueAt    meter.IssueTime
	planner    dsm.Planner
	model      forecast.Model
	refs       []twin.MeterRef
	windows    []*window.Window
	states     []forecast.State
	newest     []twin.NewestReading // in the batch; one row a meter
	groups     map[int32][]int      // group number → meters
	order      []int32              // of groups
	loads      map[int32]*window.Window
	whole      *window.Window       // of the twin
	ofTwin     []twin.GroupForecast // of the twin, by issue
	capacities map[string]float64   // of groups with a limit, kW
	provenance int32
	state      writer.PartitionState
	start, end meter.Hour
}

func newFiller(ctx context.Context, db *writer.DB, cfg config.Twin, size Size) (*filler, error) {
	f := &filler{db: db, size: size, model: forecast.NewSeasonalNaive(), groups: map[int32][]int{}, loads: map[int32]*window.Window{}, whole: window.New(8 * 7 * 24), capacities: map[string]float64{}}
	for _, g := range cfg.Processor.Policy.Groups {
		f.capacities[g.Name] = g.CapacityKW
	}
	var err error
	if f.calendar, err = meter.NewCalendar(cfg.Timezone); err != nil {
		return nil, err
	}
	if f.issueAt, err = meter.ParseIssueTime(cfg.Processor.IssueAt); err != nil {
		return nil, err
	}
	if f.planner, err = dsm.NewPlanner(cfg.Processor.Policy, f.calendar, cfg.Namespace+"/"+cfg.Name); err != nil {
		return nil, err
	}
	f.source, err = synth.New(synth.Options{
		Meters: size.Meters, Groups: size.Groups, Seed: cfg.Dataset.Synthetic.Seed, Year: cfg.Dataset.Synthetic.Year, Zone: cfg.Timezone,
	})
	if err != nil {
		return nil, err
	}
	f.start = f.source.Info().Start
	end := f.source.Info().End
	if days := int(end-f.start) / meter.HoursPerDay; size.Days > days {
		return nil, fmt.Errorf("%d days are more than the dataset's: ask for at most %d", size.Days, days)
	}
	f.end = min(f.start+meter.Hour(size.Days*meter.HoursPerDay+18), end-1) // an early evening
	if f.state, err = db.TakePartition(ctx, 0, "filled"); err != nil {
		return nil, err
	}
	f.provenance, err = db.EnsureProvenance(ctx, decisions.Provenance{
		Model: f.model.Name(), ModelVersion: "1", Image: cfg.Image, SpecHash: cfg.SpecHash,
		DatasetSHA: f.source.Info().SHA256, Tariff: "time of use", Origin: "stream",
	})
	if err != nil {
		return nil, err
	}
	return f, f.nameMeters(ctx)
}

func (f *filler) nameMeters(ctx context.Context) error {
	var keys []twin.MeterKey
	for _, m := range f.source.Info().Meters {
		keys = append(keys, twin.MeterKey{Name: m.Name, Group: m.Group})
	}
	var err error
	if f.refs, err = f.db.EnsureMeters(ctx, 0, keys); err != nil {
		return err
	}
	f.newest = make([]twin.NewestReading, len(f.refs))
	for i, r := range f.refs {
		f.windows = append(f.windows, window.New(8*7*24))
		f.states = append(f.states, f.model.NewState())
		if f.groups[r.GroupNo] == nil {
			f.order = append(f.order, r.GroupNo)
			f.loads[r.GroupNo] = window.New(8 * 7 * 24)
		}
		f.groups[r.GroupNo] = append(f.groups[r.GroupNo], i)
	}
	return nil
}

func (f *filler) run(ctx context.Context) error {
	batch := f.newBatch()
	next := f.calendar.NextIssue(f.start-1, f.issueAt)
	for rows, err := range f.source.Rows(f.start) {
		if err != nil {
			return err
		}
		h := rows[0].Hour
		if h == next {
			following := f.calendar.NextIssue(h, f.issueAt)
			f.issue(batch, h, int(following-h))
			next = following
		}
		f.take(batch, rows)
		if h == f.end {
			break
		}
		if (h-f.start)%24 == 23 {
			if err := f.commit(ctx, batch, h); err != nil {
				return err
			}
			batch = f.newBatch()
		}
	}
	f.spoil(batch)
	return f.commit(ctx, batch, f.end)
}

func (f *filler) newBatch() *writer.Batch {
	return &writer.Batch{
		Effects: twin.Effects{PrevOffset: f.state.NextOffset, NextOffset: f.state.NextOffset},
		Epoch:   f.state.Epoch, Provenance: f.provenance,
	}
}

func (f *filler) commit(ctx context.Context, b *writer.Batch, h meter.Hour) error {
	b.Watermark = h
	for i := range f.newest {
		if f.newest[i].Stored > 0 {
			b.Newest = append(b.Newest, f.newest[i])
		}
		f.newest[i] = twin.NewestReading{}
	}
	if err := f.db.Commit(ctx, b); err != nil {
		return err
	}
	f.state.NextOffset = b.NextOffset
	return nil
}

// take stores the readings of an hour.
func (f *filler) take(b *writer.Batch, rows []dataset.Row) {
	load, fedIn, reported := map[int32]float64{}, map[int32]float64{}, map[int32]int32{}
	h := rows[0].Hour
	for _, r := range rows {
		i := int(r.Meter)
		if f.missing(i, h) {
			continue
		}
		ref := f.refs[i]
		f.windows[i].Put(h, r.KWh)
		b.New.Append(ref.MeterNo, h, r.KWh, twin.Measured)
		f.newest[i] = twin.NewestReading{MeterNo: ref.MeterNo, Hour: h, KWh: r.KWh, Stored: f.newest[i].Stored + 1}
		load[ref.GroupNo] += float64(r.KWh)
		fedIn[ref.GroupNo] += max(-float64(r.KWh), 0)
		reported[ref.GroupNo]++
		b.NextOffset++
		b.Counts.In++
		b.Counts.Stored++
	}
	all := 0.0
	for _, g := range f.order {
		if reported[g] > 0 {
			f.loads[g].PutJudged(h, float32(load[g]), false)
			all += load[g]
			b.GroupTotals = append(b.GroupTotals, twin.GroupTotal{GroupNo: g, Hour: h, KWh: load[g], Meters: reported[g], FedIn: fedIn[g]})
		}
	}
	f.whole.PutJudged(h, float32(all), false)
}

// missing reports whether a reading never came.
func (f *filler) missing(i int, h meter.Hour) bool {
	return i == 0 && h == f.end-GapAt || i == len(f.refs)-1 && h > f.end-SilentFrom
}

// issue forecasts every meter and decides, group by group.
func (f *filler) issue(b *writer.Batch, h meter.Hour, slots int) {
	for _, g := range f.order {
		in := dsm.GroupInput{Group: f.refs[f.groups[g][0]].Group, IssuedAt: h, Start: h, Slots: slots, ActionableFrom: h}
		for _, i := range f.groups[g] {
			q := quantiles(slots)
			f.states[i].Forecast(f.windows[i], h, q)
			b.Forecasts = append(b.Forecasts, twin.Forecast{
				MeterNo: f.refs[i].MeterNo, GroupNo: f.refs[i].GroupNo, IssuedAt: h, DayAhead: true, Model: f.model.Name(), P10: q.P10, P50: q.P50, P90: q.P90,
			})
			in.Meters = append(in.Meters, dsm.MeterInput{
				Name: f.refs[i].Name, Forecast: q, LastReading: f.windows[i].Newest(), MissingShare: f.windows[i].Missing(h, 7*24),
			})
		}
		for n, d := range f.planner.Plan(&in, nil) {
			stored := twin.Decision{Decision: d, GroupNo: g}
			if d.Meter != "" {
				stored.MeterNo = f.refs[f.groups[g][n]].MeterNo
			}
			b.Decisions = append(b.Decisions, stored)
		}
	}
	for _, g := range f.order {
		q := quantiles(slots)
		f.model.NewState().Forecast(f.loads[g], h, q)
		b.GroupForecasts = append(b.GroupForecasts, twin.GroupForecast{
			GroupNo: g, IssuedAt: h, DayAhead: true, Model: f.model.Name(), P10: q.P10, P50: q.P50, P90: q.P90, Limit: f.limitRisk(g, q, b.Decisions),
		})
	}
	whole := quantiles(slots)
	f.model.NewState().Forecast(f.whole, h, whole)
	f.ofTwin = append(f.ofTwin, twin.GroupForecast{IssuedAt: h, DayAhead: true, Model: f.model.Name(), P10: whole.P10, P50: whole.P50, P90: whole.P90})
	b.Counts.Forecasts += int64(len(f.refs))
	b.Counts.Decisions = int64(len(b.Decisions))
}

// limitRisk compares the forecast of a group with its limit, without the plans of its
// meters and with them; nil if it has none.
func (f *filler) limitRisk(g int32, q forecast.Quantiles, decided []twin.Decision) *twin.LimitRisk {
	capacity := f.capacities[f.refs[f.groups[g][0]].Group]
	if capacity == 0 {
		return nil
	}
	change := make([]float64, len(q.P50))
	for i := range decided {
		if d := &decided[i]; d.GroupNo == g && d.Meter != "" && d.ValidFrom == decided[len(decided)-1].ValidFrom {
			for t, kwh := range d.Plan {
				change[t] += float64(kwh)
			}
		}
	}
	r := &twin.LimitRisk{CapacityKW: float32(capacity)}
	for t := range q.P50 {
		before, excessBefore := dsm.HourRisk(q, t, 0, capacity)
		after, excessAfter := dsm.HourRisk(q, t, change[t], capacity)
		r.ProbabilityBefore, r.ExcessBefore = append(r.ProbabilityBefore, float32(before)), append(r.ExcessBefore, float32(excessBefore))
		r.ProbabilityAfter, r.ExcessAfter = append(r.ProbabilityAfter, float32(after)), append(r.ExcessAfter, float32(excessAfter))
	}
	return r
}

func quantiles(n int) forecast.Quantiles {
	return forecast.Quantiles{P10: make([]float32, n), P50: make([]float32, n), P90: make([]float32, n)}
}

// spoil adds rejected messages.
func (f *filler) spoil(b *writer.Batch) {
	for i, q := range []twin.RejectedMessage{
		{Reason: "bad_timestamp", Detail: "ts: write it as 2026-01-31T00:00:00Z", Value: []byte(`{"meter":"home-000001","ts":"yesterday","kwh":0.4,"interval":"PT1H"}`)},
		{Reason: "bad_timestamp", Detail: "ts: missing", Value: []byte(`{"meter":"home-000002","kwh":0.4,"interval":"PT1H"}`)},
		{Reason: "malformed", Detail: "this is not JSON", Value: []byte("\xff\xfe no JSON")},
	} {
		q.Offset, q.Key = b.NextOffset+int64(i), []byte("feeder-0001")
		b.Rejected = append(b.Rejected, q)
	}
	b.NextOffset += Broken
	b.Counts.In += Broken
	b.Counts.Quarantined += Broken
}
