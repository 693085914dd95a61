package hourly

import (
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
)

// Repetitions is what the intervals of a file that come more than once show.
type Repetitions struct {
	Intervals int64 // of all meters
	Changed   int64 // that come again with another value
	Unlike    bool  // most do so, with values that are no corrections of each other
	// ClockBack is the first of them, if all lie in nights in which clocks may go back
	// and fill an hour or more; else it is zero.
	ClockBack time.Time
}

// Spilled is true if the readings did not fit in the buffer.
func (t *Intake) Spilled() bool { return t.sort.spilled > 0 }

// MeterInfos are the meters of the file, in the order in which it names them first.
func (t *Intake) MeterInfos() []dataset.MeterInfo {
	infos := make([]dataset.MeterInfo, len(t.meters))
	for i, m := range t.meters {
		infos[i] = dataset.MeterInfo{Name: m.name, Group: m.group, First: meter.NoHour, Last: meter.NoHour}
	}
	return infos
}

// Hours turns the readings that were accepted into hourly rows and hands them to emit,
// hour by hour. The intake is empty afterwards.
func (t *Intake) Hours(start, end meter.Hour, emit func(meter.Hour, []dataset.Row) error) (*Repetitions, error) {
	counters, err := newCounters(t.ctx, t)
	if err != nil {
		return nil, err
	}
	h := newHourly(t, counters, start, end, emit)
	if err := t.sort.each(t.ctx, h.add); err != nil {
		return nil, err
	}
	if err := h.finish(); err != nil {
		return nil, err
	}
	if h.estimated > 0 {
		t.Note(dataset.Evidence{
			What: "hours", Guess: fmt.Sprintf("%d completed", h.estimated), Sure: dataset.Likely,
			Because: fmt.Sprintf("the first or last state of a counter is less than the time between its states, and at most %d minutes, from the hour: the power of the step beside it goes on", mostEstimated),
			Change:  "leave rows of before the first whole hour, and of after the last, out of the file",
		})
	}
	r := &Repetitions{Intervals: h.repeats.intervals, Changed: h.repeats.changed, Unlike: h.repeats.unlike()}
	if h.nights.goBack() {
		r.ClockBack = time.Unix(h.nights.first*60, 0).In(h.nights.zone)
	}
	return r, nil
}
