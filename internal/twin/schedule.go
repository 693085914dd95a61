package twin

import (
	"github.com/energytwin/energytwin/internal/meter"
)

// issueTimes are the issue times that come next.
type issueTimes struct {
	any      meter.Hour // of a forecast; NoHour while there is no watermark
	dayAhead meter.Hour // at Settings.IssueAt, when plans are made; any, or one after it
}

// noIssues are those of a partition without a watermark.
func noIssues() issueTimes { return issueTimes{any: meter.NoHour, dayAhead: meter.NoHour} }

// issuesAfter are the first issue times after h that are not inside the warm-up. They
// depend on h and the rules alone, so that no state keeps them.
func (r *Rules) issuesAfter(h meter.Hour) issueTimes {
	if r.IssueFrom != meter.NoHour {
		h = max(h, r.IssueFrom-1)
	}
	return issueTimes{
		any:      r.cal.NextReissue(h, r.issueAt, r.Reissue),
		dayAhead: r.cal.NextIssue(h, r.issueAt),
	}
}

// NextDayAhead is the first time after h at which day-ahead forecasts are issued.
func (r *Rules) NextDayAhead(h meter.Hour) meter.Hour { return r.issuesAfter(h).dayAhead }

// Leads is how many hours of a forecast count before a newer one replaces it: those of
// the horizon, or those until forecasts are issued again.
func (r *Rules) Leads() int {
	if r.Reissue < meter.HoursPerDay {
		return r.Reissue
	}
	return r.Horizon
}

// forecastHours is how many hours a forecast issued at t covers. A day-ahead forecast
// reaches the next one, at hour until, so that plans have every hour; until is t for
// others.
func (r *Rules) forecastHours(t, until meter.Hour) int {
	return int(max(r.cal.SameClock(t, r.Horizon), until) - t)
}
