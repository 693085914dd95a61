package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// show prints the figures as a table.
func show(to io.Writer, lines []line, o options) {
	const milli = 1e3
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%d meters × %d days, in ms\n", o.meters, o.days)
	fmt.Fprintf(w, "question\tmedian\ttarget\tSQL\tratio\tp99 of %d clients\tSQL\tratio\t\n", o.clients)
	for _, l := range lines {
		verdict := "met"
		if !l.met() {
			verdict = "NOT MET"
		}
		if l.Rejected > 0 {
			verdict += fmt.Sprintf(", %d of %d rejected", l.Rejected, l.Asked)
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.0f\t%.2f\t%.2f\t%.1f\t%.1f\t%.2f\t%s\n", l.Question,
			milli*l.Median, milli*l.Target, milli*l.SQLMedian, l.Median/l.SQLMedian, milli*l.P99, milli*l.SQLP99, l.P99/l.SQLP99, verdict)
	}
	fmt.Fprintf(w, "targets: the median below its target and at most %.1f times SQL, the 99th percentile at most %.0f times SQL\n", mostOverMedian, mostOverP99)
	_ = w.Flush() // standard output
}
