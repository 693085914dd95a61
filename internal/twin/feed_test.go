package twin

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// feed applies messages one by one and keeps what a database would.
type feed struct {
	p    *Partition
	fx   Effects
	rows keptRows
	no   map[string]int32

	notNew []string // totals that were called new, and were there
}

type keptReading struct {
	kwh     float32
	quality Quality
}

type keptRows struct {
	Readings  map[string]keptReading
	Forecasts map[string]string
	Decisions map[string]string
	Groups    map[string]string // forecasts of groups
	Limits    map[string]string // how they compare with limits
	GroupLoad map[string]string
	Loads     map[string]string // what the partition knew at issues
	Revisions []string
	// Quarantine and what waits for the rest of an hour, by offset.
	Quarantine map[int64]string
	SubHours   map[string]string
	Counts     Counts
}

func newFeed(r *Rules) *feed {
	return &feed{p: New(0, r), no: map[string]int32{}, rows: keptRows{
		Readings: map[string]keptReading{}, Forecasts: map[string]string{},
		Decisions: map[string]string{}, Groups: map[string]string{}, Limits: map[string]string{}, GroupLoad: map[string]string{}, Loads: map[string]string{},
		Quarantine: map[int64]string{}, SubHours: map[string]string{},
	}}
}

// batch applies messages as one batch.
func (f *feed) batch(records []Record) { f.batchWith(records, nil) }

// batchWith applies messages as one batch, with the history of meters that are new.
func (f *feed) batchWith(records []Record, history map[string]meter.Series) {
	f.p.Begin(&f.fx)
	for _, rec := range records {
		f.p.Read(rec)
	}
	for _, key := range f.p.Unknown() {
		f.register(key)
	}
	f.p.Apply(history, &f.fx)
	f.p.Finish(&f.fx)
	f.keep()
}

func (f *feed) register(key MeterKey) {
	f.no[key.Name] = int32(len(f.no) + 1)
	ref := MeterRef{MeterKey: key, MeterNo: f.no[key.Name]}
	if key.Group != "" {
		ref.GroupNo = 1
	}
	f.p.Register(ref)
}

func (f *feed) keep() {
	r := &f.fx
	put := func(rows *Readings) {
		for i := range rows.MeterNo {
			f.store(rows.MeterNo[i], rows.Hour[i], rows.KWh[i], rows.Quality[i])
		}
	}
	unseen := func(rows []UnseenReading) {
		for _, v := range rows {
			f.store(v.MeterNo, v.Hour, v.KWh, v.Quality)
		}
	}
	put(&r.New)
	unseen(r.Pending)
	put(&r.Corrected)
	for _, v := range r.Verdicts {
		at := fmt.Sprint(v.MeterNo, v.Hour)
		row := f.rows.Readings[at]
		if row.quality = row.quality.Origin(); v.Suspect {
			row.quality = row.quality.Suspect()
		}
		f.rows.Readings[at] = row
	}
	unseen(r.Older)
	for _, v := range r.Forecasts {
		f.rows.Forecasts[fmt.Sprint(v.MeterNo, v.IssuedAt)] = fmt.Sprint(v.DayAhead, v.P10, v.P50, v.P90)
	}
	for _, v := range r.GroupForecasts {
		f.rows.Groups[fmt.Sprint(v.GroupNo, v.IssuedAt)] = fmt.Sprint(v.DayAhead, v.P10, v.P50, v.P90)
		if v.Limit != nil {
			f.rows.Limits[fmt.Sprint(v.GroupNo, v.IssuedAt)] = fmt.Sprint(*v.Limit)
		}
	}
	for _, v := range r.Loads {
		f.rows.Loads[v.IssuedAt.String()] = fmt.Sprint(v)
	}
	for _, v := range r.Decisions {
		f.rows.Decisions[v.ID.String()] = fmt.Sprintf("%+v", v)
	}
	for _, v := range r.GroupTotals {
		at := fmt.Sprint(v.GroupNo, v.Hour)
		if _, there := f.rows.GroupLoad[at]; there && v.New {
			f.notNew = append(f.notNew, at)
		}
		f.rows.GroupLoad[at] = fmt.Sprint(v.KWh, v.Meters, v.FedIn)
	}
	for _, v := range r.Recounts {
		f.recount(v)
	}
	for _, v := range r.Revisions {
		f.rows.Revisions = append(f.rows.Revisions, fmt.Sprint(v))
	}
	for _, v := range r.Rejected {
		f.rows.Quarantine[v.Offset] = fmt.Sprintf("%s %q %s", v.Reason, v.Key, v.Value)
	}
	for _, v := range r.SubHourDone {
		maps.DeleteFunc(f.rows.SubHours, func(at, _ string) bool {
			return strings.HasPrefix(at, fmt.Sprintln(v.MeterNo, v.Hour))
		})
	}
	for _, v := range r.SubHours {
		f.rows.SubHours[fmt.Sprintln(v.MeterNo, v.Hour)+fmt.Sprint(v.Minute)] = fmt.Sprintf("%d %q %s", v.Offset, v.Key, v.Value)
	}
	c, add := &f.rows.Counts, r.Counts
	c.In, c.Stored, c.Quarantined = c.In+add.In, c.Stored+add.Stored, c.Quarantined+add.Quarantined
	c.Duplicates, c.Corrections, c.Late = c.Duplicates+add.Duplicates, c.Corrections+add.Corrections, c.Late+add.Late
	c.Forecasts, c.Decisions = c.Forecasts+add.Forecasts, c.Decisions+add.Decisions
	c.Suspect, c.Confirmed = c.Suspect+add.Suspect, c.Confirmed+add.Confirmed
}

func (f *feed) store(no int32, h meter.Hour, kwh float32, q Quality) {
	at := fmt.Sprint(no, h)
	if row, ok := f.rows.Readings[at]; ok && row.kwh == kwh {
		return
	}
	f.rows.Readings[at] = keptReading{kwh, q}
}

// recount sums an hour's readings up, as the database does.
func (f *feed) recount(of GroupHour) {
	var kwh, fedIn float64
	var meters int32
	for _, m := range slices.Sorted(maps.Keys(f.p.meters)) {
		if f.p.meters[m].GroupNo != of.GroupNo {
			continue
		}
		row, ok := f.rows.Readings[fmt.Sprint(f.no[m], of.Hour)]
		if !ok || row.quality.IsSuspect() {
			continue
		}
		v := row.kwh
		kwh += float64(v)
		meters++
		if v < 0 {
			fedIn -= float64(v)
		}
	}
	f.rows.GroupLoad[fmt.Sprint(of.GroupNo, of.Hour)] = fmt.Sprint(kwh, meters, fedIn)
}

// restart replaces the partition by what its encoded state holds.
func (f *feed) restart(t require.TestingT) {
	states := map[string][]byte{}
	for m := range f.p.Meters() {
		states[m.Name] = m.AppendBinary(nil)
	}
	p, err := Restore(0, f.p.Rules(), f.p.Next(), f.p.AppendHeader(nil), maps.All(states))
	require.NoError(t, err)
	f.p = p
}
