package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/internal/dataset"
)

func newDatasetInspectCommand() *cobra.Command {
	var read readFlags
	var signal signalFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Show what a file of readings holds: meters, span, gaps, duplicates, units, suspicious zeros",
		Long: "Shows what a file of readings holds, how it is read, and why. With --signal it does so for a file of prices,\n" +
			"carbon intensities or temperatures.",
		Example: "  energytwin dataset inspect readings.csv.gz\n" +
			"  energytwin dataset inspect readings.csv.gz --json --quarantine bad.csv\n" +
			"  energytwin dataset inspect day-ahead.csv --signal price --currency EUR --timezone Europe/Berlin",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("signal") {
				o, unit, err := signal.options(cmd.Flags(), &read)
				if err != nil {
					return err
				}
				report, err := inspectSignal(cmd.Context(), args[0], unit, o)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), report)
				}
				return printSignal(cmd.OutOrStdout(), report)
			}
			if signal.currency != "" {
				return errors.New("--currency is about prices: set --signal price too")
			}
			src, err := read.open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer src.Close()
			report, err := dataset.Inspect(src)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), report)
			}
			return printReport(cmd.OutOrStdout(), report)
		},
	}
	read.register(cmd)
	signal.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON instead of tables")
	return cmd
}

func writeJSON(out io.Writer, report any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(report)
}

func printReport(out io.Writer, r *dataset.Report) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	printSummary(t, r)
	printEvidence(t, r.Detection, r.Warnings)
	printMeters(t, r)
	printBadRows(t, r)
	if err := t.Flush(); err != nil {
		return err
	}
	return printLayoutGuess(out, r)
}

func printSummary(t io.Writer, r *dataset.Report) {
	for _, line := range []struct {
		name  string
		value any
		about string
	}{
		{"meters", len(r.Meters), ""},
		{"window", fmt.Sprintf("%s to %s", day(r.Start), day(r.End)), "end exclusive"},
		{"values read", r.Read, "in the file's own intervals"},
		{"hourly rows", r.Rows, ""},
		{"missing hours", r.MissingHours, "in gaps between a meter's first and last row"},
		{"quarantined", r.Quarantined, "bad rows"},
		{"duplicates", r.Duplicates, "rows that repeat a meter and interval"},
		{"trimmed", r.Trimmed, "outside the window"},
		{"marked missing", r.Missing, ""},
		{"incomplete hours", r.Incomplete, "left out: readings are missing"},
		{"overlapping hours", r.Overlaps, "left out: intervals overlap"},
		{"estimated", r.Estimated, "marked so, or hours completed at the ends of a counter; used all the same"},
		{"counter resets", r.Resets, "steps back, far beyond the counter's history, or longer than an hour: unknown hours"},
		{"no electrical energy", r.Skipped, "other commodities, units and footers: left out"},
		{"suspicious meters", r.Suspicious, fmt.Sprintf("zeros or one value for %d hours or more", dataset.SuspiciousHours)},
		{"sha256", r.SHA256, "of the file as it is"},
	} {
		fmt.Fprintf(t, "%s\t%v\t%s\n", line.name, line.value, line.about)
	}
}

// printEvidence prints how a file was read, and what seems wrong.
func printEvidence(t io.Writer, detection []dataset.Evidence, warnings []string) {
	fmt.Fprintf(t, "\nTAKEN FOR\t\tSURE\tBECAUSE\tTO CHANGE IT\n")
	for _, e := range detection {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", e.What, e.Guess, e.Sure, e.Because, e.Change)
	}
	for _, w := range warnings {
		fmt.Fprintf(t, "\nwarning: %s\n", w)
	}
}

// printLayoutGuess prints how the file was read as a document for spec.dataset or
// --layout.
func printLayoutGuess(out io.Writer, r *dataset.Report) error {
	if r.Layout == nil {
		return nil
	}
	text, err := r.Layout.YAML()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe layout, for spec.dataset or a file of --layout:\n\nlayout:\n")
	for line := range strings.Lines(text) {
		fmt.Fprintf(out, "  %s", line)
	}
	return nil
}

func printMeters(t io.Writer, r *dataset.Report) {
	fmt.Fprintf(t, "\nMETER\tGROUP\tFIRST\tLAST\tROWS\tGAPS\tMISSING\tLONGEST\tREPEATED\tNEGATIVE\tZEROS\tZERO RUN\tSAME RUN\tMIN\tMEAN\tMAX\tNOTE\n")
	for i := range r.Meters {
		m := &r.Meters[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.3g\t%.3g\t%.3g\t%s\n",
			m.Name, m.Group, day(m.First), day(m.Last), m.Rows, m.Gaps, m.MissingHours, m.LongestGap, m.Repeated, m.Negative,
			m.Zeros, m.LongestZeros, m.LongestConstant, m.Min, m.Mean, m.Max, suspicion(m))
	}
}

func suspicion(m *dataset.MeterReport) string {
	var notes []string
	if m.Rows == 0 {
		notes = append(notes, "no row in the window")
	}
	if m.LongestZeros >= dataset.SuspiciousHours {
		notes = append(notes, "zeros may mark missing readings")
	}
	if m.LongestConstant >= dataset.SuspiciousHours {
		notes = append(notes, "the value stands still")
	}
	return strings.Join(notes, "; ")
}

func printBadRows(t io.Writer, r *dataset.Report) {
	if len(r.BadRows) == 0 {
		return
	}
	fmt.Fprintf(t, "\nBAD LINE\tCOLUMN\tREASON\tTEXT\n")
	for _, b := range r.BadRows {
		fmt.Fprintf(t, "%d\t%s\t%s\t%.80q\n", b.Line, b.Column, b.Reason, b.Raw)
	}
	if more := r.Quarantined - int64(len(r.BadRows)); more > 0 {
		fmt.Fprintf(t, "and %d more; --quarantine FILE gets all of them\n", more)
	}
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02T15:04Z")
}
