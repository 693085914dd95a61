package tabular

import (
	"bytes"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/notation"
)

// Separators in the order of preference between equals.
var separators = []string{";", "tab", ",", "|"}

// GuessSeparator is the sign that cuts most lines into the same number of columns.
// The first line of some spreadsheets states it: sep=;
func GuessSeparator(head []byte) (name string, because string) {
	if s, ok := separatorLine(head); ok {
		return s, "the first line states it"
	}
	best, bestScore, bestColumns := "", 0, 1
	for _, s := range separators {
		shape := shapeOf(head, Separator(s))
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
			if c == ',' && (i == 0 || i+1 == len(line) || !notation.IsDigit(line[i-1]) || !notation.IsDigit(line[i+1])) {
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
		rec, err := r.Next()
		if err != nil {
			break
		}
		if rec.Err == nil {
			n := len(rec.Fields)
			counts[n]++
			filledMost[n] = max(filledMost[n], filled(rec.Fields))
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
	for n > 1 && len(notation.Trim(fields[n-1])) == 0 {
		n--
	}
	return n
}

func firstLine(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return bytes.TrimRight(line, "\r")
}
