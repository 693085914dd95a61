// Command perf measures how many readings a second each part of a twin takes,
// beside the limit of the store that the part works on, in one run on one
// machine:
//
//	go run ./test/perf
//
// It runs the real workloads as processes of their own on a real Kafka broker,
// redis-server and PostgreSQL, and ends with a table, a verdict on each target
// and, if asked, a JSON document. See docs/reference/performance.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	err := newCommand().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	fmt.Fprintln(os.Stderr, "perf:", err)
	os.Exit(1)
}

func newCommand() *cobra.Command {
	o := defaultOptions()
	cmd := &cobra.Command{
		Use:           "perf",
		Short:         "Measure a twin's throughput beside the limits of its stores",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.settle(cmd.Flags().Changed); err != nil {
				return err
			}
			return run(cmd.Context(), o, cmd.OutOrStdout(), os.Stderr)
		},
	}
	f := cmd.Flags()
	f.IntSliceVar(&o.meters, "meters", o.meters, "number of meters; repeat it, each with its --days")
	f.IntSliceVar(&o.days, "days", o.days, "days of hourly readings of each meter")
	f.IntVar(&o.repetitions, "repetitions", o.repetitions, "measurements of each part; the median counts")
	f.DurationVar(&o.least, "least", o.least, "least length of a measurement of the whole twin; short ones are done again and added up; parts take a quarter")
	f.DurationVar(&o.within, "within", o.within, "no repetition begins that would not end within this time")
	f.StringSliceVar(&o.only, "only", nil, fmt.Sprintf("measure only these parts: %q", stageNames()))
	f.StringVar(&o.json, "json", "", "file for all results as JSON")
	f.BoolVar(&o.quick, "quick", false, "small sizes once: shows that it works, not how fast")
	f.StringVar(&o.cpuProfile, "cpuprofile", "", "begin of the names of files for CPU profiles of the processor, end to end")
	f.StringVar(&o.dir, "dir", "", "folder for the stores' data; a temporary one without it, deleted at the end")
	cmd.AddCommand(newGenerateCommand(), newProcessCommand(), newLoadCommand(), newConsumeCommand())
	return cmd
}
