package whatif

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"
)

// Line is one figure of both scenarios as people read it.
type Line struct {
	Name, Base, Alternative, Change string
}

// Lines are the figures of two scenarios, one a line; other may be nil.
func Lines(base, other *Figures) (out []Line) {
	for _, l := range []struct {
		name string
		of   func(*Figures) *float64
		prec int
	}{
		{"energy kWh", func(f *Figures) *float64 { return &f.KWh }, 1},
		{"cost of energy", func(f *Figures) *float64 { return &f.Energy }, 2},
		{"demand charge", func(f *Figures) *float64 { return &f.Demand }, 2},
		{"promised on energy", func(f *Figures) *float64 { return &f.Promised.Energy }, 2},
		{"would have saved on energy", func(f *Figures) *float64 { return &f.Realised.Energy }, 2},
		{"promised on demand charges", func(f *Figures) *float64 { return &f.Promised.Demand }, 2},
		{"would have saved on demand charges", func(f *Figures) *float64 { return &f.Realised.Demand }, 2},
		{"cost with plans", func(f *Figures) *float64 { c := f.Cost(); return &c }, 2},
		{"CO₂ kg", func(f *Figures) *float64 { return f.CO2Kg }, 1},
		{"CO₂ avoided kg", func(f *Figures) *float64 { return &f.CO2AvoidedKg }, 1},
		{"plans", func(f *Figures) *float64 { n := float64(f.Plans); return &n }, 0},
		{"kWh shifted", func(f *Figures) *float64 { return &f.KWhShifted }, 1},
		{"peak kW", func(f *Figures) *float64 { return f.Measured.PeakKW }, 2},
		{"peak kW with plans", func(f *Figures) *float64 { return f.Planned.PeakKW }, 2},
		{"hours above limit", func(f *Figures) *float64 { n := float64(f.Measured.HoursOver); return &n }, 0},
		{"hours above limit with plans", func(f *Figures) *float64 { n := float64(f.Planned.HoursOver); return &n }, 0},
		{"kWh above limit", func(f *Figures) *float64 { return &f.Measured.KWhOver }, 1},
		{"kWh above limit with plans", func(f *Figures) *float64 { return &f.Planned.KWhOver }, 1},
		{"most above limit kW", func(f *Figures) *float64 { return &f.Measured.MostOver }, 2},
		{"most above limit kW with plans", func(f *Figures) *float64 { return &f.Planned.MostOver }, 2},
	} {
		a := l.of(base)
		line := Line{Name: l.name, Base: number(a, l.prec)}
		if other != nil {
			b := l.of(other)
			line.Alternative = number(b, l.prec)
			if a != nil && b != nil {
				line.Change = fmt.Sprintf("%+.*f", l.prec, *b-*a)
			}
		}
		out = append(out, line)
	}
	return out
}

// number is v, or a dash where it is not known.
func number(v *float64, prec int) string {
	if v == nil {
		return "–"
	}
	return strconv.FormatFloat(*v, 'f', prec, 64)
}

//go:embed report.gohtml
var reportTemplate string

// WriteHTML writes the report as one HTML file that loads nothing else.
func (r *Report) WriteHTML(out io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"lines": func(base Figures, other *Figures) []Line { return Lines(&base, other) },
	}).Parse(reportTemplate)
	if err != nil {
		return err
	}
	return t.Execute(out, r)
}
