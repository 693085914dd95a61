package twin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// StateVersion is raised when the meaning or the encoding of a partition's state
// changes. A state of another version is not restored: whoever kept it replays the
// stream instead.
const StateVersion = 10

// ErrState means that an encoded state is damaged or was made under other rules.
var ErrState = errors.New("state does not fit")

// AppendHeader encodes what belongs to the partition as a whole: which model and
// ring its meters were written with, the origin, the watermark, the readings that are
// pending, the plans for limits of groups, and what is to be added up of the load of the partition and of groups. All numbers are
// little-endian; texts carry their length in two bytes. The next offset and StateVersion
// are the caller's to keep.
func (p *Partition) AppendHeader(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, p.rules.model.Version())
	dst = binary.LittleEndian.AppendUint32(dst, uint32(p.rules.ring))
	dst = appendText(dst, p.rules.model.Name())
	dst = appendText(dst, string(p.origin))
	dst = appendHour(dst, p.watermark)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(p.pending)))
	for _, r := range p.pending {
		dst = appendText(dst, r.Meter.Name)
		dst = appendHour(dst, r.Hour)
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(r.KWh))
	}
	return p.appendGroups(p.changes.appendBinary(p.appendLimits(dst)))
}

// appendGroups encodes the loads of the groups that have meters.
func (p *Partition) appendGroups(dst []byte) []byte {
	for _, g := range p.groups {
		if g.load != nil && len(g.all()) > 0 {
			dst = appendText(dst, g.name)
			dst = g.load.appendBinary(dst)
		}
	}
	return dst
}

// appendBinary encodes the load.
func (l *groupLoad) appendBinary(dst []byte) []byte {
	dst = l.window.AppendBinary(l.loadChanges.appendBinary(dst))
	return l.model.AppendBinary(dst)
}

// restoreGroups decodes what appendGroups encoded, up to the end.
func (p *Partition) restoreGroups(d *decoder) error {
	for len(d.src) > 0 && !d.short {
		name := d.text()
		at, found := p.groupAt(name)
		if !found || name == "" {
			return fmt.Errorf("%w: the load of a group %q that has no meter", ErrState, name)
		}
		l := p.groups[at].load
		if l.loadChanges = d.loadChanges(); d.short {
			break
		}
		rest, err := l.window.Restore(d.src)
		if err == nil {
			rest, err = l.model.Restore(rest)
		}
		if err != nil {
			return fmt.Errorf("%w: group %q: %w", ErrState, name, err)
		}
		d.src = rest
	}
	return nil
}

// Restore is the partition whose header and meters were encoded when the message
// before offset next had been applied. r must be the rules that held then. Errors
// are ErrState.
func Restore(number int, r *Rules, next int64, header []byte, meters iter.Seq2[string, []byte]) (*Partition, error) {
	p := New(number, r)
	p.next = next
	for name, state := range meters {
		if err := p.restoreMeter(name, state); err != nil {
			return nil, err
		}
	}
	return p, p.restoreHeader(header)
}

func (p *Partition) restoreHeader(src []byte) error {
	d := decoder{src: src}
	version, ring, model := d.uint16(), int(d.uint32()), d.text()
	p.origin = Origin(d.text())
	if p.watermark = d.hour(); p.watermark != meter.NoHour {
		p.due = p.issuesAfter(p.watermark)
	}
	for range d.uint16() {
		r := Reading{Meter: p.meters[d.text()], Hour: d.hour(), KWh: math.Float32frombits(d.uint32())}
		if r.Meter == nil {
			return fmt.Errorf("%w: a pending reading names a meter that is not in it", ErrState)
		}
		p.pending = append(p.pending, pendingReading{r})
	}
	if version != p.rules.model.Version() || model != p.rules.model.Name() || ring != p.rules.ring {
		return fmt.Errorf("%w: made with model %s/%d and %d hours, now %s/%d and %d",
			ErrState, model, version, ring, p.rules.model.Name(), p.rules.model.Version(), p.rules.ring)
	}
	if err := p.restoreLimits(&d); err != nil {
		return err
	}
	p.changes = d.loadChanges()
	if err := p.restoreGroups(&d); err != nil {
		return err
	}
	if d.short || len(d.src) > 0 {
		return fmt.Errorf("%w: header of wrong length", ErrState)
	}
	return nil
}

