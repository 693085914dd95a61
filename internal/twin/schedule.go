package twin

import (
	"math"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// issueTimes are the issue times that come next. They are a function of the watermark
// and the rules, so that no state keeps them.
type issueTimes struct {
	next     meter.Hour // the first of those below; NoHour while there is no watermark
	meters   meter.Hour // the first of those with forecasts of meters: all but groups
	forecast meter.Hour // of forecasts of meters, day-ahead or issued again
	groups   meter.Hour // of forecasts of groups, likewise
	dayAhead meter.Hour // at Settings.IssueAt
	plans    meter.Hour // of plans, with the forecasts that they rest on; never without a planner
	beside   meter.Hour // of plans under the rules of DecideBeside, likewise
}

// never is an issue time that does not come.
const never = meter.Hour(math.MaxInt32)

// noIssues are those of a partition without a watermark.
func noIssues() issueTimes {
	none := meter.NoHour
	return issueTimes{next: none, meters: none, forecast: none, groups: none, dayAhead: none, plans: none, beside: none}
}

// issuesAfter are the first issue times after h that are not inside the warm-up.
func (p *Partition) issuesAfter(h meter.Hour) issueTimes {
	due := issueTimes{
		forecast: p.rules.nextForecast(h, p.rules.Reissue), groups: p.rules.nextGroupForecast(h),
		dayAhead: p.rules.NextDayAhead(h), plans: p.rules.nextPlans(h), beside: never,
	}
	if p.beside != nil {
		due.beside = p.beside.rules.nextPlans(h)
	}
	due.meters = min(due.forecast, due.plans, due.beside)
	due.next = min(due.meters, due.groups)
	return due
}

// afterWarmUp is h, or the last hour before issues begin if that is later.
func (r *Rules) afterWarmUp(h meter.Hour) meter.Hour {
	if r.IssueFrom == meter.NoHour {
		return h
	}
	return max(h, r.IssueFrom-1)
}

// nextForecast is the first time after h at which forecasts that are issued again every
// so many hours are issued, day-ahead or again.
func (r *Rules) nextForecast(h meter.Hour, every int) meter.Hour {
	return r.cal.NextReissue(r.afterWarmUp(h), r.issueAt, every)
}

// nextGroupForecast is the first time after h at which forecasts of groups are issued.
func (r *Rules) nextGroupForecast(h meter.Hour) meter.Hour {
	if r.GroupReissue == 0 {
		return never
	}
	return r.nextForecast(h, r.GroupReissue)
}

// NextDayAhead is the first time after h at which day-ahead forecasts are issued.
func (r *Rules) NextDayAhead(h meter.Hour) meter.Hour {
	return r.cal.NextIssue(r.afterWarmUp(h), r.issueAt)
}

// nextPlans is the first time after h at which plans are issued: the lead time before a
// local midnight.
func (r *Rules) nextPlans(h meter.Hour) meter.Hour {
	if r.planner == nil {
		return never
	}
	lead := r.lead()
	return r.cal.NextIssue(r.afterWarmUp(h)+lead, midnight) - lead
}

// midnight is when local days begin.
var midnight = meter.IssueTime{}

// lead is the time from the issue of a plan to the midnight at which it begins.
func (r *Rules) lead() meter.Hour { return meter.Hour(r.Policy.LeadHours) }

// Day is a local day, from its first hour to that of the next day.
type Day struct {
	Start, End meter.Hour // End exclusive
}

// Hours is the length of the day: 24, or 23 or 25 where clocks change.
func (d Day) Hours() int { return int(d.End - d.Start) }

// plannedAt is the day of the plans that are issued at t.
func (r *Rules) plannedAt(t meter.Hour) Day {
	start := t + r.lead()
	return Day{Start: start, End: r.cal.NextIssue(start, midnight)}
}

// Leads is how many hours of a forecast count before a newer one replaces it: those of
// the horizon, or those until forecasts are issued again.
func (r *Rules) Leads() int {
	if r.Reissue < meter.HoursPerDay {
		return r.Reissue
	}
	return r.Horizon
}

// forecastHours is how many hours a forecast of a meter issued at t covers, of what is due then: the
// horizon; from a day-ahead issue to the next one at least; and the day of plans. It is 0
// if the rules have nothing due.
func (r *Rules) forecastHours(t meter.Hour, due issueTimes) int {
	return r.reach(t, due.forecast, due)
}

// groupHours is the same for a forecast of a group.
func (r *Rules) groupHours(t meter.Hour, due issueTimes) int { return r.reach(t, due.groups, due) }

// reach is how many hours a forecast covers that is due at next, or for what is planned.
func (r *Rules) reach(t, next meter.Hour, due issueTimes) int {
	until := t
	if t == next {
		until = r.cal.SameClock(t, r.Horizon)
	}
	if t == due.dayAhead {
		until = max(until, r.cal.NextIssue(t, r.issueAt))
	}
	if t == due.plans {
		until = max(until, r.plannedAt(t).End)
	}
	return min(int(until-t), forecast.MaxHorizon)
}
