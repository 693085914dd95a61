package dsm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// Hash is the SHA-256 of the policy's JSON, in hexadecimal: two policies with
// one hash make the same plans. A policy that Check accepts has a hash.
func (p Policy) Hash() (string, error) {
	doc, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("policy: %w", err)
	}
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:]), nil
}

// Check reports everything that is wrong with the policy. Each message starts
// with the path of the field and what to write instead.
func (p Policy) Check() error {
	c := &policyCheck{}
	switch p.Mode {
	case ModeOff, ModeShadow, ModeAdvisory:
	default:
		c.fail("mode", "%q is unknown; use Off, Shadow or Advisory", p.Mode)
	}
	c.atLeast0("objective.cost", p.Objective.Cost)
	c.atLeast0("objective.peak", p.Objective.Peak)
	c.atLeast0("objective.carbon", p.Objective.Carbon)
	c.tariff(p.Tariff)
	c.flexibility(p.Flexibility)
	c.planWindows(p.Windows, p.Flexibility.ShiftableShare)
	c.groups(p.Groups)
	c.assets(p.Assets)
	c.atLeast0("minSaving", p.MinSaving)
	c.atLeast0("hysteresis", p.Hysteresis)
	if p.Freshness < 0 {
		c.fail("freshnessHours", "%d is negative; use 1 or more, or 0 for no check", p.Freshness)
	}
	if p.LeadHours < 0 || p.LeadHours > MaxLeadHours {
		c.fail("leadHours", "%d is out of range; use 0 to %d", p.LeadHours, MaxLeadHours)
	}
	if p.NoticeHours < 0 || p.NoticeHours > MaxLeadHours {
		c.fail("noticeHours", "%d is out of range; use 0 to %d", p.NoticeHours, MaxLeadHours)
	}
	return errors.Join(c.errs...)
}

type policyCheck struct{ errs []error }

func (c *policyCheck) fail(field, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("policy."+field+": "+format, args...))
}

func (c *policyCheck) finite(field string, v float64) bool {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		c.fail(field, "%v is not a number", v)
		return false
	}
	return true
}

func (c *policyCheck) atLeast0(field string, v float64) {
	if c.finite(field, v) && v < 0 {
		c.fail(field, "%v is negative; use 0 or more", v)
	}
}

func (c *policyCheck) tariff(t Tariff) {
	if !isCurrency(t.Currency) {
		c.fail("tariff.currency", "%q is no ISO 4217 code; write three capital letters, such as GBP", t.Currency)
	}
	c.finite("tariff.default", t.Default)
	c.finite("tariff.export", t.Export)
	for i, p := range t.Periods {
		field := fmt.Sprintf("tariff.periods[%d].", i)
		c.start(field+"start", p.Start)
		c.end(field+"end", p.End)
		c.days(field+"days", p.Days)
		c.finite(field+"price", p.Price)
	}
	c.series("tariff.series", t.Series)
	c.series("tariff.carbon", t.Carbon)
}

func (c *policyCheck) start(field, clock string) {
	if _, err := parseClock(clock); err != nil || clock == "24:00" {
		c.fail(field, "%q is no time of day; write HH:MM from 00:00 to 23:59", clock)
	}
}

func (c *policyCheck) end(field, clock string) {
	if _, err := parseClock(clock); err != nil {
		c.fail(field, "%q is no time of day; write HH:MM from 00:00 to 24:00", clock)
	}
}

func (c *policyCheck) days(field, days string) {
	switch days {
	case daysAll, daysWeekdays, daysWeekends:
	default:
		c.fail(field, "%q is unknown; use All, Weekdays or Weekends", days)
	}
}

func (c *policyCheck) windows(field string, windows []TimeWindow) {
	for i, w := range windows {
		at := fmt.Sprintf("%s[%d].", field, i)
		c.start(at+"start", w.Start)
		c.end(at+"end", w.End)
		c.days(at+"days", w.Days)
	}
}

func (c *policyCheck) series(field string, points []Point) {
	seen := make(map[int64]bool, len(points))
	for i, p := range points {
		at := fmt.Sprintf("%s[%d]", field, i)
		c.finite(at+".v", p.Value)
		if p.Unix%3600 != 0 {
			c.fail(at+".t", "%d is not the start of an hour; use a multiple of 3600", p.Unix)
		}
		if seen[p.Unix] {
			c.fail(at+".t", "%d comes twice; give each hour once", p.Unix)
		}
		seen[p.Unix] = true
		if len(c.errs) > 20 {
			return // a wrong unit makes every point wrong: a few messages do
		}
	}
}

func (c *policyCheck) flexibility(f Flexibility) {
	c.share("flexibility.shiftableShare", f.ShiftableShare)
	if f.MaxShiftHours < 0 {
		c.fail("flexibility.maxShiftHours", "%d is negative; use hours, or 0 for anywhere in the plan", f.MaxShiftHours)
	}
	c.atLeast0("flexibility.rebound", f.Rebound)
	c.atLeast0("flexibility.maxIncrease", f.MaxIncrease)
	c.windows("flexibility.comfort", f.Comfort)
}

func (c *policyCheck) planWindows(w *Windows, shiftable float64) {
	if w == nil {
		return
	}
	if w.MaxWindows < 1 || w.MaxWindows > mostMoves {
		c.fail("windows.maxWindows", "%d is no number of windows; use 1 to %d", w.MaxWindows, mostMoves)
	}
	if w.MinBlockHours < 1 || w.MinBlockHours > mostBlockHours {
		c.fail("windows.minBlockHours", "%d is no length of a window; use 1 to %d hours", w.MinBlockHours, mostBlockHours)
	}
	if c.finite("windows.share", w.Share) && (w.Share < 0 || w.Share > shiftable) {
		c.fail("windows.share", "%v is not a share that may be moved; use a share up to flexibility.shiftableShare, %v, or 0 for whole half-kilowatt-hours", w.Share, shiftable)
	}
}

func (c *policyCheck) groups(groups []Group) {
	seen := make(map[string]bool, len(groups))
	for i, g := range groups {
		field := fieldOfGroup(i)
		if g.Name == "" {
			c.fail(field+"name", "is empty; name the group as the readings do")
		}
		if seen[g.Name] {
			c.fail(field+"name", "%q comes twice; give each group once", g.Name)
		}
		seen[g.Name] = true
		c.atLeast0(field+"capacityKW", g.CapacityKW)
		if c.finite(field+"exceedance", g.Exceedance) && (g.Exceedance < 0 || g.Exceedance > 0.5) {
			c.fail(field+"exceedance", "%v is no probability to plan for; use 0.01 to 0.5, or 0 for the mean day", g.Exceedance)
		}
	}
	c.nesting(groups)
}

func fieldOfGroup(i int) string { return fmt.Sprintf("groups[%d].", i) }

func isCurrency(s string) bool {
	if len(s) != 3 {
		return false
	}
	for _, r := range s {
		if r < 'A' || r > 'Z' {
			return false
		}
	}
	return true
}

func (c *policyCheck) above0(field string, v float64) {
	if c.finite(field, v) && v <= 0 {
		c.fail(field, "%v is not above 0; use a number above 0", v)
	}
}

func (c *policyCheck) share(field string, v float64) {
	if c.finite(field, v) && (v < 0 || v > 1) {
		c.fail(field, "%v is no share; use 0 to 1", v)
	}
}
