package tabular

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/vocabulary"
)

// maxHeaderLine bounds how far down a header is searched for.
const maxHeaderLine = 1000

// Header is the header of delimited text, or the names #1, #2, … where there is none.
type Header struct {
	Names  []string
	Skip   int         // lines above it, or above the first row
	Absent bool        // the first row is a reading
	units  bool        // the line below it has the units of the columns
	Unit   layout.Unit // that a line above it names; "" if none does
}

var errNoHeader = errors.New("no line is a header: want one row of names, and below it rows with as many columns; set header.skip or header.contains of the layout, or header.absent")

// FindHeader finds the header as the document states, else the first row that has as
// many columns as most rows, and holds names rather than readings.
func FindHeader(head []byte, comma byte, want *layout.Header) (Header, error) {
	lines := newShortLineReader(head)
	r := newCSVReader(lines, comma)
	if want != nil && len(want.Contains) == 0 && (want.Skip > 0 || want.Absent) {
		for range want.Skip {
			if _, err := lines.next(); err != nil {
				return Header{}, errNoHeader
			}
		}
		rec, err := r.Next()
		if err != nil || rec.Err != nil {
			return Header{}, errNoHeader
		}
		return withUnits(headerOf(rec, want.Absent), r), nil
	}
	if want != nil && len(want.Contains) > 0 {
		return headerWith(r, want.Contains, shapeOf(skipLines(head, 2), comma))
	}
	return guessHeader(r, shapeOf(skipLines(head, 2), comma))
}

// headerWith is the first row that has some cells.
func headerWith(r *Reader, cells []string, shape tableShape) (Header, error) {
	seen := false
	for {
		rec, err := r.Next()
		if err != nil || rec.Line > maxHeaderLine {
			return Header{}, errNoHeader
		}
		if rec.Err != nil {
			continue
		}
		if hasCells(rec, cells) && (!seen || !slices.Contains(cells, "")) {
			return withUnits(headerOf(rec, false), r), nil
		}
		seen = seen || shape.fits(rec.Fields) // an empty first cell below it is no mark of a header
	}
}

// headerRows bounds the rows of names that may come before the first reading.
const headerRows = 40

// guessHeader is the last row above the first reading that has as many columns as most
// rows and the name of a time; else the first row with as many columns.
func guessHeader(r *Reader, shape tableShape) (Header, error) {
	var rows []Header
	var unit layout.Unit
	for {
		rec, err := r.Next()
		if err != nil || rec.Line > maxHeaderLine {
			break
		}
		if rec.Err != nil {
			continue
		}
		if u := unitAbove(rec); u != "" {
			unit = u
		}
		if !shape.fits(rec.Fields) {
			continue
		}
		if isReading(rec) {
			if len(rows) == 0 {
				rows = append(rows, headerOf(rec, true))
			}
			break
		}
		if n := len(rows); n > 0 && int(rec.Line) == rows[n-1].Skip+2 && isUnits(rec) {
			rows[n-1].addUnits(rec)
			continue
		}
		rows = append(rows, headerOf(rec, false))
		if len(rows) == headerRows || shape.columns < 2 { // no table by this separator
			break
		}
	}
	if len(rows) == 0 {
		return Header{}, errNoHeader
	}
	best := rows[0]
	for _, h := range rows {
		if slices.ContainsFunc(h.Names, func(name string) bool { return vocabulary.TimeScore(name) > 0 }) {
			best = h
		}
	}
	best.Unit = unit
	return best, nil
}

// unitAbove is the unit that a line above the header names, as in unit: kWh; "" if it
// names none.
func unitAbove(rec *Record) layout.Unit {
	text := string(rec.Raw)
	if !vocabulary.AnyWord(vocabulary.UnitColumns, text) || len(vocabulary.WordsOf(text)) > 3 {
		return ""
	}
	unit, _ := vocabulary.UnitOf(text)
	return unit
}

// skipLines drops the first lines, of which a header and a preamble are, if there
// are more.
func skipLines(head []byte, n int) []byte {
	rest := head
	for range n {
		_, after, found := bytes.Cut(rest, []byte("\n"))
		if !found || len(bytes.TrimSpace(after)) == 0 {
			return head
		}
		rest = after
	}
	return rest
}

func headerOf(rec *Record, absent bool) Header {
	h := Header{Skip: int(rec.Line - 1), Absent: absent}
	n := len(rec.Fields)
	if !absent {
		n = filled(rec.Fields)
	}
	for i, f := range rec.Fields[:n] {
		name := strings.TrimSpace(string(f))
		if absent {
			name = Numbered(i)
		}
		h.Names = append(h.Names, name)
	}
	return h
}

// withUnits joins the names with the units that some files have in the line below, as
// loggers write them: Energy and kWh become Energy [kWh].
func withUnits(h Header, r *Reader) Header {
	if h.Absent {
		return h
	}
	rec, err := r.Next()
	if err != nil || rec.Err != nil || !isUnits(rec) {
		return h
	}
	h.addUnits(rec)
	return h
}

// addUnits joins the names with the units in the line below them.
func (h *Header) addUnits(rec *Record) {
	h.units = true
	for i := range h.Names {
		if i < len(rec.Fields) && vocabulary.NamesUnit(string(rec.Fields[i])) {
			h.Names[i] += " [" + strings.Trim(string(notation.Trim(rec.Fields[i])), "[]()") + "]"
		}
	}
}

// isUnits is true of a row that names the unit of a value, and holds no reading.
func isUnits(rec *Record) bool {
	some := false
	for _, f := range rec.Fields {
		switch notation.KindOf(string(f)) {
		case notation.KindStamp, notation.KindDate, notation.KindClock, notation.KindNumber:
			return false
		}
		unit, active := vocabulary.UnitOf(string(f))
		some = some || active && len(unit) > 0 && len(vocabulary.WordsOf(string(f))) == 1
	}
	return some
}

// hasCells is true of a row that has a cell for each pattern; "" is an empty first
// cell.
func hasCells(rec *Record, patterns []string) bool {
	cells := make([]string, 0, len(rec.Fields))
	for _, f := range rec.Fields {
		cells = append(cells, string(f))
	}
	for _, p := range patterns {
		if strings.TrimSpace(p) == "" {
			if len(notation.Trim(rec.Fields[0])) > 0 || len(cells) < 2 {
				return false
			}
			continue
		}
		if _, ok := layout.FindColumn(cells, p); !ok {
			return false
		}
	}
	return true
}

// isReading is true of a row with a time, or with numbers alone.
func isReading(rec *Record) bool {
	numbers := 0
	for _, f := range rec.Fields {
		switch notation.KindOf(string(f)) {
		case notation.KindStamp, notation.KindDate:
			return true
		case notation.KindNumber, notation.KindEmpty:
			numbers++
		}
	}
	return numbers == len(rec.Fields)
}

// OpenRows opens delimited text at its first row.
func OpenRows(text io.Reader, comma byte, h Header) (*Reader, error) {
	lines := newLineReader(text)
	for range h.Skip {
		if _, err := lines.next(); err != nil && !errors.Is(err, errLongLine) {
			return nil, err
		}
	}
	r := newCSVReader(lines, comma)
	above := 1
	switch {
	case h.Absent:
		above = 0
	case h.units:
		above = 2
	}
	for range above {
		if _, err := r.Next(); err != nil {
			return nil, err
		}
	}
	return r, nil
}
