package delimited

import (
	"bytes"

	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/vocabulary"
)

// What a cell states of its row.
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
		u.unit, u.active = vocabulary.UnitOf(string(cell))
		u.last, u.read = append(u.last[:0], cell...), true
	}
	return u.unit, u.active
}
