package backtest

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
)

//go:embed report.gohtml
var reportTemplate string

// WriteHTML writes the report as one HTML file that loads nothing else.
func (r *Report) WriteHTML(out io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"f3":       func(v float64) string { return fmt.Sprintf("%.3f", v) },
		"percent":  func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) },
		"percent0": func(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) },
		"share": func(v *float64) string {
			if v == nil {
				return "–"
			}
			return fmt.Sprintf("%.1f %%", 100**v)
		},
		"signed": func(v float64) string { return fmt.Sprintf("%+.1f %%", 100*v) },
		"f2":     func(v float64) string { return fmt.Sprintf("%.2f", v) },
		"ms":     func(v float64) string { return fmt.Sprintf("%.0f", 1000*v) },
	}).Parse(reportTemplate)
	if err != nil {
		return err
	}
	return t.Execute(out, struct {
		*Report
		Bars            []bar
		Lead            chart
		Hours           chart
		Rows            []bandsRow
		CoveredWeekdays chart
		CoveredHours    chart
		CoveredLeads    chart
		GroupDots       *dots
	}{
		r, r.bars(), r.lines(func(m *Model) []float64 { return m.ByLead }), r.lines(func(m *Model) []float64 { return m.ByHour }), r.bandsRows(),
		r.coverageLines(weekdays(), 1, func(b *Bands) []*float64 { return b.ByWeekday }),
		r.coverageLines(numbers(len(r.Bands.ByHour)), 3, func(b *Bands) []*float64 { return b.ByHour }),
		r.coverageLines(numbers(len(r.Bands.ByLead)), 3, func(b *Bands) []*float64 { return b.ByLead }),
		r.groupDots(),
	})
}

// bar is a method's relMAE, as a share of the widest one.
type bar struct {
	Name  string
	Value float64
	Width float64 // percent
}

func (r *Report) bars() (out []bar) {
	most := 0.0
	for i := range r.Models {
		most = max(most, r.Models[i].RelMAE)
	}
	for i := range r.Models {
		m := &r.Models[i]
		out = append(out, bar{m.Name, m.RelMAE, 100 * m.RelMAE / most})
	}
	return out
}

// Size of a chart, and of its margins.
const (
	chartWidth, chartHeight = 720.0, 280.0
	marginLeft, marginRest  = 40.0, 24.0
)

// chart is lines over hours or days.
type chart struct {
	Lines  []line
	Grid   []gridLine
	Hours  []tick
	Width  float64
	Height float64
}

type line struct {
	Name, Points string
	Class        int
}

type gridLine struct {
	Y     float64
	Label string
}

type tick struct {
	X     float64
	Label string
}

// lines draws the methods that people compare with.
func (r *Report) lines(of func(*Model) []float64) chart {
	c := chart{Width: chartWidth, Height: chartHeight}
	drawn := []int{combined, combo3, ridge, dshw, naiveDay}
	most, hours := 1.0, len(of(&r.Models[combined]))
	for _, m := range drawn {
		for _, v := range of(&r.Models[m]) {
			most = max(most, v)
		}
	}
	most = math.Ceil(most*4) / 4
	x := func(i int) float64 {
		return marginLeft + float64(i)*(chartWidth-marginLeft-marginRest)/float64(max(hours-1, 1))
	}
	y := func(v float64) float64 { return chartHeight - marginRest - v/most*(chartHeight-2*marginRest) }
	for class, m := range drawn {
		var points strings.Builder
		for i, v := range of(&r.Models[m]) {
			fmt.Fprintf(&points, "%.1f,%.1f ", x(i), y(v))
		}
		c.Lines = append(c.Lines, line{r.Models[m].Name, points.String(), class})
	}
	for v := 0.0; v <= most; v += 0.25 {
		c.Grid = append(c.Grid, gridLine{y(v), fmt.Sprintf("%.2f", v)})
	}
	for i := 0; i < hours; i += 3 {
		c.Hours = append(c.Hours, tick{x(i), fmt.Sprint(i)})
	}
	return c
}
