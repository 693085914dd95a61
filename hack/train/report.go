package main

import (
	"fmt"
	"os"

	"github.com/energytwin/energytwin/internal/backtest"
	"github.com/energytwin/energytwin/internal/meter"
)

// What is reported, besides the months that settings were chosen on.
const (
	chosenFrom = "2019-02-01"
	reportFrom = "2019-11-01"
	reportTo   = "2019-12-31"
)

// The synthetic homes that are reported.
const reportHomes, reportSeed = 100, 7

// heldBack is which buildings the report holds back: every third.
const heldBack = 3

// report learns from two thirds of the buildings, the first year alone, and measures the
// others in the second: meters and times that nothing was learned from.
func report(all []*backtest.Series, cal *meter.Calendar) error {
	var some, others []*backtest.Series
	for i, s := range all {
		if i%heldBack == 0 {
			others = append(others, s)
		} else {
			some = append(some, s)
		}
	}
	c, err := learnFromAll(some, newYear, cal)
	if err != nil {
		return err
	}
	madeUp, err := synthetic(reportHomes, reportSeed)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		title    string
		all      []*backtest.Series
		from, to string
	}{
		{"unseen buildings, months of choice", others, chosenFrom, reportFrom},
		{"unseen buildings", others, reportFrom, reportTo},
		{"synthetic homes", madeUp, reportFrom, reportTo},
	} {
		within, err := daysFrom(cal, part.from, part.to)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stdout, "\n%s, %s to %s\n%s\n", part.title, part.from, part.to, figuresHead)
		for _, p := range plans() {
			measure(part.all, c, cal, within, p).print(os.Stdout, p)
		}
	}
	return nil
}
