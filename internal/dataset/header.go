package dataset

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// maxHeaderLine bounds how far down a header is looked for.
const maxHeaderLine = 1000

// Separators in the order of preference between equals.
var separators = []string{";", "tab", ",", "|"}

// guessSeparator is the sign that cuts most lines into the same number of columns.
// hint is what the first line of some spreadsheets says: sep=;
func guessSeparator(head []byte) (name string, because string) {
	if s, ok := separatorLine(head); ok {
		return s, "the first line says so"
	}
	best, bestScore, bestColumns := "", 0, 1
	for _, s := range separators {
		shape := shapeOf(head, separatorByte(s))
		if shape.columns < 2 || s == "," && best != "" && commasAreDecimal(head) {
			continue
		}
		if shape.lines > bestScore*11/10 || (shape.lines >= bestScore*9/10 && shape.columns > bestColumns) {
			best, bestScore, bestColumns = s, shape.lines, shape.columns
		}
	}
	if best != "" {
		return best, "it cuts the lines into equal numbers of columns"
	}
	if shapeOf(head, ' ').columns > 1 {
		return "space", "no comma, semicolon or tab cuts the lines into columns"
	}
	return ",", "no other sign cuts the lines into columns"
}

// commasAreDecimal is true if each comma of the first lines stands between digits.
func commasAreDecimal(head []byte) bool {
	for n, line := range bytes.Split(head[:min(len(head), 8<<10)], []byte("\n")) {
		if n == linesLookedAt {
			break
		}
		for i, c := range line {
			if c == ',' && (i == 0 || i+1 == len(line) || !isDigit(line[i-1]) || !isDigit(line[i+1])) {
				return false
			}
		}
	}
	return true
}

// separatorLine reads sep=; of the first line.
func separatorLine(head []byte) (name string, ok bool) {
	line := string(bytes.TrimPrefix(firstLine(head), []byte("\xef\xbb\xbf")))
	s, found := strings.CutPrefix(strings.ToLower(strings.Trim(line, `" `)), "sep=")
	if !found {
		return "", false
	}
	if s == "\t" || s == "" {
		return "tab", true
	}
	for _, name := range separators {
		if s == name {
			return name, true
		}
	}
	return "", false
}

// linesLookedAt bounds the lines by which a separator and a header are found.
const linesLookedAt = 200

// tableShape is what the first lines show of the columns of most rows.
type tableShape struct {
	columns int // the most frequent number of columns
	lines   int // that have it
	filled  int // of these columns, without those that are empty in all lines, from the right
}

// shapeOf counts columns.
func shapeOf(head []byte, comma byte) tableShape {
	counts, filledMost := map[int]int{}, map[int]int{}
	r := newCSVReader(newShortLineReader(head), comma)
	for range linesLookedAt {
		rec, err := r.next()
		if err != nil {
			break
		}
		if rec.err == nil {
			n := len(rec.fields)
			counts[n]++
			filledMost[n] = max(filledMost[n], filled(rec.fields))
		}
	}
	var s tableShape
	for n, c := range counts {
		if c > s.lines || (c == s.lines && n > s.columns) {
			s = tableShape{columns: n, lines: c, filled: filledMost[n]}
		}
	}
	return s
}

// fits is true of a header for rows of that shape.
func (s tableShape) fits(fields [][]byte) bool {
	n := len(fields)
	return n == s.columns || filled(fields) == s.columns || (n >= s.filled && n <= s.columns && s.filled > 1)
}

// filled is the number of columns without empty ones at the end.
func filled(fields [][]byte) int {
	n := len(fields)
	for n > 1 && len(trimSpace(fields[n-1])) == 0 {
		n--
	}
	return n
}

// header is the header of delimited text, or the names #1, #2, … where there is none.
type header struct {
	names  []string
	skip   int         // lines above it, or above the first row
	absent bool        // the first row is a reading
	units  bool        // the line below it has the units of the columns
	unit   layout.Unit // that a line above it names; "" if none does
}

var errNoHeader = errors.New("no line is a header: want one row of names, and below it rows with as many columns; set header.skip or header.contains of the layout, or header.absent")

// findHeader finds the header as the document says, else the first row that has as
// many columns as most rows, and holds names rather than readings.
func findHeader(head []byte, comma byte, want *layout.Header) (header, error) {
	lines := newShortLineReader(head)
	r := newCSVReader(lines, comma)
	if want != nil && len(want.Contains) == 0 && (want.Skip > 0 || want.Absent) {
		for range want.Skip {
			if _, err := lines.next(); err != nil {
				return header{}, errNoHeader
			}
		}
		rec, err := r.next()
		if err != nil || rec.err != nil {
			return header{}, errNoHeader
		}
		return withUnits(headerOf(rec, want.Absent), r), nil
	}
	if want != nil && len(want.Contains) > 0 {
		return headerWith(r, want.Contains, shapeOf(skipLines(head, 2), comma))
	}
	return guessHeader(r, shapeOf(skipLines(head, 2), comma))
}

