package generator

import (
	"cmp"
	"context"
	"slices"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
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
	for _, c := range info.Reasons {
		r.Reasons = append(r.Reasons, config.RowsFigures{Reason: c.Reason, Rows: c.Rows})
	}
	slices.SortStableFunc(r.Reasons, func(a, b config.RowsFigures) int { return cmp.Compare(b.Rows, a.Rows) })
	for _, b := range info.BadRows {
		r.Rows = append(r.Rows, config.RejectedRow{Line: b.Line, Column: b.Column, Reason: b.Reason, Text: b.Raw})
	}
	return r
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
