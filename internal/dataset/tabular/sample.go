package tabular

import (
	"bytes"

	"github.com/energytwin/energytwin/internal/dataset/notation"
)

// Sample is the rows of a head by which a file is judged.
type Sample struct {
	Rows    [][]string
	Columns []Column
	All     bool // the sample is the whole file
}

// ChunkRows are read on end wherever a sample begins, to see how a meter goes on.
const ChunkRows = 2000

// TakeSample reads rows of a head: its beginning, and further chunks spread over it
// if most is more.
func TakeSample(head []byte, comma byte, h Header, most int, ended bool) (*Sample, error) {
	r, err := OpenRows(bytes.NewReader(head), comma, h)
	if err != nil {
		return nil, errNoHeader
	}
	s := &Sample{Columns: make([]Column, len(h.Names)), All: ended}
	for i, name := range h.Names {
		s.Columns[i] = Column{Name: name, Distinct: map[string]int{}, digits: map[int]int{}}
	}
	stride := max(1, bytes.Count(head, []byte("\n"))/most)
	for n := 0; ; n++ {
		if n/ChunkRows%stride != 0 {
			s.All = false
			if r.skip() != nil {
				break
			}
			continue
		}
		rec, err := r.Next()
		if err != nil {
			break
		}
		if len(s.Rows) == most {
			s.All = false
			break
		}
		if rec.Err != nil || len(rec.Fields) < len(h.Names) {
			continue
		}
		row := make([]string, len(h.Names))
		for i := range row {
			row[i] = string(notation.Trim(rec.Fields[i]))
		}
		s.Rows = append(s.Rows, row)
	}
	if !ended && len(s.Rows) > 1 && len(s.Rows) < most {
		s.Rows = s.Rows[:len(s.Rows)-1] // the head may end in the middle of it
	}
	for _, row := range s.Rows {
		for i, cell := range row {
			s.Columns[i].add(cell)
		}
	}
	return s, nil
}