// headerWith is the first row that has some cells.
func headerWith(r *csvReader, cells []string, shape tableShape) (header, error) {
	seen := false
	for {
		rec, err := r.next()
		if err != nil || rec.line > maxHeaderLine {
			return header{}, errNoHeader
		}
		if rec.err != nil {
			continue
		}
		if hasCells(rec, cells) && (!seen || !slices.Contains(cells, "")) {
			return withUnits(headerOf(rec, false), r), nil
		}
		seen = seen || shape.fits(rec.fields) // an empty first cell below it is no mark of a header
	}
}

// headerRows bounds the rows of names that may come before the first reading.
const headerRows = 40

// guessHeader is the last row above the first reading that has as many columns as most
// rows and the name of a time; else the first row with as many columns.
func guessHeader(r *csvReader, shape tableShape) (header, error) {
	var rows []header
	var unit layout.Unit
	for {
		rec, err := r.next()
		if err != nil || rec.line > maxHeaderLine {
			break
		}
		if rec.err != nil {
			continue
		}
		if u := unitAbove(rec); u != "" {
			unit = u
		}
		if !shape.fits(rec.fields) {
			continue
		}
		if isReading(rec) {
			if len(rows) == 0 {
				rows = append(rows, headerOf(rec, true))
			}
			break
		}
		if n := len(rows); n > 0 && int(rec.line) == rows[n-1].skip+2 && isUnits(rec) {
			rows[n-1].addUnits(rec)
			continue
		}
		rows = append(rows, headerOf(rec, false))
		if len(rows) == headerRows || shape.columns < 2 { // no table by this separator
			break
		}
	}
	if len(rows) == 0 {
		return header{}, errNoHeader
	}
	best := rows[0]
	for _, h := range rows {
		if slices.ContainsFunc(h.names, func(name string) bool { return timeScore(name) > 0 }) {
			best = h
		}
	}
	best.unit = unit
	return best, nil
}

// unitAbove is the unit that a line above the header names, as in unit: kWh; "" if it
// names none.
func unitAbove(rec *record) layout.Unit {
	text := string(rec.raw)
	if !anyWord(unitColumns, text) || len(wordsOf(text)) > 3 {
		return ""
	}
	unit, _ := unitOfWords(text)
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

func headerOf(rec *record, absent bool) header {
	h := header{skip: int(rec.line - 1), absent: absent}
	n := len(rec.fields)
	if !absent {
		n = filled(rec.fields)
	}
	for i, f := range rec.fields[:n] {
		name := strings.TrimSpace(string(f))
		if absent {
			name = numbered(i)
		}
		h.names = append(h.names, name)
	}
	return h
}

// withUnits joins the names with the units that some files have in the line below, as
// loggers write them: Energy and kWh become Energy [kWh].
func withUnits(h header, r *csvReader) header {
	if h.absent {
		return h
	}
	rec, err := r.next()
	if err != nil || rec.err != nil || !isUnits(rec) {
		return h
	}
	h.addUnits(rec)
	return h
}

// addUnits joins the names with the units in the line below them.
func (h *header) addUnits(rec *record) {
	h.units = true
	for i := range h.names {
		if i < len(rec.fields) && unitName(string(rec.fields[i])) {
			h.names[i] += " [" + strings.Trim(string(trimSpace(rec.fields[i])), "[]()") + "]"
		}
	}
}

// isUnits is true of a row that names the unit of a value, and holds no reading.
func isUnits(rec *record) bool {
	some := false
	for _, f := range rec.fields {
		switch kindOf(string(f)) {
		case kindStamp, kindDate, kindClock, kindNumber:
			return false
		}
		unit, active := unitOfWords(string(f))
		some = some || active && len(unit) > 0 && len(wordsOf(string(f))) == 1
	}
	return some
}

func numbered(i int) string { return "#" + itoa(i+1) }

// hasCells is true of a row that has a cell for each pattern; "" is an empty first
// cell.
func hasCells(rec *record, patterns []string) bool {
	cells := make([]string, 0, len(rec.fields))
	for _, f := range rec.fields {
		cells = append(cells, string(f))
	}
	for _, p := range patterns {
		if strings.TrimSpace(p) == "" {
			if len(trimSpace(rec.fields[0])) > 0 || len(cells) < 2 {
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
func isReading(rec *record) bool {
	numbers := 0
	for _, f := range rec.fields {
		switch kindOf(string(f)) {
		case kindStamp, kindDate:
			return true
		case kindNumber, kindEmpty:
			numbers++
		}
	}
	return numbers == len(rec.fields)
}

// openRows opens delimited text at its first row.
func openRows(text io.Reader, comma byte, h header) (*csvReader, error) {
	lines := newLineReader(text)
	for range h.skip {
		if _, err := lines.next(); err != nil && !errors.Is(err, errLongLine) {
			return nil, err
		}
	}
	r := newCSVReader(lines, comma)
	above := 1
	switch {
	case h.absent:
		above = 0
	case h.units:
		above = 2
	}
	for range above {
		if _, err := r.next(); err != nil {
			return nil, err
		}
	}
	return r, nil
}
