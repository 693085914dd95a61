package twin

import (
	"fmt"
	"math"
	"time"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// Settings are everything in a twin's specification that decides its effects, as
// plain values.
type Settings struct {
	Twin     string // namespace/name; identifiers of decisions derive from it
	SpecHash string // of the specification; equal hashes give equal effects
	Timezone string // IANA name
	IssueAt  string // local HH:MM at which the day-ahead forecasts are issued

	// Horizon is how many hours a forecast covers by the local clock, 24 or more; 0 is
	// 24. A day-ahead forecast reaches the next one whatever it is.
	Horizon int
	// Reissue is how many hours after a forecast of a meter the next one is issued, by
	// the local clock and counted from each IssueAt on; 24, or 0, is at IssueAt only.
	Reissue int
	// GroupReissue is the same for forecasts of groups; 0 is no forecasts of groups.
	GroupReissue int

	// AllowedLateness is how far the watermark stays behind the greatest hour.
	AllowedLateness meter.Hour
	// History is how many hours of each meter are kept, beside the allowed lateness.
	History int

	// From and To bound the hours that a reading may have, To exclusive. NoHour
	// leaves a side open.
	From, To meter.Hour
	// MaxAhead is how far a reading may lie after the time at which the broker
	// accepted it; 0 where From and To bound it already.
	MaxAhead time.Duration
	// MaxKWh is what no hour of a meter exceeds, either way; 0 for no limit.
	MaxKWh float64

	IssueFrom meter.Hour // no forecast is issued before: the end of the warm-up; NoHour for none
	WarmUp    bool       // meters may have history from before the stream

	Policy       dsm.Policy
	Temperatures *forecast.Temperatures // outdoor temperatures; nil if there are none
	Coefficients *forecast.Coefficients // of the forecast; nil for those that are shipped

	// Series is the revision of the series that were sent to the twin, whose values Policy
	// and Temperatures have; 0 for none.
	Series int64
}

// Accepts reports whether a reading may have hour h, as far as From and To bound it.
func (s *Settings) Accepts(h meter.Hour) bool {
	return (s.From == meter.NoHour || h >= s.From) && (s.To == meter.NoHour || h < s.To)
}

// Rules are settings that have been checked, with what is made from them. They are
// immutable and shared by partitions; a changed specification makes new rules,
// which hold from a known offset on.
type Rules struct {
	Settings
	cal     *meter.Calendar
	issueAt meter.IssueTime
	mostKWh float32 // +Inf for no limit
	tree    dsm.Tree
	ring    int // hours of a window
	model   *forecast.Combined
	planner dsm.Planner // nil when decisions are off
	ledger  *dsm.Ledger // nil with it
	warmer  int64       // revision of the temperatures that model has; 0 for those of the specification
}

// NewRules checks settings. An error names what is wrong with the time zone, the
// issue times, the horizon or the policy.
func NewRules(s Settings) (*Rules, error) {
	r := &Rules{Settings: s, mostKWh: float32(math.Inf(1)), tree: s.Policy.Tree(), ring: s.History + int(s.AllowedLateness)}
	var err error
	if r.cal, err = meter.NewCalendar(s.Timezone); err != nil {
		return nil, err
	}
	if r.issueAt, err = meter.ParseIssueTime(s.IssueAt); err != nil {
		return nil, err
	}
	if r.Horizon == 0 {
		r.Horizon = meter.HoursPerDay
	}
	if r.Horizon < meter.HoursPerDay || r.Horizon >= forecast.MaxHorizon {
		return nil, fmt.Errorf("a forecast of %d hours: write from %d to %d", r.Horizon, meter.HoursPerDay, forecast.MaxHorizon-1)
	}
	if r.Reissue == 0 {
		r.Reissue = meter.HoursPerDay
	}
	if r.Reissue < 1 || r.Reissue > meter.HoursPerDay {
		return nil, fmt.Errorf("forecasts every %d hours: write from 1 to %d", r.Reissue, meter.HoursPerDay)
	}
	if r.GroupReissue < 0 || r.GroupReissue > meter.HoursPerDay {
		return nil, fmt.Errorf("forecasts of groups every %d hours: write from 0 to %d", r.GroupReissue, meter.HoursPerDay)
	}
	coefficients := s.Coefficients
	if coefficients == nil {
		if coefficients, err = forecast.Shipped(); err != nil {
			return nil, err
		}
	}
	r.model = forecast.NewCombined(r.cal, r.issueAt, coefficients, s.Temperatures)
	if s.MaxKWh > 0 {
		r.mostKWh = float32(s.MaxKWh)
	}
	if s.Policy.Mode == dsm.ModeOff {
		return r, nil
	}
	return r, r.plan()
}

// plan makes what decides and evaluates by the policy.
func (r *Rules) plan() (err error) {
	if r.planner, err = dsm.NewPlanner(r.Policy, r.cal, r.Twin); err != nil {
		return err
	}
	r.ledger, err = dsm.NewLedger(r.Policy, r.cal, r.Twin)
	return err
}

// Calendar is that of the time zone.
func (r *Rules) Calendar() *meter.Calendar { return r.cal }

// Model is how forecasts are made.
func (r *Rules) Model() forecast.Model { return r.model }

// Ledger evaluates plans against what was measured; nil when decisions are off.
func (r *Rules) Ledger() *dsm.Ledger { return r.ledger }
