package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/signal"
)

// signalFlags are those for a file that holds a signal and no readings.
type signalFlags struct {
	kind, currency string
}

// signalKinds are the values of --signal, and the unit that a signal's values have when
// they are read.
var signalKinds = []struct {
	name string
	kind signal.Kind
	unit string
}{
	{"price", signal.Price, "per kWh"},
	{"carbon", signal.Carbon, "kg CO2 per kWh"},
	{"temperature", signal.Temperature, "°C"},
}

// signalReadFlags are the other flags that are about the file of a signal too.
var signalReadFlags = []string{"signal", "currency", "time-column", "value-column", "timezone", "source-timezone", "scratch", "json", "log-level", "log-format"}

func (f *signalFlags) register(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.kind, "signal", "", "inspect a file of a signal in place of readings: price, carbon or temperature")
	s.StringVar(&f.currency, "currency", "", "ISO 4217 code of the prices of --signal price, such as EUR")
}

// options are those of the reader of signals. Flags that are about readings alone are an
// error.
func (f *signalFlags) options(flags *pflag.FlagSet, read *readFlags) (o signal.Options, unit string, err error) {
	i := slices.Index([]string{signalKinds[0].name, signalKinds[1].name, signalKinds[2].name}, strings.ToLower(f.kind))
	if i < 0 {
		return o, "", fmt.Errorf("--signal %q: write price, carbon or temperature", f.kind)
	}
	flags.Visit(func(flag *pflag.Flag) {
		if err == nil && !slices.Contains(signalReadFlags, flag.Name) {
			err = fmt.Errorf("--%s is about readings: a file of a signal takes --currency, --time-column, --value-column and --timezone", flag.Name)
		}
	})
	zone := read.timezone
	if read.layout.sourceZone != "" {
		zone = read.layout.sourceZone
	}
	unit = signalKinds[i].unit
	if signalKinds[i].kind == signal.Price {
		unit = strings.TrimSpace(f.currency + " " + unit)
	}
	return signal.Options{
		Kind: signalKinds[i].kind, TimeColumn: read.layout.timeColumn, ValueColumn: read.layout.valueColumn,
		Zone: zone, Currency: f.currency, ScratchDir: read.scratch, Setting: read.layout.setting,
	}, unit, err
}

// signalReport is what an inspection finds in the file of a signal.
type signalReport struct {
	Kind         signal.Kind        `json:"kind"`
	Unit         string             `json:"unit"` // of the values below
	Hours        int                `json:"hours"`
	Start        time.Time          `json:"start"`
	End          time.Time          `json:"end"` // exclusive
	MissingHours int                `json:"missingHours"`
	Negative     int                `json:"negative"` // hours
	Min          float64            `json:"min"`
	Mean         float64            `json:"mean"`
	Max          float64            `json:"max"`
	SHA256       string             `json:"sha256"`
	Detection    []dataset.Evidence `json:"detection"`
	Warnings     []string           `json:"warnings,omitempty"`
}

// inspectSignal reads the file of a signal.
func inspectSignal(ctx context.Context, path, unit string, o signal.Options) (*signalReport, error) {
	s, err := signal.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	first, last := s.Hours[0], s.Hours[len(s.Hours)-1]
	r := &signalReport{
		Kind: o.Kind, Unit: unit, Hours: len(s.Hours), Start: first.Hour.Time(), End: (last.Hour + 1).Time(),
		MissingHours: int(last.Hour-first.Hour) + 1 - len(s.Hours), Min: first.Value, Max: first.Value,
		SHA256: s.SHA256, Detection: s.Detection, Warnings: s.Warnings,
	}
	for _, h := range s.Hours {
		r.Min, r.Max = min(r.Min, h.Value), max(r.Max, h.Value)
		r.Mean += h.Value / float64(len(s.Hours))
		if h.Value < 0 {
			r.Negative++
		}
	}
	return r, nil
}

func printSignal(out io.Writer, r *signalReport) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, line := range []struct {
		name  string
		value any
		about string
	}{
		{"signal", r.Kind, ""},
		{"window", day(r.Start) + " to " + day(r.End), "end exclusive"},
		{"hours", r.Hours, "shorter intervals are averaged"},
		{"missing hours", r.MissingHours, "between the first and the last"},
		{"negative hours", r.Negative, ""},
		{"min", fmt.Sprintf("%.4g", r.Min), r.Unit},
		{"mean", fmt.Sprintf("%.4g", r.Mean), r.Unit},
		{"max", fmt.Sprintf("%.4g", r.Max), r.Unit},
		{"sha256", r.SHA256, "of the file as it is"},
	} {
		fmt.Fprintf(t, "%s\t%v\t%s\n", line.name, line.value, line.about)
	}
	printEvidence(t, r.Detection, r.Warnings)
	return t.Flush()
}
