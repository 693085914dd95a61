package main

import (
	"net/url"
	"strconv"
	"time"
)

// question is something that people ask, and how long its answer may take.
type question struct {
	name   string
	path   string
	target time.Duration // at the median, with one client
}

// questions are those of the design: each with its limit.
func questions(o options) []question {
	const meter, group = "home-000001", "feeder-0001"
	year := "from=now-" + strconv.Itoa(min(o.days, 365)) + "d"
	month := "from=now-" + strconv.Itoa(min(o.days, 30)) + "d"
	ms := time.Millisecond
	return []question{
		{"state of a meter", "/meters/" + meter + "/state", 10 * ms},
		{"year of a meter, 500 points", "/meters/" + meter + "/history?maxPoints=500&" + year, 60 * ms},
		{"day of a group", "/groups/" + group + "/load?from=now-24h", 10 * ms},
		{"load of the twin, a week", "/load?from=now-7d", 50 * ms},
		{"load of the twin, a year by day", "/history?step=1d&" + year, 100 * ms},
		{"page of decisions", "/decisions?from=" + url.QueryEscape("now-7d"), 10 * ms},
		{"key figures of a month", "/kpis?" + month, 60 * ms},
		{"key figures of a year by day", "/kpis?by=day&" + year, 200 * ms},
		{"data quality", "/data-quality", 10 * ms},
		{"list of meters", "/meters", 20 * ms},
	}
}

// Most that an answer may take beside bare SQL: at the median with one client, and at the
// 99th percentile with several.
const (
	mostOverMedian = 1.5
	mostOverP99    = 2.0
)
