package processor

import (
	"fmt"
	"math"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// rules is everything in a twin's spec that decides rows. It is immutable; a
// changed spec makes new rules, which hold from a known offset on.
type rules struct {
	specHash string
	cal      *meter.Calendar
	issueAt  meter.IssueTime
	lateness meter.Hour // how far the watermark stays behind the greatest hour

	// The hours that a reading may have. NoHour leaves a side open.
	from, to meter.Hour
	// maxAhead is how far a reading may lie after the broker's time; 0 where the
	// dataset's window bounds it already.
	maxAhead time.Duration
	// mostKWh is what no hour of a meter exceeds, either way; +Inf for no limit.
	mostKWh float32

	issueFrom meter.Hour // no forecast is issued before: the end of the warm-up
	warmUp    bool       // meters may have history in Redis from before the stream
	ring      int        // hours of a window: the configured history, of which readings after the watermark take a day at most
	model     forecast.Model
	planner   dsm.Planner // nil when decisions are off
	ledger    *dsm.Ledger // nil with it
	currency  string

	demandCharge bool // the tariff charges for the highest hour of a month
}

func newRules(twin *config.Twin) (*rules, error) {
	cal, err := meter.NewCalendar(twin.Timezone)
	if err != nil {
		return nil, err
	}
	at, err := meter.ParseIssueTime(twin.Processor.IssueAt)
	if err != nil {
		return nil, err
	}
	given, err := forecast.Shipped()
	if err != nil {
		return nil, err
	}
	outdoors, err := config.TemperaturesOf(twin.Processor.Temperatures)
	if err != nil {
		return nil, fmt.Errorf("spec.processor.forecast.temperature: %w", err)
	}
	r := &rules{
		specHash: twin.SpecHash,
		cal:      cal,
		issueAt:  at,
		lateness: meter.Hour(twin.Processor.AllowedLateness.Hours()),
		from:     meter.NoHour, to: meter.NoHour, issueFrom: meter.NoHour,
		model:    forecast.NewCombined(cal, at, given, outdoors),
		currency: twin.Processor.Policy.Tariff.Currency,

		demandCharge: twin.Processor.Policy.Tariff.DemandCharge > 0,
		mostKWh:      float32(math.Inf(1)),
	}
	if twin.Dataset.MaxKW > 0 {
		r.mostKWh = float32(twin.Dataset.MaxKW)
	}
	r.ring = twin.Processor.HistoryWindow.Hours() + int(r.lateness)
	r.bound(twin)
	if twin.Processor.Policy.Mode != dsm.ModeOff {
		r.planner, err = dsm.NewPlanner(twin.Processor.Policy, cal, twin.Namespace+"/"+twin.Name)
		if err != nil {
			return nil, err
		}
		r.ledger, err = dsm.NewLedger(twin.Processor.Policy, cal, twin.Namespace+"/"+twin.Name)
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

// bound sets which hours are taken. A replay stays inside the dataset's window,
// as far as that is known: where the spec names no start, only what reads the file
// knows it. A loop goes on with later years and has no end. A stream from outside
// may not run ahead of the broker's clock.
func (r *rules) bound(twin *config.Twin) {
	mode := twin.Generator.Mode
	if mode != "Off" {
		r.warmUp = twin.Generator.WarmUp > 0
	}
	if mode == "Live" || mode == "Off" {
		r.maxAhead = time.Hour
		return
	}
	if twin.Dataset.Start.IsZero() {
		return
	}
	from, to := meter.HoursWithin(twin.Dataset.Start, time.Duration(twin.Dataset.Span))
	r.from = from
	if mode == "Replay" && to > from {
		r.to = to
	}
	if r.warmUp {
		r.issueFrom = r.from + meter.Hour(twin.Generator.WarmUp.Hours())
	}
}

// Reasons for which a well-formed message is quarantined.
const (
	reasonOutsideWindow  = "outside_dataset_window"
	reasonFuture         = "in_the_future"
	reasonWrongPartition = "wrong_partition"
	reasonGroupChanged   = "group_changed"
	reasonIncompleteHour = "incomplete_hour"
	reasonPartOverlaps   = "overlapping_part"
	reasonPartTooLong    = "part_too_long"
)

// refuse gives the reason for which a message that the broker took at
// brokerTime is not accepted for its time, or "".
func (r *rules) refuse(m *meter.Message, brokerTime time.Time) string {
	h := m.Hour
	if r.from != meter.NoHour && h < r.from || r.to != meter.NoHour && h >= r.to {
		return reasonOutsideWindow
	}
	if r.maxAhead > 0 && m.Start().After(brokerTime.Add(r.maxAhead)) {
		return reasonFuture
	}
	return ""
}

// nextIssue is the first issue time after h that is not inside the warm-up.
func (r *rules) nextIssue(h meter.Hour) meter.Hour {
	next := r.cal.NextIssue(h, r.issueAt)
	if r.issueFrom != meter.NoHour && next < r.issueFrom {
		next = r.cal.NextIssue(r.issueFrom-1, r.issueAt)
	}
	return next
}
