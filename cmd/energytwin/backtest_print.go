package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/energytwin/energytwin/internal/backtest"
)

func printBacktest(out io.Writer, r *backtest.Report) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%d meters, %d days, %.1f s; left out: %s\n\n", r.Meters, r.Days, r.Seconds, r.LeftOutText())
	leads := leadsOf(len(r.Bands.ByLead))
	fmt.Fprintf(t, "MODEL\trelMAE\tMASE\tWAPE\tnRMSE\tcover 80 %%\tlead %d\t", leads[0])
	for _, lead := range leads[1:] {
		fmt.Fprintf(t, "%d\t", lead)
	}
	fmt.Fprintln(t)
	for i := range r.Models {
		m := &r.Models[i]
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.3f\t%.3f\t%s\t", m.Name, m.RelMAE, m.MASE, m.WAPE, m.NRMSE, percent(m.Coverage80))
		for _, lead := range leads {
			fmt.Fprintf(t, "%.3f\t", m.ByLead[lead])
		}
		fmt.Fprintln(t)
	}
	fmt.Fprintf(t, "\nThe interval of one meter covers %.1f to %.1f %%; %d meters are outside 70 to 90 %%.\n",
		100*r.Coverage.Least, 100*r.Coverage.Most, r.Coverage.Outside)
	printBands(t, r)
	printCaptured(t, r.Captured)
	printMeterLines(t, "WORST", r.Worst)
	printMeterLines(t, "SLOWEST", r.Slowest)
	if err := t.Flush(); err != nil || len(r.LeftOut) == 0 {
		return err
	}
	fmt.Fprintln(out)
	return printLeftOut(out, r.LeftOut)
}

// leadsOf are the hours after an issue that tables list, of those that there are.
func leadsOf(n int) (out []int) {
	for _, lead := range [...]int{0, 1, 2, 3, 6, 12, 18, 23, 24, 30, 36, 42, 47} {
		if lead < n {
			out = append(out, lead)
		}
	}
	return out
}

func printBands(t io.Writer, r *backtest.Report) {
	fmt.Fprintf(t, "\nQUANTILES\trelMAE\tpinball\tcover 80 %%\twidth\tbias\t\n")
	printBandsLine(t, "meters", &r.Bands)
	if g := r.Groups; g != nil {
		printBandsLine(t, "groups", &g.Own)
		printBandsLine(t, "groups, meters added up", &g.Added)
		if g.Total != nil {
			printBandsLine(t, "total", &g.Total.Own)
			printBandsLine(t, "total, meters added up", &g.Total.Added)
		}
	}
	fmt.Fprintln(t, "pinball and width over the loss and the mean absolute error of naive168; bias over the load")
	printCoverage(t, r, "COVERAGE", []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}, func(b *backtest.Bands) []*float64 { return b.ByWeekday })
	hours := make([]string, 0, 24)
	for h := range 24 {
		hours = append(hours, fmt.Sprintf("%02d", h))
	}
	printCoverage(t, r, "BY HOUR", hours, func(b *backtest.Bands) []*float64 { return b.ByHour })
	leads := leadsOf(len(r.Bands.ByLead))
	names := make([]string, len(leads))
	for i, lead := range leads {
		names[i] = fmt.Sprint(lead)
	}
	printCoverage(t, r, "BY LEAD", names, func(b *backtest.Bands) []*float64 {
		out := make([]*float64, len(leads))
		for i, lead := range leads {
			out[i] = b.ByLead[lead]
		}
		return out
	})
	printGroups(t, r.Groups)
}

func printBandsLine(t io.Writer, name string, b *backtest.Bands) {
	fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.1f %%\t%.2f\t%+.1f %%\t\n", name, b.RelMAE, b.Pinball, 100*b.Coverage80, b.Width, 100*b.Bias)
}

// printCoverage prints the coverage of parts of the hours.
func printCoverage(t io.Writer, r *backtest.Report, title string, parts []string, of func(*backtest.Bands) []*float64) {
	fmt.Fprintf(t, "\n%s\t", title)
	for _, p := range parts {
		fmt.Fprintf(t, "%s\t", p)
	}
	line := func(name string, b *backtest.Bands) {
		fmt.Fprintf(t, "\n%s\t", name)
		for _, v := range of(b) {
			if v == nil {
				fmt.Fprintf(t, "-\t")
				continue
			}
			fmt.Fprintf(t, "%.0f\t", 100**v)
		}
	}
	line("meters", &r.Bands)
	if r.Groups != nil {
		line("groups", &r.Groups.Own)
		line("added up", &r.Groups.Added)
	}
	fmt.Fprintln(t)
}

func printGroups(t io.Writer, g *backtest.GroupsReport) {
	if g == nil {
		return
	}
	fmt.Fprintf(t, "\nGROUP\tmeters\trelMAE\tadded\tpinball\tadded\tcover 80 %%\tadded\twidth\tadded\t\n")
	line := func(l *backtest.GroupLine) {
		fmt.Fprintf(t, "%s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.1f %%\t%.1f %%\t%.2f\t%.2f\t\n", l.Group, l.Meters,
			l.Own.RelMAE, l.Added.RelMAE, l.Own.Pinball, l.Added.Pinball, 100*l.Own.Coverage80, 100*l.Added.Coverage80, l.Own.Width, l.Added.Width)
	}
	for i := range g.List {
		line(&g.List[i])
	}
	if g.Total != nil {
		line(g.Total)
	}
	printLimits(t, g.Limits)
	for _, l := range g.LeftOut {
		fmt.Fprintf(t, "%s is left out: %s\t\n", l.Meter, l.Detail)
	}
}

