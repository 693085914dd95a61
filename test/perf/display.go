package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// display shows what is going on: a line that is rewritten in a terminal, one
// line for each finished measurement elsewhere.
type display struct {
	out      *os.File
	terminal bool
	began    time.Time
	mu       sync.Mutex
	width    int
}

func newDisplay(out *os.File) *display {
	return &display{out: out, terminal: term.IsTerminal(int(out.Fd())), began: time.Now()}
}

// say shows a message of its own.
func (d *display) say(message string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.print(message)
	fmt.Fprintln(d.out)
	d.width = 0
}

func (d *display) print(text string) {
	if d.terminal {
		pad := max(0, d.width-len([]rune(text)))
		fmt.Fprint(d.out, "\r"+text+strings.Repeat(" ", pad))
		d.width = len([]rune(text))
		return
	}
	fmt.Fprint(d.out, text)
}

// line shows how far one measurement is.
type line struct {
	d        *display
	label    string
	readings int64 // of a whole pass
	began    time.Time

	mu    sync.Mutex
	shown time.Time
}

// showEvery is how often a line is rewritten.
const showEvery = 200 * time.Millisecond

func (d *display) begin(label string, readings int64) *line {
	l := &line{d: d, label: label, readings: readings, began: time.Now()}
	l.set(0)
	return l
}

// set shows how many readings are done.
func (l *line) set(done int64) {
	if !l.d.terminal {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if done > 0 && now.Sub(l.shown) < showEvery {
		return
	}
	l.shown = now
	const cells = 20
	share := min(1, float64(done)/float64(l.readings))
	full := int(share * cells)
	rate := float64(done) / max(now.Sub(l.began).Seconds(), 1e-3)
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	l.d.print(fmt.Sprintf("%s  %s  [%s%s]  %s readings/s", l.d.clock(), l.label,
		strings.Repeat("=", full), strings.Repeat(".", cells-full), grouped(int64(rate))))
}

// clock is the time since the program began.
func (d *display) clock() string {
	s := int(time.Since(d.began).Seconds())
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// end leaves the measurement's result behind.
func (l *line) end(p pass) {
	l.d.say(fmt.Sprintf("%s  %s: %s readings/s in %.1f s", l.d.clock(), l.label, grouped(int64(p.rate())), p.took.Seconds()))
}

// drop ends the line of a measurement that has no result.
func (l *line) drop() { l.d.say(l.d.clock() + "  " + l.label + ": no result") }

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
