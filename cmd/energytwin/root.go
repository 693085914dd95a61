package main

import (
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/cmd/energytwin/cluster"
)

func newRootCommand() *cobra.Command {
	var logFormat, logLevel string
	root := &cobra.Command{
		Use:   "energytwin",
		Short: "A digital twin of an electricity grid area",
		Long: "EnergyTwin replays or receives smart-meter readings, forecasts every meter a day ahead,\n" +
			"proposes demand-side-management decisions, and serves all of it over a REST API and a web UI.",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return setLogger(logFormat, logLevel)
		},
	}
	root.PersistentFlags().StringVar(&logFormat, "log-format", "text", "format of log lines: text or json")
	root.PersistentFlags().StringVar(&logLevel, "log-level", "info", "least level of log lines: debug, info, warn or error")
	root.AddCommand(
		newLocalCommand(),
		newGeneratorCommand(),
		newProcessorCommand(),
		newAPICommand(),
		newBridgeCommand(),
		newPrepareCommand(),
		newProveCommand(),
		newOperatorCommand(),
		newImagesCommand(),
		cluster.NewCommand("cluster"),
		cluster.NewWaitCommand(),
		newKafkaUsersCommand(),
		newBackupCommand(),
		newBacktestCommand(),
		newWhatifCommand(),
		newDatasetCommand(),
		newVersionCommand(),
	)
	return root
}

// setLogger makes the process's logger: the one piece of global state, as
// libraries log through slog's default too.
func setLogger(format, level string) error {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return err
	}
	opts := &slog.HandlerOptions{Level: l}
	if format == "json" {
		slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, opts)))
		return nil
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, opts)))
	return nil
}
