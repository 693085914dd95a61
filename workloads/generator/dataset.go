package generator

import (
	"context"
	"iter"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/meter"
)

// Reading says how to go about reading a dataset. The zero value will do.
type Reading struct {
	BadRows    dataset.BadRowWriter    // gets the rows that are left out; nil counts them only
	Progress   func(read, total int64) // told the bytes that were read; may be nil
	Setting    func(string) string     // how a person sets a field of the layout; nil names spec.dataset.layout
	ScratchDir string                  // for sorting; "" is the system's folder for temporary files
}

// OpenDataset reads the dataset that a twin's configuration names, or makes it
// up. With mode Off there is nothing to read: the source is empty.
func OpenDataset(ctx context.Context, twin *config.Twin, how Reading) (dataset.Source, error) {
	if twin.Generator.Mode == ModeOff {
		return noDataset{}, nil
	}
	d := twin.Dataset
	if s := d.Synthetic; s != nil {
		return dataset.SyntheticWithin(dataset.SyntheticOptions{
			Meters: s.Meters, Groups: s.Groups, Seed: s.Seed, Year: s.Year, Zone: twin.Timezone,
		}, d.Start, time.Duration(d.Span))
	}
	if how.Setting == nil {
		how.Setting = func(field string) string { return "spec.dataset.layout." + field }
	}
	return dataset.Open(ctx, d.Path, dataset.Options{
		Layout:      d.Layout,
		Setting:     how.Setting,
		Zone:        twin.Timezone,
		Start:       d.Start,
		Span:        time.Duration(d.Span),
		InvalidRows: dataset.InvalidRows(d.InvalidRows),
		BadRows:     how.BadRows,
		Progress:    how.Progress,
		ScratchDir:  how.ScratchDir,
	})
}

// DatasetReport is how a dataset was read, for the twin's status.
type DatasetReport struct {
	Layout      *layout.Document      `json:"layout,omitempty"` // complete: what was set and what was found out
	Guesses     []dataset.Evidence    `json:"guesses,omitempty"`
	Warnings    []string              `json:"warnings,omitempty"`
	Read        int64                 `json:"read"`        // values of the file, in its own intervals
	Quarantined int64                 `json:"quarantined"` // rows that were left out
	Reasons     []dataset.ReasonCount `json:"reasons,omitempty"`
	Missing     int64                 `json:"missing"`   // values that the file marks as missing
	Estimated   int64                 `json:"estimated"` // values that the file marks as estimated
	Skipped     int64                 `json:"skipped"`   // values that are no electrical energy
	Incomplete  int64                 `json:"incomplete"`
	Resets      int64                 `json:"resets"` // unknown steps of counters
}

// reportOf is the report on a dataset; nil on households that are made up.
func reportOf(info *dataset.Info) *DatasetReport {
	if info.Layout == nil {
		return nil
	}
	return &DatasetReport{
		Layout: info.Layout, Guesses: info.Guesses(), Warnings: info.Warnings, Read: info.Read, Quarantined: info.Quarantined, Reasons: info.Reasons,
		Missing: info.Missing, Estimated: info.Estimated, Skipped: info.Skipped, Incomplete: info.Incomplete, Resets: info.Resets,
	}
}

// noDataset is the source of a twin whose readings come from elsewhere.
type noDataset struct{}

func (noDataset) Info() dataset.Info { return dataset.Info{} }

func (noDataset) Rows(meter.Hour) iter.Seq2[[]dataset.Row, error] {
	return func(func([]dataset.Row, error) bool) {}
}

func (noDataset) Close() error { return nil }
