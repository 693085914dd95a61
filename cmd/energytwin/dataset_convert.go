package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/internal/dataset"
)

func newDatasetConvertCommand() *cobra.Command {
	var read readFlags
	var out string
	cmd := &cobra.Command{
		Use:     "convert FILE",
		Short:   "Write a file of any layout as long CSV: hourly, UTC, kWh, in the order of time",
		Example: "  energytwin dataset convert LD2011_2014.txt --start 2013-01-01T00:00:00Z --out uci-2013.csv.zst",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := read.open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer src.Close()
			err = writeTo(out, cmd.OutOrStdout(), func(w io.Writer) error {
				return dataset.WriteLong(cmd.Context(), w, src)
			})
			if err != nil {
				return err
			}
			info := src.Info()
			fmt.Fprintf(cmd.ErrOrStderr(), "%d rows of %d meters from %s to %s; quarantined %d, duplicates %d, trimmed %d, missing %d, incomplete hours %d\n",
				info.Rows, len(info.Meters), info.Start, info.End, info.Quarantined, info.Duplicates, info.Trimmed, info.Missing, info.Incomplete)
			return nil
		},
	}
	read.register(cmd)
	cmd.Flags().StringVar(&out, "out", "-", "file to write, packed if it ends in .gz or .zst; - is standard output")
	return cmd
}
