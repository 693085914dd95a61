package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/synth"
)

func newDatasetShapeCommand() *cobra.Command {
	var read readFlags
	var made synth.Options
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "shape [FILE…]",
		Short: "Compare the load of datasets, and of made-up households: daily shape, load factor, autocorrelation",
		Example: "  energytwin dataset shape readings.csv.gz --synthetic 200\n" +
			"  energytwin dataset shape --synthetic 1000 --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			cal, err := meter.NewCalendar(read.timezone)
			if err != nil {
				return err
			}
			var shapes []namedShape
			for _, path := range args {
				src, err := read.open(cmd.Context(), path)
				if err != nil {
					return err
				}
				if shapes, err = appendShape(shapes, path, src, cal); err != nil {
					return err
				}
			}
			if made.Meters > 0 {
				made.Zone = read.timezone
				src, err := synth.New(made)
				if err != nil {
					return err
				}
				if shapes, err = appendShape(shapes, "synthetic", src, cal); err != nil {
					return err
				}
			}
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(shapes)
			}
			return printShapes(cmd.OutOrStdout(), shapes)
		},
	}
	read.register(cmd)
	f := cmd.Flags()
	f.IntVar(&made.Meters, "synthetic", 0, "also measure that many made-up households")
	f.Int64Var(&made.Seed, "seed", 1, "of the made-up households")
	f.IntVar(&made.Year, "year", 2019, "of the made-up households")
	f.BoolVar(&asJSON, "json", false, "print JSON instead of a table")
	return cmd
}

type namedShape struct {
	Dataset string `json:"dataset"`
	dataset.Shape
}

func appendShape(to []namedShape, name string, src dataset.Source, cal *meter.Calendar) ([]namedShape, error) {
	defer src.Close()
	shape, err := dataset.ShapeOf(src, cal)
	if err != nil {
		return nil, err
	}
	return append(to, namedShape{Dataset: name, Shape: shape}), nil
}

func printShapes(out io.Writer, shapes []namedShape) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, value func(namedShape) any) {
		fmt.Fprintf(t, "%s\t", name)
		for _, s := range shapes {
			if v, ok := value(s).(float64); ok {
				fmt.Fprintf(t, "%.2f\t", v)
			} else {
				fmt.Fprintf(t, "%v\t", value(s))
			}
		}
		fmt.Fprintln(t)
	}
	row("", func(s namedShape) any { return s.Dataset })
	row("meters", func(s namedShape) any { return s.Meters })
	row("median meter: mean kWh", func(s namedShape) any { return s.MeanKWh })
	row("load factor", func(s namedShape) any { return s.LoadFactor })
	row("autocorrelation 24 h", func(s namedShape) any { return s.Day })
	row("autocorrelation 168 h", func(s namedShape) any { return s.Week })
	row("all meters: load factor", func(s namedShape) any { return s.TotalLoadFactor })
	row("autocorrelation 24 h", func(s namedShape) any { return s.TotalDay })
	row("autocorrelation 168 h", func(s namedShape) any { return s.TotalWeek })
	row("weekend / workday", func(s namedShape) any { return s.WeekendRatio })
	row("winter / summer", func(s namedShape) any { return s.WinterRatio })
	for h := 0; h < 24; h += 2 {
		row(fmt.Sprintf("load at %02d–%02d h", h, h+2), func(s namedShape) any { return (s.Profile[h] + s.Profile[h+1]) / 2 })
	}
	return t.Flush()
}
