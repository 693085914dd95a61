package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/config/fromtwin"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/series"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/internal/whatif"
)

// whatifFlags are the flags of the what-if.
type whatifFlags struct {
	twin, policy                 string
	readings, database           string
	prices, carbon, temperatures string
	from, to                     string
	report                       string
	layout                       layoutFlags
	asJSON                       bool
}

func newWhatifCommand() *cobra.Command {
	var f whatifFlags
	cmd := &cobra.Command{
		Use:   "whatif -f twin.yaml",
		Short: "Replay a window of the past under another tariff, limit, flexibility, devices or forecast settings",
		Long: "Replays readings through the core of the twin, once as the twin is and once as --policy describes it, and compares\n" +
			"cost, CO₂, peaks, hours above limits, and plans with what they promised and would have realised.\n\n" +
			"Readings are those of the spec's dataset, of --readings, or those that a twin has stored in --database. From\n" +
			"a database the base is the specification that the twin ran with at each moment, not that of the file.\n\n" +
			"Costs are those of the load as it was measured, energy and demand charges apart. Plans are evaluated as if\n" +
			"they had been carried out, as far as the measured load allows.",
		Example: "  energytwin whatif -f twin.yaml --policy other.yaml --readings readings.csv.gz\n" +
			"  energytwin whatif -f twin.yaml --policy other.yaml --database postgres://… --from 2019-11-01 --to 2019-12-01 --report whatif.html",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	s := cmd.Flags()
	s.StringVarP(&f.twin, "filename", "f", "", "file with a DigitalTwin, the base (required)")
	s.StringVar(&f.policy, "policy", "", "file with a DigitalTwin whose spec.processor is the alternative; without it the base stands alone")
	s.StringVar(&f.readings, "readings", "", "file with readings in place of the spec's dataset")
	f.layout.register(cmd)
	s.StringVar(&f.database, "database", "", "postgres:// URL of a twin's database, whose readings and specification are the base")
	s.StringVar(&f.prices, "prices", "", "file with the prices that spec.processor.dsm.tariff.dynamic is about")
	s.StringVar(&f.carbon, "carbon", "", "file with the intensities that spec.processor.dsm.carbonIntensity is about")
	s.StringVar(&f.temperatures, "temperatures", "", "file with the temperatures that spec.processor.forecast.temperature is about")
	s.StringVar(&f.from, "from", "", "first local day that counts, such as 2019-11-01; the start of the readings by default")
	s.StringVar(&f.to, "to", "", "local day after the last; the end of the readings by default")
	s.BoolVar(&f.asJSON, "json", false, "print JSON instead of a table")
	s.StringVar(&f.report, "report", "", "file for a report: one HTML file that needs nothing else")
	_ = cmd.MarkFlagRequired("filename")
	cmd.MarkFlagsMutuallyExclusive("readings", "database")
	return cmd
}

func (f *whatifFlags) run(cmd *cobra.Command) error {
	begin := time.Now()
	ctx := cmd.Context()
	base, err := f.config(ctx, f.twin)
	if err != nil {
		return err
	}
	input, err := f.open(ctx, base)
	if err != nil {
		return err
	}
	defer input.close()
	o, err := f.options(ctx, input)
	if err != nil {
		return err
	}
	bar := whatifProgress()
	o.Progress = func(done, all int) {
		bar.ChangeMax(all)
		_ = bar.Set(done) // a bar that cannot be drawn stops nothing
	}
	r, err := whatif.Run(ctx, input.readings, o)
	_ = bar.Finish()
	if err != nil {
		return err
	}
	r.Seconds = time.Since(begin).Seconds()
	for _, note := range input.notes {
		fmt.Fprintln(cmd.ErrOrStderr(), note)
	}
	return writeReport(cmd, r, f.report, f.asJSON, func(out io.Writer) error { return printWhatif(out, r) })
}

// config is the configuration of a DigitalTwin's file, with the files of its series
// read. A twin that is replayed has no stores: their addresses stand for none.
func (f *whatifFlags) config(ctx context.Context, path string) (*config.Twin, error) {
	dt, err := readTwin(path)
	if err != nil {
		return nil, err
	}
	if dt.Spec.Dataset != nil && f.readings != "" {
		dt.Spec.Dataset.Synthetic = nil
		if dt.Spec.Dataset.Window != nil {
			dt.Spec.Dataset.Window.Start = ""
		}
	}
	cfg, err := f.configOf(ctx, dt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cfg, nil
}

func (f *whatifFlags) configOf(ctx context.Context, dt *v1.DigitalTwin) (*config.Twin, error) {
	const none = "none:0"
	at := fromtwin.Endpoints{
		Image: "energytwin:" + version, Brokers: []string{none}, RedisAddress: none, DatabaseURL: "postgres://" + none,
		Listen: none, StatusListen: none, DatasetPath: f.readings,
		PriceSeriesPath: f.prices, CarbonSeriesPath: f.carbon, TemperatureSeriesPath: f.temperatures,
	}
	if f.database != "" {
		at.DatasetMount = none // its readings are in the database
	}
	cfg, err := fromtwin.Config(dt, at)
	if err != nil {
		return nil, err
	}
	_, err = series.Read(ctx, cfg)
	return cfg, err
}

// options are those of the run. The alternative keeps the base's name, readings and
// warm-up: what differs is how they are processed.
func (f *whatifFlags) options(ctx context.Context, in *whatifInput) (o whatif.Options, err error) {
	o = whatif.Options{Partitions: in.base.Kafka.Partitions, PartitionOf: in.partitionOf, Revisions: in.revisions, Sent: in.sent}
	if o.Base, err = rulesOfConfig(in.base); err != nil {
		return o, err
	}
	if o.From, o.To, err = f.span(o.Base.Calendar()); err != nil {
		return o, err
	}
	if f.policy == "" {
		return o, nil
	}
	other, err := f.config(ctx, f.policy)
	if err != nil {
		return o, err
	}
	other.Namespace, other.Name, other.Dataset, other.Generator = in.base.Namespace, in.base.Name, in.base.Dataset, in.base.Generator
	o.AlternativeSent = in.sentTo(other)
	o.Alternative, err = rulesOfConfig(other)
	return o, err
}

func rulesOfConfig(cfg *config.Twin) (*twin.Rules, error) {
	s, err := cfg.Settings()
	if err != nil {
		return nil, err
	}
	return twin.NewRules(s)
}

// span is the hours from --from to --to, NoHour where one is not given.
func (f *whatifFlags) span(cal *meter.Calendar) (from, to meter.Hour, err error) {
	from, to = meter.NoHour, meter.NoHour
	if f.from != "" {
		if from, err = localDay("from", f.from, cal); err != nil {
			return 0, 0, err
		}
	}
	if f.to != "" {
		if to, err = localDay("to", f.to, cal); err != nil {
			return 0, 0, err
		}
	}
	if from != meter.NoHour && to != meter.NoHour && to <= from {
		return 0, 0, fmt.Errorf("--to %s is not after --from %s", f.to, f.from)
	}
	return from, to, nil
}

// whatifProgress is a bar on a terminal's standard error, and nothing elsewhere.
func whatifProgress() *progressbar.ProgressBar {
	out := io.Discard
	if term.IsTerminal(int(os.Stderr.Fd())) {
		out = io.Writer(os.Stderr)
	}
	return progressbar.NewOptions(1, progressbar.OptionSetDescription("hours"), progressbar.OptionSetWriter(out),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

func printWhatif(out io.Writer, r *whatif.Report) error {
	fmt.Fprintf(out, "%s to %s, %s, %.1f s\n", r.Start, r.End, r.Currency, r.Seconds)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	show := func(name string, base whatif.Figures, other *whatif.Figures) {
		lines := whatif.Lines(&base, other)
		title := fmt.Sprintf("%s (%d meters)", name, base.Meters)
		width := utf8.RuneCountInString(title) // names stand at the left, figures at the right
		for _, line := range lines {
			width = max(width, utf8.RuneCountInString(line.Name))
		}
		fmt.Fprintf(t, "\n%-*s\tbase\t", width, title)
		if other != nil {
			fmt.Fprint(t, "alternative\tchange\t")
		}
		fmt.Fprintln(t)
		for _, line := range lines {
			fmt.Fprintf(t, "%-*s\t%s\t", width, line.Name, line.Base)
			if other != nil {
				fmt.Fprintf(t, "%s\t%s\t", line.Alternative, line.Change)
			}
			fmt.Fprintln(t)
		}
	}
	show("TWIN", r.Base, r.Alternative)
	for _, g := range r.Groups {
		name := g.Name
		if name == "" {
			name = "outside any group"
		}
		show(name, g.Base, g.Alternative)
	}
	return t.Flush()
}
