package dataset

import (
	"bytes"
	"strconv"
)

// kind is what a cell looks like.
type kind int

const (
	kindEmpty  kind = iota
	kindNumber      // also digits alone
	kindStamp       // date and time of day
	kindDate
	kindClock // time of day
	kindText
	kinds
)

// kindOf looks at a cell, whatever the order of day and month.
func kindOf(cell string) kind {
	b := trimSpace([]byte(cell))
	n := nullWords{words: defaultMissing}
	if n.missing(b) {
		return kindEmpty
	}
	if compactDay(b) {
		if _, err := readCompactDate(b[:8]); err == nil {
			if _, _, rest, err := compactClock(trimSpace(b[9:])); err == nil {
				if _, _, err := afterClock(rest); err == nil {
					return kindStamp
				}
			}
		}
	}
	bare, _ := cutUnit(b)
	if looksNumeric(usualSign(bare)) {
		return kindNumber
	}
	if p, ok := splitDate(b); ok && p.plausible() {
		rest := b[p.length:]
		if len(rest) == 0 {
			return kindDate
		}
		if clock, err := afterDate(rest); err == nil {
			if _, _, after, err := readClock(clock); err == nil {
				if _, _, err := afterClock(after); err == nil || clockRange(after) {
					return kindStamp
				}
			}
		}
		return kindText
	}
	if _, _, rest, err := readClock(b); err == nil {
		if _, _, err := afterClock(rest); err == nil || clockRange(rest) {
			return kindClock
		}
	}
	return kindText
}

// plausible is true of a year of four digits at one end, or of three numbers of two.
func (p *dateParts) plausible() bool {
	a, b, c := p.digits[0], p.digits[1], p.digits[2]
	if p.month >= 0 {
		return c == 4 || c == 2 || a == 4
	}
	if b < 1 || b > 2 {
		return false
	}
	return a == 4 && c >= 1 && c <= 2 || a <= 2 && (c == 4 || c == 2) && p.number[0] <= 31 && p.number[1] <= 31
}

// looksNumeric is true of digits with signs between, whatever they mean.
func looksNumeric(b []byte) bool {
	digit, points := false, 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case isDigit(c):
			digit = true
		case c == '-' || c == '+':
			if i > 0 && b[i-1]|0x20 != 'e' {
				return false
			}
		case c == '.' || c == ',' || c == '\'':
			points++
		case c == ' ', c == 0xc2, c == 0xa0, c == 0xe2, c == 0x80, c == 0xaf, c == 0x99:
			// a space between groups, of any kind
		case c|0x20 == 'e' && digit && i+1 < len(b):
		default:
			return false
		}
	}
	if points == 2 { // 01.02.24 is a date
		if p, ok := splitDate(b); ok && p.plausible() && p.length == len(b) {
			return false
		}
	}
	return digit
}

// columnSample is what a sample shows of one column.
type columnSample struct {
	name     string
	counts   [kinds]int
	filled   int // cells that are not empty
	distinct map[string]int
	digits   map[int]int // cells of digits alone, by their length
	least    int64       // of the cells of digits alone
	most     int64

	last string // cell that was added
	kind kind   // of it
}

// mostly is true if nearly all filled cells are of a kind.
func (c *columnSample) mostly(k kind) bool {
	return c.filled > 0 && c.counts[k]*10 >= c.filled*8
}

// few is true of a column with few different cells that come again and again.
func (c *columnSample) few() bool {
	return len(c.distinct) >= 1 && len(c.distinct) <= 16 && c.filled >= 2*len(c.distinct)
}

// sample is the rows of a head by which a file is judged.
type sample struct {
	rows    [][]string
	columns []columnSample
	all     bool // the sample is the whole file
}

// chunkRows are read on end wherever a sample begins, to see how a meter goes on.
const chunkRows = 2000

// takeSample reads rows of a head: its beginning, and further chunks spread over it
// if most is more.
func takeSample(head []byte, comma byte, h header, most int, ended bool) (*sample, error) {
	r, err := openRows(bytes.NewReader(head), comma, h)
	if err != nil {
		return nil, errNoHeader
	}
	s := &sample{columns: make([]columnSample, len(h.names)), all: ended}
	for i, name := range h.names {
		s.columns[i] = columnSample{name: name, distinct: map[string]int{}, digits: map[int]int{}}
	}
	stride := max(1, bytes.Count(head, []byte("\n"))/most)
	for n := 0; ; n++ {
		if n/chunkRows%stride != 0 {
			s.all = false
			if r.skip() != nil {
				break
			}
			continue
		}
		rec, err := r.next()
		if err != nil {
			break
		}
		if len(s.rows) == most {
			s.all = false
			break
		}
		if rec.err != nil || len(rec.fields) < len(h.names) {
			continue
		}
		row := make([]string, len(h.names))
		for i := range row {
			row[i] = string(trimSpace(rec.fields[i]))
		}
		s.rows = append(s.rows, row)
	}
	if !ended && len(s.rows) > 1 && len(s.rows) < most {
		s.rows = s.rows[:len(s.rows)-1] // the head may end in the middle of it
	}
	for _, row := range s.rows {
		for i, cell := range row {
			s.columns[i].add(cell)
		}
	}
	return s, nil
}

// maxDistinct bounds the different cells that are counted.
const maxDistinct = 50_000

func (c *columnSample) add(cell string) {
	if cell != c.last || c.counts == [kinds]int{} { // most files repeat their times or their meters
		c.last, c.kind = cell, kindOf(cell)
	}
	k := c.kind
	c.counts[k]++
	if cell != "" && len(c.distinct) < maxDistinct {
		c.distinct[cell]++
	}
	if k == kindEmpty {
		return
	}
	c.filled++
	if k == kindNumber && allDigits([]byte(cell)) {
		n, err := strconv.ParseInt(cell, 10, 64)
		if err == nil {
			if len(c.digits) == 0 {
				c.least, c.most = n, n
			}
			c.least, c.most = min(c.least, n), max(c.most, n)
		}
		c.digits[len(cell)]++
	}
}

// allOfLength is true if all filled cells are of so many digits.
func (c *columnSample) allOfLength(lengths ...int) bool {
	n := 0
	for _, l := range lengths {
		n += c.digits[l]
	}
	return c.filled > 0 && n*10 >= c.filled*9
}

func itoa(n int) string { return strconv.Itoa(n) }
