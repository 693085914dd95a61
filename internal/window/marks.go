package window

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/energytwin/energytwin/internal/meter"
)

func (c *screen) isSuspect(s int) bool {
	return c.suspects > 0 && c.suspicion.isMarked(s)
}

// mark makes the reading in slot s suspect.
func (w *Window) mark(s int) {
	c := &w.screen
	if c.suspicion == nil {
		c.suspicion = newSuspicion(len(w.values))
	}
	if !c.suspicion.isMarked(s) {
		c.suspicion.marks[s/32] |= 1 << (s % 32)
		c.suspects++
	}
}

func (c *screen) clear(s int) {
	if c.isSuspect(s) {
		c.suspicion.marks[s/32] &^= 1 << (s % 32)
		c.suspects--
	}
}

func (c *screen) clearAll() {
	if c.suspects > 0 {
		clear(c.suspicion.marks)
		c.suspects = 0
	}
}

// forgetRejudged begins a Put.
func (c *screen) forgetRejudged() {
	if c.suspicion != nil {
		c.suspicion.rejudged = c.suspicion.rejudged[:0]
	}
}

// newSuspicion is that of a window of n hours, none of them marked.
func newSuspicion(n int) *suspicion { return &suspicion{marks: make([]uint32, (n+31)/32)} }

func (x *suspicion) isMarked(s int) bool { return x.marks[s/32]>>(s%32)&1 != 0 }

func (x *suspicion) rejudge(h meter.Hour, suspect bool) {
	x.rejudged = append(x.rejudged, Verdict{h, suspect})
}

// Renew makes the screen know what it would of the readings in the window, when
// they were entered by PutJudged.
func (w *Window) Renew() {
	c := &w.screen
	c.run, c.stuck, c.known = 0, false, 0
	c.forget()
	last := nan()
	for _, s := range w.readings() {
		v := w.values[s]
		if v != last || v == 0 {
			c.run = 0
		}
		c.run = min(c.run, math.MaxUint16-1) + 1
		last = v
	}
	c.stuck = c.run > stuckHours && w.varies(last)
	if c.known = uint8(min(w.bound(), leastKnown)); c.known < leastKnown {
		c.forget()
		return
	}
	c.renewed = w.newest
}

// Resized is a window of n hours with the same readings, judged the same, as far
// as they fit.
func (w *Window) Resized(n int) *Window {
	out := New(n)
	for h, s := range w.readings() {
		out.PutJudged(h, w.values[s], w.screen.isSuspect(s))
	}
	out.Limit(w.screen.most)
	out.Renew()
	return out
}

// screenSize is what appendBinary takes at least.
const screenSize = 4 + 4 + 4 + 1 + 1 + 2 + 2

// appendBinary appends all but the limit, little-endian, in the order of the
// fields. The marks follow if there are any.
func (c *screen) appendBinary(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(c.low))
	dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(c.high))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(c.renewed))
	dst = append(dst, c.known, 0)
	if c.stuck {
		dst[len(dst)-1] = 1
	}
	dst = binary.LittleEndian.AppendUint16(dst, c.run)
	dst = binary.LittleEndian.AppendUint16(dst, c.suspects)
	if c.suspects == 0 {
		return dst
	}
	for _, m := range c.suspicion.marks {
		dst = binary.LittleEndian.AppendUint32(dst, m)
	}
	return dst
}

// restored reads back what appendBinary wrote for a window of n hours, with the
// limit that c has, and returns the bytes that follow it.
func (c *screen) restored(src []byte, n int) (screen, []byte, error) {
	if len(src) < screenSize {
		return screen{}, nil, fmt.Errorf("window: %d bytes of a screen, need %d", len(src), screenSize)
	}
	out := screen{
		low:      math.Float32frombits(binary.LittleEndian.Uint32(src)),
		high:     math.Float32frombits(binary.LittleEndian.Uint32(src[4:])),
		most:     c.most,
		renewed:  meter.Hour(binary.LittleEndian.Uint32(src[8:])),
		known:    src[12],
		stuck:    src[13] == 1,
		run:      binary.LittleEndian.Uint16(src[14:]),
		suspects: binary.LittleEndian.Uint16(src[16:]),
	}
	src = src[screenSize:]
	if out.suspects == 0 {
		return out, src, nil
	}
	out.suspicion = newSuspicion(n)
	marks := out.suspicion.marks
	if len(src) < 4*len(marks) {
		return screen{}, nil, fmt.Errorf("window: %d bytes of marks, need %d", len(src), 4*len(marks))
	}
	count := 0
	for i := range marks {
		marks[i] = binary.LittleEndian.Uint32(src[4*i:])
		count += bits.OnesCount32(marks[i])
	}
	if count != int(out.suspects) {
		return screen{}, nil, fmt.Errorf("window: damaged: %d suspect readings, %d marks", out.suspects, count)
	}
	return out, src[4*len(marks):], nil
}