// AppendBinary encodes the meter.
func (m *Meter) AppendBinary(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.MeterNo))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.GroupNo))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.Partition))
	dst = appendText(dst, m.Group)
	if m.foreign {
		return dst
	}
	dst = append(dst, asByte(m.joined))
	dst = m.plans.appendBinary(dst)
	dst = m.subHours.appendBinary(dst)
	dst = m.window.AppendBinary(dst)
	return m.model.AppendBinary(dst)
}

// restoreMeter adds the meter that AppendBinary encoded.
func (p *Partition) restoreMeter(name string, src []byte) error {
	d := decoder{src: src}
	ref := MeterRef{MeterNo: int32(d.uint32()), GroupNo: int32(d.uint32()), Partition: int(d.uint32())}
	ref.Name, ref.Group = name, d.text()
	if d.short {
		return fmt.Errorf("%w: meter %q is cut short", ErrState, name)
	}
	m := p.Register(ref)
	if m.foreign {
		return nil
	}
	if d.byte() == 1 {
		m.join()
	}
	m.plans = d.plans()
	m.subHours = d.subHours()
	if d.short {
		return fmt.Errorf("%w: meter %q is cut short", ErrState, name)
	}
	rest, err := m.window.Restore(d.src)
	if err == nil {
		rest, err = m.model.Restore(rest)
	}
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes too many", len(rest))
	}
	if err != nil {
		return fmt.Errorf("%w: meter %q: %w", ErrState, name, err)
	}
	return nil
}

// appendBinary encodes the sub-hour readings that a meter keeps; s may be nil.
func (s *subHours) appendBinary(dst []byte) []byte {
	if s == nil {
		s = &subHours{}
	}
	dst = append(dst, byte(len(s.whole)))
	for i := range s.whole {
		dst = appendHour(dst, s.whole[i].hour)
		dst = s.whole[i].appendBinary(dst)
	}
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(s.open)))
	for i := range s.open {
		o := &s.open[i]
		dst = appendHour(dst, o.hour)
		dst = appendHour(dst, o.until)
		dst = o.appendBinary(dst)
		for q, span := range o.span {
			if span > 0 {
				dst = o.messages[q].appendBinary(dst)
			}
		}
	}
	return dst
}

func (p *hourQuarters) appendBinary(dst []byte) []byte {
	for q, span := range p.span {
		dst = append(dst, span)
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(p.kwh[q]))
	}
	return dst
}

func (k *keptMessage) appendBinary(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(k.offset))
	dst = appendText(dst, string(k.text[:k.key]))
	return appendText(dst, string(k.text[k.key:]))
}

// subHours decodes what subHours.appendBinary wrote; nil if there was nothing.
// A state is kept after a commit: the store has all messages in it.
func (d *decoder) subHours() *subHours {
	s := &subHours{}
	for range d.byte() {
		h := d.hour()
		s.keepWhole(h, d.hourQuarters())
	}
	for range d.uint16() {
		if d.short {
			return nil
		}
		o := s.begin(d.hour(), d.hour())
		o.hourQuarters, o.inStore = d.hourQuarters(), true
		for q, span := range o.span {
			if span > 0 {
				o.messages[q].offset = int64(d.uint64())
				key := d.text()
				o.messages[q].text, o.messages[q].key = []byte(key+d.text()), len(key)
			}
		}
	}
	if len(s.whole)+len(s.open) == 0 {
		return nil
	}
	return s
}

func (d *decoder) hourQuarters() (p hourQuarters) {
	for q := range p.span {
		p.span[q], p.kwh[q] = d.byte(), math.Float32frombits(d.uint32())
	}
	return p
}

func appendHour(dst []byte, h meter.Hour) []byte {
	return binary.LittleEndian.AppendUint32(dst, uint32(h))
}

func asByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendText(dst []byte, s string) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(s)))
	return append(dst, s...)
}

// decoder reads little-endian values and remembers if the bytes ran out.
type decoder struct {
	src   []byte
	short bool
}

func (d *decoder) take(n int) []byte {
	if d.short || len(d.src) < n {
		d.short = true
		return make([]byte, n)
	}
	out := d.src[:n]
	d.src = d.src[n:]
	return out
}

func (d *decoder) byte() byte       { return d.take(1)[0] }
func (d *decoder) uint16() uint16   { return binary.LittleEndian.Uint16(d.take(2)) }
func (d *decoder) uint32() uint32   { return binary.LittleEndian.Uint32(d.take(4)) }
func (d *decoder) uint64() uint64   { return binary.LittleEndian.Uint64(d.take(8)) }
func (d *decoder) hour() meter.Hour { return meter.Hour(d.uint32()) }
func (d *decoder) text() string     { return string(d.take(int(d.uint16()))) }
