package processor

import (
	"math/bits"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

const (
	quarters    = 4  // of an hour: the finest interval
	quarter     = 15 // minutes
	allQuarters = 1<<quarters - 1

	// keptWhole is how many hours of a meter, the last that became whole, can
	// still be corrected by one of their parts.
	keptWhole = 24
)

// partStore is what a meter that sends parts of hours keeps of them.
type partStore struct {
	open  []openHour  // those that are not whole, in the order in which they began
	whole []wholeHour // the last that became whole, in that order

	listed bool // in the batch's list of meters with new parts
}

// hourParts are the parts of one hour, by the quarter in which they start.
type hourParts struct {
	kwh  [quarters]float32
	span [quarters]uint8 // length in quarters; 0 where no part starts
}

type wholeHour struct {
	hour meter.Hour
	hourParts
}

// openHour waits for the rest of its parts. It keeps the messages, so that they
// can be handed back if the rest does not come.
type openHour struct {
	hour  meter.Hour
	until meter.Hour // it waits until this hour has ended
	hourParts
	messages [quarters]partMessage

	dirty      uint8 // quarters whose messages the database does not have
	inDatabase bool  // it has others
}

// partMessage is a message as it came.
type partMessage struct {
	offset int64
	text   []byte // key, then value
	key    int    // length of the key
}

// partOutcome tells what became of a part.
type partOutcome uint8

const (
	partStored   partOutcome = iota
	partRepeated             // it was there, with this value
	partReplaced             // it was there with another value
	partOverlaps             // its place is taken by parts of another length: nothing changed
)

// put enters the part that m speaks of.
func (p *hourParts) put(m *meter.Message) partOutcome {
	q, span := m.Minute/quarter, m.Minutes/quarter
	place := uint8(1<<span-1) << q
	switch {
	case p.span[q] != span && p.covered()&place != 0:
		return partOverlaps
	case p.span[q] == 0:
		p.kwh[q], p.span[q] = m.KWh, span
		return partStored
	case p.kwh[q] == m.KWh:
		return partRepeated
	default:
		p.kwh[q] = m.KWh
		return partReplaced
	}
}

// covered is the quarters that are known, bit by bit.
func (p *hourParts) covered() (mask uint8) {
	for q, span := range p.span {
		mask |= (1<<span - 1) << q
	}
	return mask
}

func (p *hourParts) isWhole() bool { return p.covered() == allQuarters }

// minutes is how much of the hour is known.
func (p *hourParts) minutes() int { return quarter * bits.OnesCount8(p.covered()) }

// sum is the energy of the hour, in kWh. It adds in order of time, and with
// more digits than parts have, so that it does not depend on the order in
// which they came.
func (p *hourParts) sum() float32 {
	var kwh float64
	for q, span := range p.span {
		if span > 0 {
			kwh += float64(p.kwh[q])
		}
	}
	return float32(kwh)
}

// keep copies the message of the part that has just been put.
func (o *openHour) keep(msg *message) {
	q := msg.reading.Minute / quarter
	text := append(make([]byte, 0, len(msg.Key)+len(msg.Value)), msg.Key...)
	o.messages[q] = partMessage{offset: msg.Offset, text: append(text, msg.Value...), key: len(msg.Key)}
	o.dirty |= 1 << q
}

func (s *partStore) openAt(h meter.Hour) *openHour {
	for i := range s.open {
		if s.open[i].hour == h {
			return &s.open[i]
		}
	}
	return nil
}

func (s *partStore) wholeAt(h meter.Hour) *wholeHour {
	for i := range s.whole {
		if s.whole[i].hour == h {
			return &s.whole[i]
		}
	}
	return nil
}

func (s *partStore) begin(h, until meter.Hour) *openHour {
	s.open = append(s.open, openHour{hour: h, until: until})
	return &s.open[len(s.open)-1]
}

// close forgets an hour that was open.
func (s *partStore) close(h meter.Hour) {
	s.open = slices.DeleteFunc(s.open, func(o openHour) bool { return o.hour == h })
}

// keepWhole remembers an hour that has become whole.
func (s *partStore) keepWhole(h meter.Hour, parts hourParts) {
	if s.whole == nil {
		s.whole = make([]wholeHour, 0, keptWhole)
	}
	if len(s.whole) == keptWhole {
		s.whole = slices.Delete(s.whole, 0, 1)
	}
	s.whole = append(s.whole, wholeHour{h, parts})
}
