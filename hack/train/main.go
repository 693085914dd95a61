// Command train learns the coefficients that ship with the program, and reports
// how good forecasts with them are on meters and times that it did not learn
// from. See docs/reference/model-card.md.
//
//	go run ./hack/train --data FOLDER                # learns, and writes internal/forecast/coefficients.bin
//	go run ./hack/train --data FOLDER --report       # learns with meters held back, and reports
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/energytwin/energytwin/internal/backtest"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// zone is where the meters of the data are.
const zone = "Europe/London"

// The data: years that are read, and the part that is learned from. Whatever is
// reported lies after it.
const (
	buildings54 = "buildings54_2018_2019.csv.gz"
	buildings20 = "buildings20_2019.csv.gz"
	learnFrom   = "2018-02-15" // the first six weeks are history only
	learnTo     = "2019-01-01"
)

func main() {
	data := flag.String("data", "", "folder with the readings that docs/reference/model-card.md names (required)")
	out := flag.String("out", "internal/forecast/coefficients.bin", "file for the coefficients")
	onlyReport := flag.Bool("report", false, "report on meters that are held back, instead of writing coefficients")
	flag.Parse()
	if *data == "" {
		fmt.Fprintln(os.Stderr, "train: no --data: name the folder with "+buildings54+" and "+buildings20+"; docs/reference/model-card.md names where they come from")
		os.Exit(2)
	}
	if err := run(context.Background(), *data, *out, *onlyReport); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, data, out string, onlyReport bool) error {
	cal, err := meter.NewCalendar(zone)
	if err != nil {
		return err
	}
	all, err := readSeries(ctx, data+"/"+buildings54)
	if err != nil {
		return err
	}
	if onlyReport {
		return report(ctx, data, all, cal)
	}
	c, err := learn(all, cal)
	if err != nil {
		return err
	}
	code := c.Encode()
	if err := os.WriteFile(out, code, 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes, %d trees\n", out, len(code), len(c.Forest))
	return nil
}

// learn goes stage by stage: each stage sees what the engine predicts with the
// coefficients of the stages before.
func learn(all []*backtest.Series, cal *meter.Calendar) (*forecast.Coefficients, error) {
	within, err := daysFrom(cal, learnFrom, learnTo)
	if err != nil {
		return nil, err
	}
	c := &forecast.Coefficients{}
	samples, err := collect(all, c, within)
	if err != nil {
		return nil, err
	}
	if c.Regression, err = fitRegression(samples); err != nil {
		return nil, err
	}
	if samples, err = collect(all, c, within); err != nil {
		return nil, err
	}
	c.Forest = fitForest(samples)
	if samples, err = collect(all, c, within); err != nil {
		return nil, err
	}
	c.Spread = usualErrors(samples)
	return forecast.DecodeCoefficients(c.Encode()) // rounded, as they ship
}
