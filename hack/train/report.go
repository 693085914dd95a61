package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/energytwin/energytwin/internal/backtest"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// What is reported: the last two months of 2019, a year after the last day that
// was learned from.
const (
	reportFrom = "2019-11-01"
	reportTo   = "2019-12-31"
)

// folds is how many parts the meters are divided into; each part is forecast
// with what was learned from the others.
const folds = 5

func report(ctx context.Context, data string, all []*backtest.Series, cal *meter.Calendar) error {
	within, err := daysFrom(cal, reportFrom, reportTo)
	if err != nil {
		return err
	}
	shipped, err := learn(all, cal)
	if err != nil {
		return err
	}
	seen := forecast.NewCombined(cal, meter.IssueTime{}, shipped)
	if err := show(ctx, "54 buildings, seen a year before", all, cal, within, func(string) *forecast.Combined { return seen }); err != nil {
		return err
	}
	if err := reportUnseen(ctx, all, cal, within); err != nil {
		return err
	}
	others, err := readSeries(ctx, data+"/"+buildings20)
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(s *backtest.Series) bool {
		return slices.ContainsFunc(all, func(o *backtest.Series) bool { return o.Meter == s.Meter })
	})
	name := fmt.Sprintf("%d buildings of the other file, never seen", len(others))
	if err := show(ctx, name, others, cal, within, func(string) *forecast.Combined { return seen }); err != nil {
		return err
	}
	homes, err := madeUp()
	if err != nil {
		return err
	}
	return show(ctx, fmt.Sprintf("%d made-up homes, another population", len(homes)), homes, cal, within, func(string) *forecast.Combined { return seen })
}

// reportUnseen forecasts each meter with coefficients that were learned without it.
func reportUnseen(ctx context.Context, all []*backtest.Series, cal *meter.Calendar, within span) error {
	models := map[string]*forecast.Combined{}
	var everyFifth []*backtest.Series
	for fold := range folds {
		var learned []*backtest.Series
		for i, s := range all {
			if i%folds != fold {
				learned = append(learned, s)
			}
		}
		c, err := learn(learned, cal)
		if err != nil {
			return err
		}
		model := forecast.NewCombined(cal, meter.IssueTime{}, c)
		for i, s := range all {
			if i%folds == fold {
				models[s.Meter] = model
			}
			if i%folds == 0 && fold == 0 {
				everyFifth = append(everyFifth, s)
			}
		}
	}
	of := func(name string) *forecast.Combined { return models[name] }
	if err := show(ctx, "54 buildings, unseen (each learned without it)", all, cal, within, of); err != nil {
		return err
	}
	return show(ctx, "every fifth of them, unseen", everyFifth, cal, within, of)
}

// madeUp are synthetic homes of the year that is reported.
func madeUp() ([]*backtest.Series, error) {
	const homes, seed, year = 100, 7, 2019
	src, err := dataset.Synthetic(dataset.SyntheticOptions{Meters: homes, Seed: seed, Year: year, Zone: zone})
	if err != nil {
		return nil, err
	}
	byName := map[string]*backtest.Series{}
	if err := backtest.Collect(src, byName); err != nil {
		return nil, err
	}
	return sorted(byName), src.Close()
}

// show prints how all methods do.
func show(ctx context.Context, title string, all []*backtest.Series, cal *meter.Calendar, within span, of func(string) *forecast.Combined) error {
	r, err := backtest.Run(ctx, all, backtest.Options{Calendar: cal, From: within.from, To: within.to, ModelOf: of})
	if err != nil {
		return fmt.Errorf("%s: %w", title, err)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\n%s: %d count, left out %+v\n\trelMAE\tMASE\tWAPE\tnRMSE\tlead 0\tlead 3\tlead 12\t\n", title, r.Meters, r.LeftOut)
	for i := range r.Models {
		m := &r.Models[i]
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t\n", m.Name, m.RelMAE, m.MASE, m.WAPE, m.NRMSE, m.ByLead[0], m.ByLead[3], m.ByLead[12])
	}
	fmt.Fprintf(t, "interval covers %.2f %%, by meter %.1f to %.1f %%, %d meters outside 70 to 90 %%\n",
		100**r.Models[0].Coverage80, 100*r.Coverage.Least, 100*r.Coverage.Most, r.Coverage.Outside)
	return t.Flush()
}
