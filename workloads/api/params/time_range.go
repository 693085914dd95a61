// Package params reads the parameters that many routes have: times, ranges of
// time, and the cursors of lists.
package params

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// maxRange is the longest stretch of time that one answer covers: a year, and
// a day of slack for time zones.
const maxRange = 367 * 24 * time.Hour

// century is the farthest that a relative time lies from now.
const century = 36_525 * 24 * time.Hour

var relativeTime = regexp.MustCompile(`^now(?:([+-])(\d{1,6})([mhdw]))?$`)

// Times reads times as callers of a twin write them.
type Times struct {
	Now  time.Time      // of the twin
	Zone *time.Location // in which its days begin
}

// Parse reads an RFC 3339 time, a date, which is the time at which it begins in the zone,
// or a time relative to now: now, now-7d, now+24h. Units are m, h, d and w; a day is 24 h.
func (ts Times) Parse(field, text string) (time.Time, error) {
	m := relativeTime.FindStringSubmatch(text)
	if m == nil {
		return ts.absolute(field, text)
	}
	if m[2] == "" {
		return ts.Now, nil
	}
	n, err := strconv.Atoi(m[1] + m[2])
	if err != nil {
		return time.Time{}, problem.Invalid(field, fmt.Sprintf("%q: %v", text, err))
	}
	unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[3]]
	if most := int(century / unit); n > most || n < -most { // before it is multiplied, which may overflow
		return time.Time{}, problem.Invalid(field, fmt.Sprintf("%q lies more than a century away", text))
	}
	return ts.Now.Add(time.Duration(n) * unit), nil
}

func (ts Times) absolute(field, text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, strings.ToUpper(text)) // RFC 3339 has t and z too
	if date, noDate := time.Parse(time.DateOnly, text); noDate == nil {
		y, m, d := date.Date()
		t, err = meter.DayStart(y, m, d, ts.Zone).Time(), nil
	}
	if err != nil {
		return time.Time{}, problem.Invalid(field, fmt.Sprintf("%q is no time; write it as 2026-01-31T00:00:00Z, 2026-01-31, now or now-7d", text))
	}
	if t.Year() < 1900 || t.Year() > 2200 {
		return time.Time{}, problem.Invalid(field, fmt.Sprintf("%q lies outside the years 1900 to 2200", text))
	}
	return t.UTC(), nil
}

// HourRange is a stretch of whole hours: From inclusive, To exclusive.
type HourRange struct{ From, To meter.Hour }

// Hours is the length of the range.
func (r HourRange) Hours() int { return int(r.To - r.From) }

// Range reads from and to. Both are widened to whole hours. Empty texts stand for the
// defaults.
func (ts Times) Range(from, to, defaultFrom, defaultTo string) (HourRange, error) {
	if from == "" {
		from = defaultFrom
	}
	if to == "" {
		to = defaultTo
	}
	f, err := ts.Parse("from", from)
	if err != nil {
		return HourRange{}, err
	}
	t, err := ts.Parse("to", to)
	if err != nil {
		return HourRange{}, err
	}
	if !f.Before(t) {
		return HourRange{}, problem.Invalid("to", fmt.Sprintf("to (%s) must lie after from (%s)", t.Format(time.RFC3339), f.Format(time.RFC3339)))
	}
	if t.Sub(f) > maxRange {
		return HourRange{}, problem.New(422, problem.CodeRangeTooLong, "from", "the range is longer than 367 days; ask for it in parts")
	}
	return HourRange{From: meter.HourOf(f), To: meter.CeilHour(t)}, nil
}
