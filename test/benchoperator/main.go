// Command benchoperator measures the operator on a real API server: how long
// many twins take to converge, what that costs in writes and memory, and what it
// writes when there is nothing to do. The operator runs as a process of its own,
// under its generated role. There is no kubelet: children get ready at once, so
// that the operator is what is measured.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// options are what a person may choose.
type options struct {
	twins   int           // that converge
	flowing int           // of them, whose workloads report new rows each time they are asked
	flow    time.Duration // for how long these are watched
	idle    time.Duration // for how long all are left alone
	secrets int           // unrelated ones that appear
	json    string        // file for the report, "-" for the standard output
	assets  string        // folder of kube-apiserver and etcd
}

func readOptions() options {
	var o options
	quick := flag.Bool("quick", false, "a small look in about two minutes: 50 twins, a minute of each rest")
	flag.IntVar(&o.twins, "twins", 1000, "twins that converge")
	flag.IntVar(&o.flowing, "flowing", 50, "twins of them whose data flow")
	flag.DurationVar(&o.flow, "flow", 5*time.Minute, "how long data flow")
	flag.DurationVar(&o.idle, "idle", 10*time.Minute, "how long the twins are left alone")
	flag.IntVar(&o.secrets, "secrets", 1000, "unrelated Secrets of 100 kB that appear")
	flag.StringVar(&o.json, "json", "", "file for the report as JSON, - for the standard output")
	flag.StringVar(&o.assets, "assets", os.Getenv("KUBEBUILDER_ASSETS"), "folder of kube-apiserver and etcd (KUBEBUILDER_ASSETS)")
	flag.Parse()
	if *quick {
		o.twins, o.flowing, o.flow, o.idle, o.secrets = 50, 10, time.Minute, time.Minute, 100
	}
	return o
}

func main() {
	os.Exit(benchmark())
}

// benchmark is the program's exit code: 1 if a target was missed, 2 if it could
// not be measured.
func benchmark() int {
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	met, err := run(ctx, readOptions())
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench-operator:", err)
		return 2
	case !met:
		return 1
	}
	return 0
}

// run measures everything, and reports whether all targets were met.
func run(ctx context.Context, o options) (met bool, err error) {
	work, err := os.MkdirTemp("", "benchoperator")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(work)
	b, err := newBench(ctx, o, work)
	if err != nil {
		return false, err
	}
	defer b.close()
	if err := b.measure(ctx); err != nil {
		return false, fmt.Errorf("%w; the operator's log ends with:\n%s", err, b.operator.logTail())
	}
	b.report.judge()
	var out io.Writer = os.Stdout
	if o.json == "-" {
		out = os.Stderr
	}
	b.report.print(out)
	return b.report.met(), b.report.write(o.json)
}
