package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/energytwin/energytwin/internal/backtest"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/synth"
	"github.com/energytwin/energytwin/internal/twin"
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
	seen, err := backtest.RulesOf(twin.Settings{Timezone: zone, Coefficients: shipped})
	if err != nil {
		return err
	}
	ofSeen := func(string) *twin.Rules { return seen }
	ofUnseen, everyFifth, err := unseen(all, cal)
	if err != nil {
		return err
	}
	others, err := readSeries(ctx, data+"/"+buildings20)
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(s *backtest.Series) bool {
		return slices.ContainsFunc(all, func(o *backtest.Series) bool { return o.Meter == s.Meter })
	})
	homes, err := madeUp()
	if err != nil {
		return err
	}
	var c card
	for _, part := range []struct {
		title string
		all   []*backtest.Series
		of    func(string) *twin.Rules
	}{
		{fmt.Sprintf("%d buildings, seen in the year before", len(all)), all, ofSeen},
		{fmt.Sprintf("the same %d, each forecast with what was learned from the others (five parts)", len(all)), all, ofUnseen},
		{"every fifth of them, likewise", everyFifth, ofUnseen},
		{fmt.Sprintf("%d buildings of another file, never seen", len(others)), others, ofSeen},
		{fmt.Sprintf("%d made-up homes (`dataset synth`, seed %d), another population", len(homes), homeSeed), homes, ofSeen},
	} {
		r, err := backtest.Run(ctx, part.all, backtest.Options{Calendar: cal, From: within.from, To: within.to, RulesOf: part.of})
		if err != nil {
			return fmt.Errorf("%s: %w", part.title, err)
		}
		if err := show(part.title, r); err != nil {
			return err
		}
		c.add(part.title, r)
	}
	c.print(os.Stdout)
	return nil
}

// unseen returns, for each meter, rules with coefficients that were learned without
// it; and every fifth meter.
func unseen(all []*backtest.Series, cal *meter.Calendar) (of func(string) *twin.Rules, everyFifth []*backtest.Series, err error) {
	rules := map[string]*twin.Rules{}
	for fold := range folds {
		var learned []*backtest.Series
		for i, s := range all {
			if i%folds != fold {
				learned = append(learned, s)
			}
		}
		c, err := learn(learned, cal)
		if err != nil {
			return nil, nil, err
		}
		r, err := backtest.RulesOf(twin.Settings{Timezone: zone, Coefficients: c})
		if err != nil {
			return nil, nil, err
		}
		for i := fold; i < len(all); i += folds {
			rules[all[i].Meter] = r
		}
	}
	for i := 0; i < len(all); i += folds {
		everyFifth = append(everyFifth, all[i])
	}
	return func(name string) *twin.Rules { return rules[name] }, everyFifth, nil
}

// The synthetic homes.
const homes, homeSeed, homeYear = 100, 7, 2019

// madeUp are synthetic homes of the year that is reported.
func madeUp() ([]*backtest.Series, error) {
	src, err := synth.New(synth.Options{Meters: homes, Seed: homeSeed, Year: homeYear, Zone: zone})
	if err != nil {
		return nil, err
	}
	byName, err := backtest.Collect(src)
	if err != nil {
		return nil, err
	}
	return sorted(byName), src.Close()
}

// show prints how all methods do.
func show(title string, r *backtest.Report) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\n%s: %d count, left out: %s\n\trelMAE\tMASE\tWAPE\tnRMSE\tlead 0\tlead 3\tlead 12\t\n", title, r.Meters, r.LeftOutText())
	for i := range r.Models {
		m := &r.Models[i]
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t\n", m.Name, m.RelMAE, m.MASE, m.WAPE, m.NRMSE, m.ByLead[0], m.ByLead[3], m.ByLead[12])
	}
	fmt.Fprintf(t, "interval covers %.2f %%, by meter %.1f to %.1f %%, %d meters outside 70 to 90 %%\n",
		100**r.Models[0].Coverage80, 100*r.Coverage.Least, 100*r.Coverage.Most, r.Coverage.Outside)
	return t.Flush()
}
