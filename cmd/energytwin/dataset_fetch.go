package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/workloads/generator"
)

func newDatasetFetchCommand() *cobra.Command {
	var o generator.FetchOptions
	var tokenFile string
	cmd := &cobra.Command{
		Use:   "fetch URL",
		Short: "Fetch a dataset over HTTP and check its SHA-256",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.URL = args[0]
			if tokenFile != "" {
				token, err := config.ReadToken("--token-file", tokenFile)
				if err != nil {
					return err
				}
				o.Token = token
			}
			sum, size, err := generator.Fetch(cmd.Context(), o)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s  %s  %d bytes\n", sum, o.Out, size)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Out, "out", "", "file to write (required)")
	f.StringVar(&o.SHA256, "sha256", "", "SHA-256 that the file must have, in hexadecimal")
	f.StringVar(&tokenFile, "token-file", "", "file with a token, sent as Authorization: Bearer")
	_ = cmd.MarkFlagRequired("out")
	return cmd
}
