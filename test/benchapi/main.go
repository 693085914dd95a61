// Command benchapi measures how long the API takes to answer what people ask most, beside
// the bare SQL of the same questions on the same database: with one client, and with
// several. It fills a database of its own for that.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/test/ui/filled"
)

type options struct {
	meters, days, clients int
	least                 time.Duration
	json                  bool
}

func main() {
	var o options
	flag.IntVar(&o.meters, "meters", 2_000, "meters of the twin")
	flag.IntVar(&o.days, "days", 365, "days that the twin has lived")
	flag.IntVar(&o.clients, "clients", 16, "clients that ask at the same time")
	flag.DurationVar(&o.least, "least", 3*time.Second, "how long each question is asked, at least")
	flag.BoolVar(&o.json, "json", false, "print the figures as JSON")
	flag.Parse()
	os.Exit(exitCode(o))
}

// exitCode is 0 if every target is met, 3 if not, and 1 where nothing could be measured.
func exitCode(o options) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	met, err := run(ctx, o)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	case !met:
		return 3
	}
	return 0
}

// run reports whether every target is met.
func run(ctx context.Context, o options) (met bool, err error) {
	postgres, err := embedded.Postgres(ctx, embedded.PostgresOptions{})
	if err != nil {
		return false, err
	}
	defer func() {
		if stopErr := postgres.Stop(context.WithoutCancel(ctx)); err == nil {
			err = stopErr
		}
	}()
	if err := fill(ctx, postgres.URL, o); err != nil {
		return false, err
	}
	b, err := newBench(ctx, postgres.URL)
	if err != nil {
		return false, err
	}
	defer b.close()
	var lines []line
	for i, q := range questions(o) {
		progress("%d/%d  %s", i+1, len(questions(o)), q.name)
		l, err := b.measure(ctx, q, o)
		if err != nil {
			show(os.Stderr, lines, o)
			return false, err
		}
		lines = append(lines, l)
	}
	progress("")
	if o.json {
		return metAll(lines), json.NewEncoder(os.Stdout).Encode(lines)
	}
	show(os.Stdout, lines, o)
	return metAll(lines), nil
}

// fill makes the twin: readings, forecasts and decisions of each day, settled.
func fill(ctx context.Context, url string, o options) error {
	if err := schema.Migrate(ctx, url, schema.MigrateOptions{}); err != nil {
		return err
	}
	db, err := writer.Open(ctx, url, timescale.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	progress("filling the database with %d meters × %d days", o.meters, o.days)
	began := time.Now()
	const metersOfGroup = 50
	size := filled.Size{Meters: o.meters, Groups: max(o.meters/metersOfGroup, 2), Days: o.days}
	if _, err := filled.Fill(ctx, db, filled.Twin(), size); err != nil {
		return err
	}
	if _, err := db.Pool.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		return fmt.Errorf("analyse the database: %w", err)
	}
	progress("filled in %s", time.Since(began).Round(time.Second))
	fmt.Fprintln(os.Stderr)
	return nil
}

// progress replaces the line of a terminal.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "\r\033[K"+format, args...)
}
