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
	"math/rand/v2"
	"os"
	"slices"

	"github.com/energytwin/energytwin/internal/backtest"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// zone is where the meters of the data are.
const zone = "Europe/London"

// The data.
const (
	buildings54 = "buildings54_2018_2019.csv.gz"

	learnFrom = "2018-02-15" // the first six weeks are history only
	newYear   = "2019-01-01"
	learnTo   = "2020-01-01"
)

// The synthetic homes that are learned from.
const (
	homes     = 60
	homeSeed  = 101
	homeYear  = 2019
	homesFrom = "2019-02-15"
)

func main() {
	data := flag.String("data", "", "folder with the readings that docs/reference/model-card.md names (required)")
	out := flag.String("out", "internal/forecast/coefficients.bin", "file for the coefficients")
	onlyReport := flag.Bool("report", false, "report on meters that are held back, instead of writing coefficients")
	flag.Parse()
	if *data == "" {
		fmt.Fprintln(os.Stderr, "train: no --data: name the folder with "+buildings54+"; docs/reference/model-card.md names where they come from")
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
		return report(all, cal)
	}
	c, err := learnFromAll(all, learnTo, cal)
	if err != nil {
		return err
	}
	code := c.Encode()
	if err := os.WriteFile(out, code, 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes, %d and %d trees\n", out, len(code), len(c.Forest), len(c.Width.Trees))
	return nil
}

// learnFromAll learns from buildings up to a day, and from synthetic homes.
func learnFromAll(buildings []*backtest.Series, to string, cal *meter.Calendar) (*forecast.Coefficients, error) {
	within, err := daysFrom(cal, learnFrom, to)
	if err != nil {
		return nil, err
	}
	year, err := daysFrom(cal, homesFrom, learnTo)
	if err != nil {
		return nil, err
	}
	madeUp, err := synthetic(homes, homeSeed)
	if err != nil {
		return nil, err
	}
	return learn([]lesson{{buildings, within}, {madeUp, year}}, cal)
}

// learn goes stage by stage: each stage sees what the engine predicts with the
// coefficients of the stages before.
func learn(from []lesson, cal *meter.Calendar) (*forecast.Coefficients, error) {
	c := &forecast.Coefficients{Width: forecast.WidthForest{Below: 1, Over: 1}}
	var err error
	if c.Regression, err = fitRegression(collectAll(from, c, cal)); err != nil {
		return nil, err
	}
	c.Forest = fitForest(shuffled(collectAll(from, c, cal)))
	c.Width = fitWidth(shuffled(collectAll(from, c, cal)))
	c.Spread = usualErrors(shuffled(collectAll(from, c, cal)))
	return forecast.DecodeCoefficients(c.Encode()) // rounded, as they ship
}

// lesson is what is learned from.
type lesson struct {
	all    []*backtest.Series
	within span
}

func collectAll(from []lesson, c *forecast.Coefficients, cal *meter.Calendar) (out [][]*sample) {
	for _, l := range from {
		out = append(out, collect(l.all, c, cal, l.within)...)
	}
	return out
}

// shuffled are all days, in an order that is always the same.
func shuffled(days [][]*sample) []*sample {
	all := slices.Concat(days...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
