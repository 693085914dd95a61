package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

func newDatasetLayoutsCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "layouts [NAME]",
		Short: "List the layouts that ship with the program, or print one as a document",
		Example: "  energytwin dataset layouts\n" +
			"  energytwin dataset layouts octopus > mine.yaml",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "" && output != "json" {
				return fmt.Errorf("--output %s: write json, or leave it out", output)
			}
			if len(args) == 1 {
				return printLayout(cmd, args[0], output)
			}
			all, err := layout.All()
			if err != nil {
				return err
			}
			if output == "json" {
				return printJSON(cmd, all)
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tFILE")
			for i := range all {
				fmt.Fprintf(t, "%s\t%s\n", all[i].Name, all[i].Title)
			}
			return t.Flush()
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "json prints JSON instead of a table")
	return cmd
}

func printLayout(cmd *cobra.Command, name, output string) error {
	doc, err := layout.Named(name)
	if err != nil {
		return err
	}
	if output == "json" {
		return printJSON(cmd, doc)
	}
	text, err := doc.YAML()
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), text)
	return err
}

func printJSON(cmd *cobra.Command, v any) error {
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
