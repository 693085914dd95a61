package dataset

import (
	"math"
	"math/bits"

	"github.com/energytwin/energytwin/internal/meter"
)

// hourly turns sorted readings of any interval into hourly rows, one hour
// after the other. A reading that lies over the end of an hour is divided in
// proportion to time. An hour counts only if all of its minutes are covered
// once.
type hourly struct {
	start, end meter.Hour // the window
	register   map[int32]bool
	info       *Info
	emit       func(meter.Hour, []Row) error

	hour    meter.Hour // being filled
	rows    []Row      // of hour: readings that are whole hours
	now     []parts    // by meter: the parts of hour
	then    []parts    // by meter: the parts of hour+1
	nowSet  []int32    // meters that have parts
	thenSet []int32

	states []counter // by meter; nil if there is no register
	held   entry     // waits for a repetition that replaces it
	holds  bool
}

// parts gathers the energy of one meter in one hour.
type parts struct {
	kWh     float64
	covered uint64 // bit n is minute n; bit 63 is set where minutes are covered twice
}

const (
	wholeHour   = 1<<60 - 1
	overlapping = 1 << 63
)

type counter struct {
	at    int64
	kWh   float64
	known bool
}

func newHourly(meters int, register map[int32]bool, start, end meter.Hour, info *Info, emit func(meter.Hour, []Row) error) *hourly {
	h := &hourly{
		start: start, end: end, register: register, info: info, emit: emit, hour: meter.NoHour,
		now: make([]parts, meters), then: make([]parts, meters),
	}
	if register != nil {
		h.states = make([]counter, meters)
	}
	return h
}

// add takes the next reading. Of readings that repeat a part of an hour the
// last one counts; rows that repeat a whole hour all go out, for the reader
// of the stream to see a correction as such.
func (h *hourly) add(e entry) error {
	if h.holds && e.order() == h.held.order() && !h.direct(e) && !h.direct(h.held) {
		h.info.Duplicates++
		h.held = e
		return nil
	}
	if err := h.release(); err != nil {
		return err
	}
	h.held, h.holds = e, true
	return nil
}

// finish puts out what is left.
func (h *hourly) finish() error {
	if err := h.release(); err != nil {
		return err
	}
	if err := h.flush(); err != nil {
		return err
	}
	h.now, h.then, h.nowSet, h.thenSet = h.then, h.now, h.thenSet, h.nowSet
	h.hour++
	return h.flush()
}

func (h *hourly) direct(e entry) bool {
	return e.length() == 60 && e.minute()%60 == 0 && !h.register[e.meter()]
}

func (h *hourly) release() error {
	if !h.holds {
		return nil
	}
	e := h.held
	h.holds = false
	if err := h.moveTo(meter.Hour(e.minute() / 60)); err != nil {
		return err
	}
	if h.register != nil && h.register[e.meter()] {
		h.step(e)
		return nil
	}
	if h.hour >= h.end || e.minute()+int64(e.length()) <= h.start.Unix()/60 {
		h.info.Trimmed++
		return nil
	}
	if h.direct(e) {
		if n := len(h.rows); n > 0 && h.rows[n-1].Meter == e.meter() {
			h.info.Duplicates++
		}
		h.rows = append(h.rows, Row{Meter: e.meter(), Hour: h.hour, KWh: float32(e.value)})
		return nil
	}
	h.divide(e.meter(), e.minute(), e.length(), e.value)
	return nil
}

// step turns two states of a counter into the energy between them.
func (h *hourly) step(e entry) {
	at := e.minute() + registerLength
	s := &h.states[e.meter()]
	before := *s
	*s = counter{at: at, kWh: e.value, known: true}
	if !before.known {
		return
	}
	minutes := at - before.at
	kWh := e.value - before.kWh
	// A register of exported energy grows downwards.
	back := math.Abs(e.value) < math.Abs(before.kWh)
	if minutes > 60 || back || math.Abs(kWh) > meter.MaxAbsKWh {
		h.info.Resets++
		return
	}
	h.divide(e.meter(), before.at, int(minutes), kWh)
}

// divide shares a reading of at most an hour between the hours it lies in.
func (h *hourly) divide(m int32, start int64, minutes int, kWh float64) {
	for start < (h.hour.Unix()/60)+120 && minutes > 0 {
		hour := meter.Hour(start / 60)
		offset := int(start % 60)
		n := min(minutes, 60-offset)
		share := kWh * float64(n) / float64(minutes)
		if hour == h.hour {
			h.nowSet = h.now[m].put(h.nowSet, m, offset, n, share)
		} else {
			h.thenSet = h.then[m].put(h.thenSet, m, offset, n, share)
		}
		start, minutes, kWh = start+int64(n), minutes-n, kWh-share
	}
}

func (p *parts) put(set []int32, m int32, offset, minutes int, kWh float64) []int32 {
	if p.covered == 0 {
		set = append(set, m)
	}
	mask := uint64(1<<minutes-1) << offset
	if p.covered&mask != 0 {
		p.covered |= overlapping
	}
	p.covered |= mask
	p.kWh += kWh
	return set
}

// moveTo puts out the hours before hour.
func (h *hourly) moveTo(hour meter.Hour) error {
	if h.hour == meter.NoHour {
		h.hour = hour
	}
	for moved := 0; h.hour < hour; moved++ {
		if moved == 2 { // nothing is kept beyond the next hour
			h.hour = hour
			return nil
		}
		if err := h.flush(); err != nil {
			return err
		}
		h.now, h.then, h.nowSet, h.thenSet = h.then, h.now, h.thenSet, h.nowSet
		h.hour++
	}
	return nil
}

// flush puts out the rows of the hour.
func (h *hourly) flush() error {
	whole := len(h.rows)
	for _, m := range h.nowSet {
		p := h.now[m]
		h.now[m] = parts{}
		switch {
		case h.hour < h.start || h.hour >= h.end:
		case p.covered&overlapping != 0:
			h.info.Overlaps++
		case bits.OnesCount64(p.covered) != 60:
			h.info.Incomplete++
		default:
			h.rows = append(h.rows, Row{Meter: m, Hour: h.hour, KWh: float32(p.kWh)})
		}
	}
	h.nowSet = h.nowSet[:0]
	if len(h.rows) == 0 {
		return nil
	}
	if len(h.rows) > whole {
		sortByMeter(h.rows)
	}
	err := h.emit(h.hour, h.rows)
	h.rows = h.rows[:0]
	return err
}
