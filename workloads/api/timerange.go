package api

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// maxRange is the longest stretch of time that one answer covers: a year, and
// a day of slack for time zones.
const maxRange = 367 * 24 * time.Hour

var relativeTime = regexp.MustCompile(`^now(?:([+-])(\d{1,6})([mhdw]))?$`)

// parseTime reads an RFC 3339 time, or one relative to now: now, now-7d,
// now+24h. Units are m, h, d and w; a day is 24 h.
func parseTime(field, text string, now time.Time) (time.Time, error) {
	m := relativeTime.FindStringSubmatch(text)
	if m == nil {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return time.Time{}, invalid(field, fmt.Sprintf("%q is no time; write it as 2026-01-31T00:00:00Z, now or now-7d", text))
		}
		if t.Year() < 1900 || t.Year() > 2200 {
			return time.Time{}, invalid(field, fmt.Sprintf("%q lies outside the years 1900 to 2200", text))
		}
		return t.UTC(), nil
	}
	if m[2] == "" {
		return now, nil
	}
	n, err := strconv.Atoi(m[1] + m[2])
	if err != nil {
		return time.Time{}, invalid(field, fmt.Sprintf("%q: %v", text, err))
	}
	unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[3]]
	if days := time.Duration(n) * unit / (24 * time.Hour); days > 36_525 || days < -36_525 {
		return time.Time{}, invalid(field, fmt.Sprintf("%q lies more than a century away", text))
	}
	return now.Add(time.Duration(n) * unit), nil
}

// hourRange is a stretch of whole hours: From inclusive, To exclusive.
type hourRange struct{ From, To meter.Hour }

func (r hourRange) hours() int { return int(r.To - r.From) }

// parseRange reads from and to. Both are widened to whole hours. Empty texts
// stand for the defaults.
func parseRange(from, to, defaultFrom, defaultTo string, now time.Time) (hourRange, error) {
	if from == "" {
		from = defaultFrom
	}
	if to == "" {
		to = defaultTo
	}
	f, err := parseTime("from", from, now)
	if err != nil {
		return hourRange{}, err
	}
	t, err := parseTime("to", to, now)
	if err != nil {
		return hourRange{}, err
	}
	if !f.Before(t) {
		return hourRange{}, invalid("to", fmt.Sprintf("to (%s) must lie after from (%s)", t.Format(time.RFC3339), f.Format(time.RFC3339)))
	}
	if t.Sub(f) > maxRange {
		return hourRange{}, newProblem(422, CodeRangeTooLong, "from", "the range is longer than 367 days; ask for it in parts")
	}
	return hourRange{From: meter.HourOf(f), To: meter.CeilHour(t)}, nil
}
