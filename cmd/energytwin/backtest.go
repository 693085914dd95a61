package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/backtest"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/config/fromtwin"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/signal"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/series"
	"github.com/energytwin/energytwin/internal/twin"
)

// backtestFlags are the flags of the backtest.
type backtestFlags struct {
	readings         []string
	filename         string
	signals          string
	price            string
	temperature      string
	from, to         string
	timezone, report string
	layout           layoutFlags
	meters           []string
	issue            string
	horizon, reissue time.Duration
	groups           string
	limitQuantile    float64
	asJSON           bool
}

func newBacktestCommand() *cobra.Command {
	var f backtestFlags
	cmd := &cobra.Command{
		Use:   "backtest --readings FILE",
		Short: "Replay readings of the past and report how good forecasts and decisions would have been",
		Long: "Forecasts every meter at each local midnight from the hours before it, with the twin's engine and with\n" +
			"reference methods, and compares with what came. An hour without a reading, or without one a week before,\n" +
			"counts for no method. Meters with over 10 % gaps, and meters for which last week is always right, are left\n" +
			"out, and named with the reason.\n\n" +
			"--issue sets another time of day, and --horizon longer forecasts, of which each hour counts. With --reissue\n" +
			"the twin's forecasts are issued again within the day, and each hour counts by the newest one issued before\n" +
			"it; the references that learn keep to the issue time. --groups also scores groups of meters and their\n" +
			"total: by forecasts of their own, made from the sum of the meters, and by the meters' added up.\n\n" +
			"Groups of -f with a limit by that name, and with --limit-quantile all others, also get the probability that\n" +
			"each hour exceeds the limit, beside the share of hours that did. Days are planned so that the limit holds with its\n" +
			"exceedance (0.1 by default), and the days on which it was exceeded with the plans carried out are counted.\n" +
			"A limit at the quantile 0.98 is one that 2 of 100 hours before the first forecast exceeded.\n\n" +
			"Several files may hold the same meters, in any order: of hours that two have, those of the file that begins\n" +
			"later count. Each file is read by spec.dataset of -f and the flags of the layout; what they leave\n" +
			"open is found out, and shown.\n\n" +
			"Days are planned on the forecasts too, and what the plans would have saved is compared with plans that knew\n" +
			"the day. Prices are those of --signals, else of the tariff of -f, else of a twin's default tariff.\n" +
			"Batteries are those of -f; if it names none, each meter gets one of 1 kWh for each MWh that it draws\n" +
			"in a year.",
		Example: "  energytwin backtest --readings readings.csv.gz --timezone Europe/London\n" +
			"  energytwin backtest --readings readings.csv.gz --signals prices.csv -f twin.yaml --report backtest.html",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	s := cmd.Flags()
	s.StringSliceVar(&f.readings, "readings", nil, "file with readings; may be given more than once, in any order (required)")
	f.layout.register(cmd)
	s.StringVar(&f.signals, "signals", "", "file with a price or an outdoor temperature, or both; without prices the tariff of -f holds")
	s.StringVar(&f.price, "price-column", "", "header name of the price in --signals; found by its name by default")
	s.StringVar(&f.temperature, "temperature-column", "", "header name of the temperature in --signals; found by its name by default")
	s.StringVarP(&f.filename, "filename", "f", "", "file with a DigitalTwin whose tariff, flexibility, batteries, time zone, and layout, groups and limit of the dataset hold; the defaults of a twin without it")
	s.StringVar(&f.from, "from", "", "first day of forecasts, such as 2019-11-01; with --to")
	s.StringVar(&f.to, "to", "", "day after the last; without both, the last 60 days of each meter")
	s.StringVar(&f.timezone, "timezone", "", "IANA zone whose midnights forecasts are made at; that of -f, or UTC, by default")
	s.StringSliceVar(&f.meters, "meters", nil, "names of meters; all by default")
	s.StringVar(&f.issue, "issue", "00:00", "local time of day at which forecasts are issued")
	s.DurationVar(&f.horizon, "horizon", 24*time.Hour, "hours that each forecast covers, 24h to 48h")
	s.DurationVar(&f.reissue, "reissue", 24*time.Hour, "time from one forecast to the next, counted from each issue time, 1h to 24h; 24h is once a day")
	s.StringVar(&f.groups, "groups", "", "file with the columns meter_id and group, or a number: groups of so many meters by name")
	s.Float64Var(&f.limitQuantile, "limit-quantile", 0, "share of a group's hours before the first forecast that lie below its limit, such as 0.98, where -f names none; with --groups")
	s.BoolVar(&f.asJSON, "json", false, "print JSON instead of tables")
	s.StringVar(&f.report, "report", "", "file for a report with charts: one HTML file that needs nothing else")
	_ = cmd.MarkFlagRequired("readings")
	return cmd
}

func (f *backtestFlags) run(cmd *cobra.Command) error {
	begin := time.Now()
	twin, err := f.twin()
	if err != nil {
		return err
	}
	how, err := fromtwin.ReadingOf(twin)
	if err != nil {
		return err
	}
	o, err := f.options(cmd.Context(), twin, how, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	all, err := f.read(cmd.Context(), how, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if o.Groups, err = f.groupsOf(all); err != nil {
		return err
	}
	o.Clock = func() float64 { return time.Since(begin).Seconds() }
	bar := backtestProgress(len(all))
	o.Progress = func(int) { _ = bar.Add(1) } // a bar that cannot be drawn stops nothing
	r, err := backtest.Run(cmd.Context(), all, o)
	_ = bar.Finish()
	if errors.Is(err, backtest.ErrNothing) {
		err = errors.Join(err, printLeftOut(cmd.ErrOrStderr(), r.LeftOut))
	}
	if err != nil {
		return err
	}
	r.Seconds = o.Clock()
	return writeReport(cmd, r, f.report, f.asJSON, func(out io.Writer) error { return printBacktest(out, r) })
}

// twin is that of -f, or an empty one.
func (f *backtestFlags) twin() (*v1.DigitalTwin, error) {
	if f.filename == "" {
		return &v1.DigitalTwin{}, nil
	}
	return readTwin(f.filename)
}

func (f *backtestFlags) options(ctx context.Context, dt *v1.DigitalTwin, how config.Dataset, notes io.Writer) (o backtest.Options, err error) {
	zone := f.timezone
	if zone == "" {
		zone = dt.Spec.Timezone
	}
	if zone == "" {
		zone = "UTC"
	}
	f.timezone = zone
	if o.Calendar, err = meter.NewCalendar(zone); err != nil {
		return o, err
	}
	if o.From, o.To, err = f.span(o.Calendar); err != nil {
		return o, err
	}
	policy := fromtwin.PolicyOf(dt)
	policy.Mode = dsm.ModeAdvisory // days are planned, whatever the twin does
	var temperatures *forecast.Temperatures
	if f.signals != "" {
		if policy.Tariff.Series, temperatures, err = f.readSignals(ctx, policy.Tariff.Currency, notes); err != nil {
			return o, err
		}
	}
	settings, err := (&config.Twin{Timezone: zone, Dataset: how, Processor: config.Processor{Policy: policy}}).Settings()
	if err != nil {
		return o, err
	}
	settings.Temperatures = temperatures
	if err := f.schedule(&settings); err != nil {
		return o, err
	}
	rules, err := backtest.RulesOf(settings)
	if err != nil {
		return o, err
	}
	o.RulesOf = func(string) *twin.Rules { return rules }
	if o.Limits, err = f.limits(policy, o.Calendar); err != nil {
		return o, err
	}
	o.Value, err = backtest.NewValue(policy, o.Calendar)
	return o, err
}

// limits are those of the policy and of --limit-quantile.
func (f *backtestFlags) limits(policy dsm.Policy, cal *meter.Calendar) (*backtest.Limits, error) {
	if f.limitQuantile < 0 || f.limitQuantile >= 1 {
		return nil, fmt.Errorf("--limit-quantile %g: write a share of hours from 0 to below 1, such as 0.98", f.limitQuantile)
	}
	if f.limitQuantile > 0 && f.groups == "" {
		return nil, errors.New("--limit-quantile: name the groups with --groups, or leave it out")
	}
	return backtest.NewLimits(policy, cal, f.limitQuantile)
}

// schedule is when forecasts are issued, and for how long.
func (f *backtestFlags) schedule(s *twin.Settings) error {
	for _, d := range []struct {
		flag        string
		value       time.Duration
		least, most int
		into        *int
	}{{"horizon", f.horizon, meter.HoursPerDay, 2 * meter.HoursPerDay, &s.Horizon}, {"reissue", f.reissue, 1, meter.HoursPerDay, &s.Reissue}} {
		h := int(d.value / time.Hour)
		if d.value%time.Hour != 0 || h < d.least || h > d.most {
			return fmt.Errorf("--%s %s: write whole hours from %dh to %dh", d.flag, d.value, d.least, d.most)
		}
		*d.into = h
	}
	s.IssueAt = f.issue
	if _, err := meter.ParseIssueTime(f.issue); err != nil {
		return fmt.Errorf("--issue: %w", err)
	}
	return nil
}

// span is the hours from --from to --to, NoHour if neither is given.
func (f *backtestFlags) span(cal *meter.Calendar) (from, to meter.Hour, err error) {
	if f.from == "" && f.to == "" {
		return meter.NoHour, meter.NoHour, nil
	}
	if f.from == "" || f.to == "" {
		return 0, 0, errors.New("--from and --to belong together: give both, or none for the last 60 days of each meter")
	}
	if from, err = localDay("from", f.from, cal); err != nil {
		return 0, 0, err
	}
	if to, err = localDay("to", f.to, cal); err != nil {
		return 0, 0, err
	}
	if to <= from {
		return 0, 0, fmt.Errorf("--to %s is not after --from %s", f.to, f.from)
	}
	return from, to, nil
}

func localDay(flag, text string, cal *meter.Calendar) (meter.Hour, error) {
	t, err := time.ParseInLocation(time.DateOnly, text, cal.Location())
	if err != nil {
		return 0, fmt.Errorf("--%s %q: write a day like 2019-11-01", flag, text)
	}
	return meter.CeilHour(t), nil
}

// readSignals reads the prices and the temperatures of --signals; nil where the
// file has none. What was guessed goes to notes.
func (f *backtestFlags) readSignals(ctx context.Context, currency string, notes io.Writer) (prices []dsm.Point, temperatures *forecast.Temperatures, err error) {
	read := func(kind signal.Kind, column, flag string) ([]dsm.Point, error) {
		found, err := signal.Open(ctx, f.signals, signal.Options{
			Kind: kind, ValueColumn: column, Named: column == "", Zone: f.timezone, Currency: currency,
			Setting: func(field string) string {
				if field == "values[0].column" {
					return flag
				}
				return field
			},
		})
		if errors.Is(err, signal.ErrNoColumn) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, e := range found.Detection {
			if e.Sure == dataset.Guess {
				fmt.Fprintf(notes, "%s: %s of the %s is taken for %s: %s\n", f.signals, e.What, kind, e.Guess, e.Because)
			}
		}
		return series.Points(found), nil
	}
	if prices, err = read(signal.Price, f.price, "--price-column"); err != nil {
		return nil, nil, err
	}
	degrees, err := read(signal.Temperature, f.temperature, "--temperature-column")
	if err != nil {
		return nil, nil, err
	}
	if prices == nil && degrees == nil {
		return nil, nil, fmt.Errorf("%s: no column is one of prices or temperatures by its name; name it with --price-column or --temperature-column", f.signals)
	}
	if temperatures, err = config.TemperaturesOf(degrees); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.signals, err)
	}
	return prices, temperatures, nil
}

// backtestProgress is a bar on a terminal's standard error, and nothing elsewhere.
func backtestProgress(meters int) *progressbar.ProgressBar {
	out := io.Discard
	if term.IsTerminal(int(os.Stderr.Fd())) {
		out = io.Writer(os.Stderr)
	}
	return progressbar.NewOptions(meters, progressbar.OptionSetDescription("meters"), progressbar.OptionSetWriter(out),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}
