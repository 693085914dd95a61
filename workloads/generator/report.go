package generator

import (
	"cmp"
	"context"
	"slices"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
)

// reportOf is how a file was read and what became of its rows; nil for households
// that are made up.
func reportOf(info *dataset.Info) *config.DatasetReport {
	if info.Layout == nil {
		return nil
	}
	r := &config.DatasetReport{DatasetFigures: config.DatasetFigures{
		Read: info.Read, RejectedRows: info.Quarantined, Missing: info.Missing, Estimated: info.Estimated, Skipped: info.Skipped,
		Incomplete: info.Incomplete, Overlaps: info.Overlaps, Resets: info.Resets, Findings: info.Findings(),
	}}
	if last := lastHour(info.Meters); last != meter.NoHour {
		r.EndsAt = (last + 1).Time()
	}
	for _, c := range info.Reasons {
		r.Reasons = append(r.Reasons, config.RowsFigures{Reason: c.Reason, Rows: c.Rows})
	}
	slices.SortStableFunc(r.Reasons, func(a, b config.RowsFigures) int { return cmp.Compare(b.Rows, a.Rows) })
	for _, b := range info.BadRows {
		r.Rows = append(r.Rows, config.RejectedRow{Line: b.Line, Column: b.Column, Reason: b.Reason, Text: b.Raw})
	}
	return r
}

// lastHour is the last hour with a reading, NoHour if there is none.
func lastHour(meters []dataset.MeterInfo) meter.Hour {
	last := meter.NoHour
	for _, m := range meters {
		last = max(last, m.Last)
	}
	return last
}

// ensureReport writes the report to Redis, from where a processor stores it.
func (g *generator) ensureReport(ctx context.Context) error {
	if g.report == nil {
		return nil
	}
	text, err := g.report.Stored()
	if err != nil {
		return err
	}
	return g.redis.SetDatasetReport(ctx, text)
}
