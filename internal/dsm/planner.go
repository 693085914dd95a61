package dsm

import (
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// MeterInput is what a plan for one meter rests on.
type MeterInput struct {
	Name         string
	Group        string // read where the input has nested groups: else the group is that of the input
	Forecast     forecast.Quantiles
	LastReading  meter.Hour
	MissingShare float64 // of the last 7 days, 0 to 1; a suspect reading is missing
	Suspects     int     // suspect readings among those of the 24 hours before the issue

	// MonthPeak is the highest hour before the issue in the local calendar month of the
	// plan, kW; 0 where it is not known or there was none. A demand charge needs it.
	MonthPeak float64

	// ExpectedPeak is the highest median forecast of that month's hours between the issue
	// and the plan, kW; 0 if there are none.
	ExpectedPeak float64

	// Previous is the plan of the day before, shifted by 24 h to the slots of
	// this one (hysteresis); nil if there was none.
	Previous []float32

	InForce InForce // what Revise may supersede; Plan reads nothing of it
}

// GroupInput is what the plans for one group, or for one tree of groups, rest on. Meters
// outside any group come as a group with no name and no limit. The order of meters is
// fixed, and with it that of sums: by name, in a tree those of a group before
// those of the groups below it.
type GroupInput struct {
	Group          string // the root of a tree
	IssuedAt       meter.Hour
	Start          meter.Hour // first hour of the plan, at or after IssuedAt
	Slots          int        // hours of the plan
	ActionableFrom meter.Hour
	Meters         []MeterInput

	// Forecast is that of the group's load as a whole over the plan's hours; empty if there
	// is none. A limit is held on it: its meters' forecasts add up to another median, and
	// only to a guess of the spread.
	Forecast forecast.Quantiles

	InForce uuid.UUID // decision about the group that Revise may supersede; the zero value for none

	// Nested are the groups of a tree, those below before those above them; nil for a
	// group by itself. Forecast and InForce are those of the nested groups then.
	Nested []NestedGroup
}

// NestedGroup is a group of a tree.
type NestedGroup struct {
	Name       string
	First, End int                // Meters[First:End] are its meters and those of the groups below it
	Forecast   forecast.Quantiles // as GroupInput has it
	InForce    uuid.UUID          // likewise
}

// groupOf is the group of a meter.
func (in *GroupInput) groupOf(i int) string {
	if len(in.Nested) == 0 {
		return in.Group
	}
	return in.Meters[i].Group
}

// passed is how many slots have passed before the plan can be known.
func (in *GroupInput) passed() int {
	return min(max(int(in.ActionableFrom)-int(in.Start), 0), in.Slots)
}

// Planner makes the plans of one policy. It is immutable and shared.
type Planner interface {
	// Plan decides for every meter of the group, in order, and for the group
	// itself, last, if it has a limit. It appends the decisions to dst. The same
	// input gives the same bytes.
	Plan(in *GroupInput, dst []Decision) []Decision

	// Revise plans again what is left of a day, and appends a decision for each plan in
	// force that a new one beats.
	Revise(in *GroupInput, dst []Decision) []Decision

	// Limits reports whether a group has a limit, so that its plans are revised together.
	Limits(group string) bool

	// NextBalance is the first slot from another one on at which a plan owes nothing, and a
	// revision may begin.
	NextBalance(plan []float32, from int) int
}
