package backtest

import (
	"fmt"
	"math"
	"strings"
)

// bandsRow is a row of the table of quantiles, and the lines of the charts beside it.
type bandsRow struct {
	Name  string
	Bands *Bands
}

// bandsRows are the meters, and the groups and their total if they were asked for.
func (r *Report) bandsRows() []bandsRow {
	rows := []bandsRow{{"meters", &r.Bands}}
	if g := r.Groups; g != nil {
		rows = append(rows, bandsRow{"groups", &g.Own}, bandsRow{"groups, meters added up", &g.Added})
		if g.Total != nil {
			rows = append(rows, bandsRow{"total", &g.Total.Own}, bandsRow{"total, meters added up", &g.Total.Added})
		}
	}
	return rows
}

// coverageLines draws the coverage of parts of the hours, from 50 to 100 %, of meters
// and groups.
func (r *Report) coverageLines(labels []string, every int, of func(*Bands) []*float64) chart {
	c := chart{Width: chartWidth, Height: chartHeight}
	const least, step = 0.5, 0.1
	x := func(i int) float64 {
		return marginLeft + float64(i)*(chartWidth-marginLeft-marginRest)/float64(max(len(labels)-1, 1))
	}
	y := func(v float64) float64 {
		return chartHeight - marginRest - (max(v, least)-least)/(1-least)*(chartHeight-2*marginRest)
	}
	for class, row := range r.bandsRows()[:min(3, len(r.bandsRows()))] {
		var points strings.Builder
		for i, v := range of(row.Bands) {
			if v != nil {
				fmt.Fprintf(&points, "%.1f,%.1f ", x(i), y(*v))
			}
		}
		c.Lines = append(c.Lines, line{row.Name, points.String(), class})
	}
	for v := least; v < 1+step/2; v += step {
		c.Grid = append(c.Grid, gridLine{y(v), fmt.Sprintf("%.0f %%", 100*v)})
	}
	for i := 0; i < len(labels); i += every {
		c.Hours = append(c.Hours, tick{x(i), labels[i]})
	}
	return c
}

// weekdays are the labels of Bands.ByWeekday.
func weekdays() []string { return []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} }

// numbers are the labels 0 to n-1.
func numbers(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

// dots are the groups by the width and the coverage of their intervals: what is at the
// line of 80 % and far to the left is best.
type dots struct {
	chart
	Dots []dot
}

type dot struct {
	X, Y  float64
	Name  string
	Class int
}

func (r *Report) groupDots() *dots {
	if r.Groups == nil || len(r.Groups.List) == 0 {
		return nil
	}
	list := r.Groups.List
	if r.Groups.Total != nil {
		list = append(append([]GroupLine{}, list...), *r.Groups.Total)
	}
	d := &dots{chart: chart{Width: chartWidth, Height: chartHeight}}
	least, widest := 0.7, 1.0
	for _, g := range list {
		least = min(least, g.Own.Coverage80, g.Added.Coverage80)
		widest = max(widest, g.Own.Width, g.Added.Width)
	}
	least, widest = math.Floor(10*least)/10, math.Ceil(widest)
	x := func(v float64) float64 { return marginLeft + v/widest*(chartWidth-marginLeft-marginRest) }
	y := func(v float64) float64 {
		return chartHeight - marginRest - (v-least)/(1-least)*(chartHeight-2*marginRest)
	}
	for _, g := range list {
		d.Dots = append(d.Dots,
			dot{x(g.Own.Width), y(g.Own.Coverage80), fmt.Sprintf("%s: own, %.1f %%, width %.2f", g.Group, 100*g.Own.Coverage80, g.Own.Width), 1},
			dot{x(g.Added.Width), y(g.Added.Coverage80), fmt.Sprintf("%s: meters added up, %.1f %%, width %.2f", g.Group, 100*g.Added.Coverage80, g.Added.Width), 2})
	}
	for v := least; v < 1.05; v += 0.1 {
		d.Grid = append(d.Grid, gridLine{y(v), fmt.Sprintf("%.0f %%", 100*v)})
	}
	for v := 0.0; v <= widest; v++ {
		d.Hours = append(d.Hours, tick{x(v), fmt.Sprintf("%.0f", v)})
	}
	return d
}
