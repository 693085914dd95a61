package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// mostDays is how many days are counted at once.
const mostDays = 366

// MissingHours are the hours that are missing of all meters, by day and by group.
type MissingHours struct {
	MissingSum
	Days       []MissingDay   `json:"days" nullable:"false" doc:"Each day of the twin's calendar, in order of time"`
	GroupCount int            `json:"groupCount" doc:"Groups with meters of their own, listed or not"`
	Groups     []MissingGroup `json:"groups" nullable:"false" doc:"Those with most missing hours first, at most limit"`
}

// MissingSum counts hours of meters: a day of 10 meters has 240 of them.
type MissingSum struct {
	Hours   int64 `json:"hours" doc:"Hours of meters that have passed"`
	Missing int64 `json:"missing" doc:"Of those without a reading, or with a suspect one"`
}

// MissingDay counts the hours of the meters on a day.
type MissingDay struct {
	Date string `json:"date" format:"date"`
	MissingSum
}

// MissingGroup counts the hours of the meters of a group.
type MissingGroup struct {
	ID     *string `json:"id" doc:"Null stands for meters outside any group"`
	Meters int     `json:"meters" doc:"Of the group itself: a group below it counts for itself"`
	MissingSum
	HoursByDay   []int64 `json:"hoursByDay" nullable:"false" doc:"One number for each of the days"`
	MissingByDay []int64 `json:"missingByDay" nullable:"false" doc:"One number for each of the days"`
}

type missingHoursInput struct {
	Group string `query:"group" maxLength:"128" doc:"Only this group and those below it" example:"feeder-0001"`
	From  string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"The day of it is counted from its start. Default now-30d" example:"now-30d"`
	To    string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Exclusive; default now. A range has at most 366 days"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Groups that are listed"`
}

func (s *server) missingHoursOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/data-quality/missing", OperationID: "missingHours", Tags: []string{openapi.TagQuality}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Hours that are missing of all meters, by day and group",
		Description: "A meter counts from its first reading on, whether it still reports or not. Hours still to come count as nothing. A day has 23 or 25 hours where the clocks change.",
	}, s.missingHours)
}

func (s *server) missingHours(ctx context.Context, in *missingHoursInput) (*output[MissingHours], error) {
	size, err := s.area(ctx)
	if err != nil {
		return nil, err
	}
	var groupNo *int32
	groups := size.groups + 1
	if in.Group != "" {
		g, err := s.findGroup(ctx, in.Group)
		if err != nil {
			return nil, asFilter("group", err)
		}
		groupNo, groups = &g.GroupNo, 1
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.times(now).Range(in.From, in.To, "now-30d", "now")
	if err != nil {
		return nil, err
	}
	w.From = s.periodStart(w.From, "day")
	if days := daysOf(w.To - w.From - 1); days > mostDays {
		return nil, problem.Invalid("from", fmt.Sprintf("the range has %d days, and at most %d are counted at once; ask for a shorter range", days, mostDays))
	}
	w.To = min(w.To, now)
	view := MissingHours{Days: []MissingDay{}, Groups: []MissingGroup{}}
	if w.From < w.To {
		if err := s.afford(ctx, w.Hours()*groups+size.meters, "from", "ask for a shorter range"); err != nil {
			return nil, err
		}
		bounds := s.dayBounds(w, &view)
		found, err := s.db.GroupDays(ctx, groupNo, bounds)
		if err != nil {
			return nil, s.failed(ctx, "count the hours that are missing", err)
		}
		view.count(found, in.Limit)
	}
	meta := Meta{Step: "1d", TZ: s.twin.Timezone, AsOf: asOf(now, known), Partial: view.Missing > 0}
	return &output[MissingHours]{Body: Answer[MissingHours]{Data: view, Meta: meta}}, nil
}

// dayBounds are the hours at which the days of a range begin, and its end. It adds the days.
func (s *server) dayBounds(w params.HourRange, view *MissingHours) (bounds []meter.Hour) {
	for _, p := range s.periods(w, "day", nil) {
		bounds = append(bounds, p.from)
		view.Days = append(view.Days, MissingDay{Date: p.key})
	}
	return append(bounds, w.To)
}

// count adds up the groups, and lists those with most missing hours.
func (v *MissingHours) count(of []reader.GroupDays, limit int) {
	v.GroupCount = len(of)
	for i := range of {
		g := &of[i]
		m := MissingGroup{Meters: g.Meters, HoursByDay: g.Due, MissingByDay: make([]int64, len(g.Due))}
		if g.Name != "" {
			m.ID = &g.Name
		}
		for d, hours := range g.Due {
			missing := hours - g.Reported[d]
			m.MissingByDay[d] = missing
			m.add(hours, missing)
			v.Days[d].add(hours, missing)
			v.add(hours, missing)
		}
		v.Groups = append(v.Groups, m)
	}
	slices.SortStableFunc(v.Groups, func(a, b MissingGroup) int { return cmp.Compare(b.Missing, a.Missing) })
	v.Groups = v.Groups[:min(limit, len(v.Groups))]
}

func (m *MissingSum) add(hours, missing int64) {
	m.Hours += hours
	m.Missing += missing
}