func printLimits(t io.Writer, l *backtest.LimitsReport) {
	if l == nil {
		return
	}
	fmt.Fprintf(t, "\nLIMITS\tgroup-hours\tstated\texceeded\t95 %% band\t\t\n")
	for i := range l.Bands {
		b := &l.Bands[i]
		verdict := ""
		if b.Hours > 0 && !b.Within() {
			verdict = "outside"
		}
		fmt.Fprintf(t, "%.0f–%.0f %%\t%d\t%.1f %%\t%.1f %%\t%.1f–%.1f %%\t%s\t\n",
			100*b.From, 100*b.To, b.Hours, 100*b.Stated, 100*b.Exceeded, 100*b.Least, 100*b.Most, verdict)
	}
	fmt.Fprintln(t, "by the probability that forecasts of the groups state for each hour without plans; the band is that of independent hours")
	fmt.Fprintf(t, "\nLIMIT\tkW\thours above\texceedance\tdays\tlacked\theld\texceeded\tat risk\texceeded\twithout plans\t\n")
	line := func(name, kw, above, exceedance string, h *backtest.HeldDays) {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%.1f %%\t%d\t%.1f %%\t%.1f %%\t\n", name, kw, above, exceedance, h.Days, h.Lacked,
			h.Held.Days, 100*h.Held.Share(), h.HeldRisk.Days, 100*h.HeldRisk.Share(), 100*h.HeldRisk.ShareWithout())
	}
	for i := range l.List {
		g := &l.List[i]
		line(g.Group, fmt.Sprintf("%.1f", g.CapacityKW), fmt.Sprintf("%.1f %%", 100*g.Above), fmt.Sprintf("%.2f", g.Exceedance), &g.Held)
	}
	line("all", "", "", "", &l.Held)
	fmt.Fprintln(t, "days that were planned: on those that lacked, flexibility does not suffice; of those held, and of these the ones at risk without")
	fmt.Fprintln(t, "plans, the share on which the limit was exceeded with the plans carried out, and would have been without them")
}

func printLeftOut(out io.Writer, meters []backtest.LeftOut) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "LEFT OUT\tREASON\tDETAIL\n")
	for _, l := range meters {
		fmt.Fprintf(t, "%s\t%s\t%s\n", l.Meter, l.Reason, l.Detail)
	}
	return t.Flush()
}

func printCaptured(t io.Writer, c *backtest.Captured) {
	if c == nil {
		return
	}
	fmt.Fprintf(t, "\nCAPTURED\tshare\tnaive\tregret removed\tmeter-days\t\n")
	printShare(t, "price shift, hourly", c.PriceShift)
	printShare(t, "price shift, windows", c.Windows.Share)
	printShare(t, "peak shave", c.PeakShave)
	if c.Battery != nil {
		printShare(t, "battery", c.Battery.Share)
	}
	fmt.Fprintf(t, "with %.0f %% of each hour shiftable, %.0f %% of the peak as room, %.0f %% rebound, %s\n",
		100*c.ShiftableShare, 100*c.MaxIncrease, 100*c.Rebound, reach(c.MaxShiftHours))
	printWindows(t, &c.Windows)
	printBattery(t, c.Battery)
}

func printWindows(t io.Writer, w *backtest.WindowsShare) {
	amount := "in whole half-kilowatt-hours"
	if w.OfLoad > 0 {
		amount = fmt.Sprintf("of %.0f %% of their load", 100*w.OfLoad)
	}
	fmt.Fprintf(t, "windows: at most %d to avoid and %d to prefer, of %d h or more, %s; they save %.0f %% of what hourly plans save\n",
		w.MaxWindows, w.MaxWindows, w.MinBlock, amount, 100*w.OfHourly)
}

func printShare(t io.Writer, name string, s backtest.Share) {
	fmt.Fprintf(t, "%s\t%.1f %%\t%.1f %%\t%.1f %%\t%d\t\n", name, 100*s.Share, 100*s.Naive, 100*s.RegretRemoved, s.Days)
}

func printBattery(t io.Writer, b *backtest.BatteryShare) {
	switch {
	case b == nil:
		fmt.Fprintln(t, "no meter has a battery")
		return
	case b.Usual == nil:
		fmt.Fprint(t, "batteries as the policy names them")
	default:
		fmt.Fprintf(t, "batteries of %.2f hours of the mean draw (1 kWh per MWh a year), full in %.0f h, efficiency %.0f %%",
			b.Usual.CapacityHours, 1/b.Usual.PowerShare, 100*b.Usual.Efficiency)
	}
	fmt.Fprintf(t, "; a kWh fed in earns %g; each day begins at the reserve\n", b.ExportPrice)
}

func reach(hours int) string {
	if hours == 0 {
		return "anywhere in the day"
	}
	return fmt.Sprintf("at most %d hours away (peaks: anywhere)", hours)
}

func printMeterLines(t io.Writer, title string, lines []backtest.MeterLine) {
	fmt.Fprintf(t, "\n%s\trelMAE\tcover 80 %%\tms\t\n", title)
	for _, l := range lines {
		fmt.Fprintf(t, "%s\t%.3f\t%.1f %%\t%.0f\t\n", l.Meter, l.RelMAE, 100*l.Coverage80, 1000*l.Seconds)
	}
}

func percent(share *float64) string {
	if share == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100**share)
}
