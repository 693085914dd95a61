package generator

import (
	"context"
	"iter"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/datafile"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/synth"
)

// Reading defines how to go about reading a dataset. The zero value will do.
type Reading struct {
	BadRows    dataset.BadRowWriter    // gets the rows that are left out; nil counts them only
	Progress   func(read, total int64) // receives the bytes that were read; may be nil
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
		return synth.Within(synth.Options{
			Meters: s.Meters, Groups: s.Groups, Seed: s.Seed, Year: s.Year, Zone: twin.Timezone,
		}, d.Start, time.Duration(d.Span))
	}
	if how.Setting == nil {
		how.Setting = func(field string) string { return "spec.dataset.layout." + field }
	}
	return datafile.Open(ctx, d.Path, datafile.Options{
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

// noDataset is the source of a twin whose readings come from elsewhere.
type noDataset struct{}

func (noDataset) Info() dataset.Info { return dataset.Info{} }

func (noDataset) Rows(meter.Hour) iter.Seq2[[]dataset.Row, error] {
	return func(func([]dataset.Row, error) bool) {}
}

func (noDataset) Close() error { return nil }
