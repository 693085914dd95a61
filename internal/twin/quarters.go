package twin

import (
	"math/bits"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

const (
	quarters    = 4  // of an hour: the finest interval
	quarter     = 15 // minutes
	wholeHour   = quarters * quarter
	allQuarters = 1<<quarters - 1

	// keptWhole is how many hours of a meter, the last that became whole, can
	// still be corrected by one of their sub-hour readings.
	keptWhole = 24
)

// subHours is what a meter that sends sub-hour readings keeps of them.
type subHours struct {
	open  []openHour     // those that are not whole, in the order in which they began
	whole []completeHour // the last that became whole, in that order

	listed bool // among the meters with new sub-hour readings in this stretch
}

// hourQuarters are the sub-hour readings of one hour, by the quarter in which they
// start.
type hourQuarters struct {
	kwh  [quarters]float32
	span [quarters]uint8 // length in quarters; 0 where no interval starts
}

type completeHour struct {
	hour meter.Hour
	hourQuarters
}

// openHour waits for the rest of its sub-hour readings. It keeps the messages, so
// that they can be handed back if the rest does not come.
type openHour struct {
	hour  meter.Hour
	until meter.Hour // it waits until this hour has ended
	hourQuarters
	messages [quarters]keptMessage

	unstored uint8 // quarters whose messages the store does not have
	inStore  bool  // it has others
}

// keptMessage is a message as it came.
type keptMessage struct {
	offset int64
	text   []byte // key, then value
	key    int    // length of the key
}

// putOutcome is what became of a sub-hour reading.
type putOutcome uint8

const (
	putStored   putOutcome = iota
	putRepeated            // it was there, with this value
	putReplaced            // it was there with another value
	putOverlaps            // its place is taken by intervals of another length: nothing changed
)

// put enters the reading of an interval that starts at a minute and lasts so many.
func (p *hourQuarters) put(minute, minutes uint8, kwh float32) putOutcome {
	q, span := minute/quarter, minutes/quarter
	place := uint8(1<<span-1) << q
	switch {
	case p.span[q] != span && p.covered()&place != 0:
		return putOverlaps
	case p.span[q] == 0:
		p.kwh[q], p.span[q] = kwh, span
		return putStored
	case p.kwh[q] == kwh:
		return putRepeated
	default:
		p.kwh[q] = kwh
		return putReplaced
	}
}

// covered is the quarters that are known, bit by bit.
func (p *hourQuarters) covered() (mask uint8) {
	for q, span := range p.span {
		mask |= (1<<span - 1) << q
	}
	return mask
}

func (p *hourQuarters) isWhole() bool { return p.covered() == allQuarters }

// minutes is how much of the hour is known.
func (p *hourQuarters) minutes() int { return quarter * bits.OnesCount8(p.covered()) }

// sum is the energy of the hour, in kWh. It adds in order of time, and with
// more digits than the readings have, so that it does not depend on the order in
// which they came.
func (p *hourQuarters) sum() float32 {
	var kwh float64
	for q, span := range p.span {
		if span > 0 {
			kwh += float64(p.kwh[q])
		}
	}
	return float32(kwh)
}

// keep copies the message of the interval that starts at a minute.
func (o *openHour) keep(rec *Record, minute uint8) {
	q := minute / quarter
	text := append(make([]byte, 0, len(rec.Key)+len(rec.Value)), rec.Key...)
	o.messages[q] = keptMessage{offset: rec.Offset, text: append(text, rec.Value...), key: len(rec.Key)}
	o.unstored |= 1 << q
}

func (s *subHours) openAt(h meter.Hour) *openHour {
	for i := range s.open {
		if s.open[i].hour == h {
			return &s.open[i]
		}
	}
	return nil
}

func (s *subHours) wholeAt(h meter.Hour) *completeHour {
	for i := range s.whole {
		if s.whole[i].hour == h {
			return &s.whole[i]
		}
	}
	return nil
}

func (s *subHours) begin(h, until meter.Hour) *openHour {
	s.open = append(s.open, openHour{hour: h, until: until})
	return &s.open[len(s.open)-1]
}

// close forgets an hour that was open.
func (s *subHours) close(h meter.Hour) {
	s.open = slices.DeleteFunc(s.open, func(o openHour) bool { return o.hour == h })
}

// keepWhole remembers an hour that has become whole.
func (s *subHours) keepWhole(h meter.Hour, of hourQuarters) {
	if s.whole == nil {
		s.whole = make([]completeHour, 0, keptWhole)
	}
	if len(s.whole) == keptWhole {
		s.whole = slices.Delete(s.whole, 0, 1)
	}
	s.whole = append(s.whole, completeHour{h, of})
}
