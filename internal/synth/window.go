package synth

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
)

// Within is New, cut to a window: from start on, the year's start
// if it is zero, for span, to the year's end if it is 0 or longer.
func Within(o Options, start time.Time, span time.Duration) (dataset.Source, error) {
	year, err := New(o)
	if err != nil {
		return nil, err
	}
	info := year.Info()
	if start.IsZero() {
		start = info.Start.Time()
	}
	from, to := meter.HoursWithin(start, span)
	if from = max(from, info.Start); span <= 0 {
		to = info.End
	}
	to = min(to, info.End)
	if from >= info.End || to <= from {
		return nil, fmt.Errorf("synthetic dataset: the window from %s on has no hour of the year %d; start it in that year", start.Format(time.DateOnly), o.Year)
	}
	if from == info.Start && to == info.End {
		return year, nil
	}
	return &cutSource{Source: year, info: cutInfo(info, from, to)}, nil
}

// cutInfo describes the synthetic readings between two hours. All of its
// meters have a row in every hour.
func cutInfo(year dataset.Info, from, to meter.Hour) dataset.Info {
	hours := int64(to - from)
	info := year
	info.Start, info.End = from, to
	info.Rows = hours * int64(len(year.Meters))
	info.Trimmed = year.Rows - info.Rows
	sum := sha256.Sum256(fmt.Appendf(nil, "%s from %d to %d", year.SHA256, from, to))
	info.SHA256 = hex.EncodeToString(sum[:])
	info.Meters = slices.Clone(year.Meters)
	for i := range info.Meters {
		m := &info.Meters[i]
		m.First, m.Last, m.Rows = from, to-1, hours
	}
	return info
}

// cutSource is a source between two hours.
type cutSource struct {
	dataset.Source
	info dataset.Info
}

func (c *cutSource) Info() dataset.Info { return c.info }

func (c *cutSource) Rows(from meter.Hour) iter.Seq2[[]dataset.Row, error] {
	return func(yield func([]dataset.Row, error) bool) {
		for rows, err := range c.Source.Rows(max(from, c.info.Start)) {
			if err == nil && rows[0].Hour >= c.info.End {
				return
			}
			if !yield(rows, err) {
				return
			}
		}
	}
}
