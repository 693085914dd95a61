package generator

import (
	"errors"
	"iter"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
)

// yearOfWeeks is how many whole weeks a year has.
const yearOfWeeks = 52

// timeline maps the dataset's hours to the hours under which they are
// published. Every mapping shifts by whole weeks, so a weekday stays that
// weekday. A mapping depends on the dataset alone: after a restart the same
// hour is published with the same readings.
type timeline struct {
	source     dataset.Source
	start, end meter.Hour // of the dataset, end exclusive
	period     meter.Hour // from one pass over the dataset to the next; 0 if there is one pass
}

// once publishes every hour under its own name.
func once(source dataset.Source) timeline {
	info := source.Info()
	return timeline{source: source, start: info.Start, end: info.End}
}

// repeated goes through the dataset again and again. A year counts as 52
// weeks, so that seasons stay where they are but for a day a year; what is
// over is left out. A shorter dataset has its last week filled up from the
// week before, so that there is no gap between passes.
func repeated(source dataset.Source) timeline {
	t := once(source)
	span := t.end - t.start
	if weeks := span / meter.HoursPerWeek; weeks >= yearOfWeeks {
		t.period = yearOfWeeks * meter.HoursPerWeek
		t.end = t.start + t.period
		return t
	}
	t.period = (span + meter.HoursPerWeek - 1) / meter.HoursPerWeek * meter.HoursPerWeek
	return t
}

// block is the readings of one hour.
type block struct {
	hour meter.Hour // under which they are published
	rows []dataset.Row
}

var errEmpty = errors.New("the dataset has no readings: nothing can be published in a loop")

// blocks yields the published hours that have readings, ascending, from an
// hour on. The rows are valid until the next block.
func (t timeline) blocks(from meter.Hour) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		if t.period == 0 {
			t.stretch(t.start, t.end, 0, from, yield)
			return
		}
		for pass := floorDiv(from-t.start, t.period); ; pass++ {
			some := false
			note := func(b block, err error) bool {
				some = true
				return yield(b, err)
			}
			if !t.pass(pass*t.period, from, note) {
				return
			}
			if !some && from <= t.start+pass*t.period {
				yield(block{}, errEmpty)
				return
			}
		}
	}
}

// pass yields the hours of one pass, which lies shift after the dataset. It
// answers false when the receiver wants no more.
func (t timeline) pass(shift, from meter.Hour, yield func(block, error) bool) bool {
	if !t.stretch(t.start, t.end, shift, from, yield) {
		return false
	}
	filled := t.end - meter.HoursPerWeek
	if filled < t.start || t.end-t.start >= t.period {
		return true
	}
	return t.stretch(filled, t.start+t.period-meter.HoursPerWeek, shift+meter.HoursPerWeek, from, yield)
}

// stretch yields the dataset's hours in [begin, end), published shift later,
// as far as they are published at from or later.
func (t timeline) stretch(begin, end, shift, from meter.Hour, yield func(block, error) bool) bool {
	begin = max(begin, from-shift)
	if begin >= end {
		return true
	}
	for rows, err := range t.source.Rows(begin) {
		if err != nil {
			return yield(block{}, err)
		}
		hour := rows[0].Hour
		if hour >= end {
			return true
		}
		if !yield(block{hour: hour + shift, rows: rows}, nil) {
			return false
		}
	}
	return true
}

func floorDiv(a, b meter.Hour) meter.Hour {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
