package local

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// summary is the result of a finished replay.
type summary struct {
	Readings          readingCounts `json:"readings"`
	Meters            int           `json:"meters"`
	Forecasts         int64         `json:"forecasts"`
	Decisions         int64         `json:"decisions"`
	Seconds           float64       `json:"seconds"`           // of this run
	ReadingsPerSecond float64       `json:"readingsPerSecond"` // stored in this run
}

// readingCounts are numbers of readings since the twin's first start.
type readingCounts struct {
	In          int64 `json:"in"`          // rows of the dataset, bad ones included
	Stored      int64 `json:"stored"`      // rows that the window knew to be new; hours before it are counted as late
	Quarantined int64 `json:"quarantined"` // bad rows of the dataset, and rejected messages
	Duplicates  int64 `json:"duplicates"`
	Corrections int64 `json:"corrections"`
	Late        int64 `json:"late"`
	Suspect     int64 `json:"suspect"`   // stored, and used for nothing
	Confirmed   int64 `json:"confirmed"` // of those, readings that later ones made plausible
}

// summarise prints the summary and writes it to the file asked for.
func (t *twin) summarise(ctx context.Context, took time.Duration) error {
	totals, err := t.db.Summary(ctx)
	if err != nil {
		return err
	}
	info := t.source.Info()
	c := totals.Totals
	s := summary{
		Readings: readingCounts{
			In:     info.Rows + info.Quarantined,
			Stored: c.Stored, Quarantined: c.Quarantined + info.Quarantined,
			Duplicates: c.Duplicates, Corrections: c.Corrections, Late: c.Late,
			Suspect: c.Suspect, Confirmed: c.Confirmed,
		},
		Meters: totals.Meters, Forecasts: c.Forecasts, Decisions: c.Decisions,
		Seconds:           took.Seconds(),
		ReadingsPerSecond: float64(c.Stored-t.before) / took.Seconds(),
	}
	fmt.Fprintf(t.o.Out, "  The replay is through: %s readings stored, %s quarantined, %s forecasts, %s decisions in %.1f s (%s readings/s)\n",
		grouped(c.Stored), grouped(s.Readings.Quarantined), grouped(c.Forecasts), grouped(c.Decisions),
		s.Seconds, grouped(int64(s.ReadingsPerSecond)))
	if left := c.Suspect - c.Confirmed; left > 0 {
		fmt.Fprintf(t.o.Out, "  %s readings do not fit what their meters have measured before: they are stored as suspect and used for nothing; GET /api/v1/data-quality lists the meters\n", grouped(left))
	}
	if t.o.Summary == "" {
		return nil
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(t.o.Summary, append(b, '\n'), 0o644)
}
