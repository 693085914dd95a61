package twin

import (
	"encoding/binary"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

// loadChanges are the hours of a load that are to be added up.
type loadChanges struct {
	ended    meter.Hour   // hours before it have been added up; NoHour for none
	stale    []meter.Hour // hours before ended whose sums may have changed
	noted    meter.Hour   // the newest of stale, which is likely to change again: it is noted once
	outdated bool         // history has come in: all hours are to be added up
}

// mostStale is how many stale hours are noted before repeated ones are removed.
const mostStale = 4096

func noChanges() loadChanges { return loadChanges{ended: meter.NoHour, noted: meter.NoHour} }

// note notes that the reading of a meter in hour h has changed. It may stand in for a
// missing one a week later.
func (l *loadChanges) note(h meter.Hour) {
	if h >= l.ended || l.outdated || len(l.stale) > 0 && h == l.noted {
		return
	}
	if len(l.stale) >= mostStale {
		l.compact()
	}
	l.stale, l.noted = append(l.stale, h, h+meter.HoursPerWeek), h
}

func (l *loadChanges) compact() {
	slices.Sort(l.stale)
	l.stale = slices.Compact(l.stale)
}

// taken notes that all hours before end have been added up.
func (l *loadChanges) taken(end meter.Hour) {
	l.ended, l.stale, l.outdated = end, l.stale[:0], false
}

// appendBinary encodes the changes.
func (l *loadChanges) appendBinary(dst []byte) []byte {
	l.compact()
	dst = appendHour(dst, l.ended)
	dst = append(dst, asByte(l.outdated))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(l.stale)))
	for _, h := range l.stale {
		dst = appendHour(dst, h)
	}
	return dst
}

// loadChanges decodes what appendBinary wrote.
func (d *decoder) loadChanges() loadChanges {
	l := noChanges()
	l.ended, l.outdated = d.hour(), d.byte() == 1
	n := int(d.uint32())
	if d.short || len(d.src) < 4*n {
		d.short = true
		return l
	}
	l.stale = make([]meter.Hour, n)
	for i := range l.stale {
		l.stale[i] = d.hour()
	}
	return l
}
