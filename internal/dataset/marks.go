package dataset

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// What a cell says of its row.
const (
	markNone = iota
	markMissing
	markEstimated
	markLeftOut
	markImport
	markExport
	markUnknown
)

// maxMarks bounds the cells of one column that are remembered.
const maxMarks = 4096

// cellMarks judges the cells of a column with few different ones. Rows repeat the
// cell of the row before, and a file has few of them.
type cellMarks struct {
	column int
	judge  func(cell string) int

	last   []byte
	mark   int
	number int
	known  map[string]markedCell
}

type markedCell struct{ mark, number int }

// of is the mark of a row, and the number of its cell in the order of first
// appearance.
func (c *cellMarks) of(fields [][]byte) (mark, number int) {
	cell := fields[c.column]
	if c.known != nil && bytes.Equal(cell, c.last) {
		return c.mark, c.number
	}
	m, ok := c.known[string(cell)]
	if !ok {
		m = markedCell{mark: c.judge(string(cell)), number: len(c.known)}
		if c.known == nil {
			c.known = map[string]markedCell{}
		}
		if len(c.known) < maxMarks {
			c.known[string(cell)] = m
		}
	}
	c.last, c.mark, c.number = append(c.last[:0], cell...), m.mark, m.number
	return m.mark, m.number
}

// unitReader reads the column that names each row's unit.
type unitReader struct {
	column int
	last   []byte
	unit   layout.Unit
	active bool
	read   bool
}

// of is the unit of a row; active is false if it is none of active energy or power.
func (u *unitReader) of(fields [][]byte) (unit layout.Unit, active bool) {
	cell := fields[u.column]
	if !u.read || !bytes.Equal(cell, u.last) {
		u.unit, u.active = unitOfWords(string(cell))
		u.last, u.read = append(u.last[:0], cell...), true
	}
	return u.unit, u.active
}

// nullWords are the words that stand for a missing value.
type nullWords struct {
	words   []string
	numeric bool // a word ends like a number
}

func newNullWords(words []string) nullWords {
	n := nullWords{}
	for _, w := range words {
		n.words = append(n.words, strings.ToLower(w))
		n.numeric = n.numeric || len(w) > 0 && isDigit(w[len(w)-1])
	}
	return n
}

// missing is true of an empty cell and of the words. Numbers, which are nearly all
// cells, are passed over by their last character.
func (n *nullWords) missing(cell []byte) bool {
	cell = trimSpace(cell)
	if len(cell) == 0 {
		return true
	}
	if isDigit(cell[len(cell)-1]) && !n.numeric || len(cell) > 64 {
		return false
	}
	lower := strings.ToLower(string(cell))
	for _, w := range n.words {
		if lower == w {
			return true
		}
	}
	return false
}

// short is text for a message: printable, and cut to a length in characters.
func short(text string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n == most {
			b.WriteString("…")
			break
		}
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			r = '·'
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}
