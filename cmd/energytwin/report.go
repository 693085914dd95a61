package main

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"
)

// htmlReport is a report that has a page of its own.
type htmlReport interface{ WriteHTML(w io.Writer) error }

// writeReport writes the page of a report where a file is named for it, and prints
// the report: as JSON, or as a table.
func writeReport(cmd *cobra.Command, r htmlReport, file string, asJSON bool, table func(io.Writer) error) error {
	out := cmd.OutOrStdout()
	if file != "" {
		if err := writeTo(file, out, r.WriteHTML); err != nil {
			return err
		}
	}
	if !asJSON {
		return table(out)
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
