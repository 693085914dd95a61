package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/synth"
)

// metersPerFeeder is how many households a feeder has by default.
const metersPerFeeder = 50

func newDatasetSynthCommand() *cobra.Command {
	var o synth.Options
	var out, temperatures string
	cmd := &cobra.Command{
		Use:     "synth",
		Short:   "Make households up and write their readings as long CSV",
		Example: "  energytwin dataset synth --meters 1000 --year 2025 --seed 1 --out homes.csv.zst",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("groups") {
				o.Groups = (o.Meters + metersPerFeeder - 1) / metersPerFeeder
			}
			src, err := synth.New(o)
			if err != nil {
				return err
			}
			defer src.Close()
			if temperatures != "" {
				if err := writeTo(temperatures, cmd.OutOrStdout(), func(w io.Writer) error {
					return synth.WriteTemperatures(w, o)
				}); err != nil {
					return err
				}
			}
			return writeTo(out, cmd.OutOrStdout(), func(w io.Writer) error {
				return dataset.WriteLong(cmd.Context(), w, src)
			})
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Meters, "meters", 100, "number of households")
	f.IntVar(&o.Groups, "groups", 0, "number of feeders, 0 for none; one for every 50 households by default")
	f.Int64Var(&o.Seed, "seed", 1, "of the households and the weather; the same seed gives the same bytes")
	f.IntVar(&o.Year, "year", 2025, "that is made up")
	f.StringVar(&o.Zone, "timezone", "UTC", "IANA zone by whose clock people live")
	f.StringVar(&out, "out", "-", "file to write, packed if it ends in .gz or .zst; - is standard output")
	f.StringVar(&temperatures, "temperatures", "", "file for the outdoor temperatures that the households felt, CSV with timestamp and temperature_c")
	return cmd
}
