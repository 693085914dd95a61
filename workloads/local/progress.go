package local

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
)

// line shows how far a twin has come: one line that is rewritten in a
// terminal, a line now and then elsewhere.
type line struct {
	out      io.Writer
	terminal bool
	zone     *time.Location
	total    int64 // readings to come; 0 if unknown

	last    timescale.Summary
	lastAt  time.Time
	rate    float64
	printed time.Time
	width   int
}

// plainEvery is how often a line is printed where it cannot be rewritten.
const plainEvery = 10 * time.Second

func newLine(out io.Writer, zone *time.Location, total int64) *line {
	file, ok := out.(*os.File)
	return &line{out: out, terminal: ok && term.IsTerminal(int(file.Fd())), zone: zone, total: total}
}

// show prints the totals as of now.
func (l *line) show(t timescale.Summary, now time.Time) {
	if !l.lastAt.IsZero() {
		seconds := now.Sub(l.lastAt).Seconds()
		l.rate = .7*l.rate + .3*float64(t.Totals.Stored-l.last.Totals.Stored)/seconds
	}
	l.last, l.lastAt = t, now
	if !l.terminal && now.Sub(l.printed) < plainEvery {
		return
	}
	l.printed = now
	text := l.text(t)
	if !l.terminal {
		fmt.Fprintln(l.out, text)
		return
	}
	pad := max(0, l.width-len(text))
	fmt.Fprintf(l.out, "\r%s%s", text, strings.Repeat(" ", pad))
	l.width = len(text)
}

func (l *line) text(t timescale.Summary) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s", l.simulated(t))
	if l.total > 0 {
		share := min(1, float64(t.Totals.Stored)/float64(l.total))
		const cells = 20
		full := int(share * cells)
		fmt.Fprintf(&b, "  [%s%s] %3.0f%%", strings.Repeat("=", full), strings.Repeat(".", cells-full), 100*share)
	}
	fmt.Fprintf(&b, "  %s readings/s  %s stored  %s decisions  %s quarantined",
		grouped(int64(l.rate)), grouped(t.Totals.Stored), grouped(t.Totals.Decisions), grouped(t.Totals.Quarantined))
	return b.String()
}

func (l *line) simulated(t timescale.Summary) string {
	if t.GreatestWatermark == meter.NoHour {
		return "waiting for readings"
	}
	return t.GreatestWatermark.Time().In(l.zone).Format("Mon 2 Jan 2006 15:04")
}

// end finishes the rewritten line.
func (l *line) end() {
	if l.terminal && l.width > 0 {
		fmt.Fprintln(l.out)
	}
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
