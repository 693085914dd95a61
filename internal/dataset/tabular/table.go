// Package tabular reads delimited text as a table: it cuts the text into lines and fields,
// finds the separator and the header, and samples the columns.
package tabular

import (
	"errors"
	"fmt"

	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/unpack"
)

const (
	sampleRows     = 3000
	longSampleRows = 40_000
	sampleCells    = 60_000 // bounds the rows of a sample of many columns
	// LeastSample is the number of rows of a sample, however many columns they have.
	LeastSample = 200
)

var errNoRows = errors.New("the file holds no readings: below its header is no row with as many columns")

// Table is what the head of delimited text shows of its rows and columns.
type Table struct {
	Separator string // as a layout names it
	Because   string // what shows the separator; "" if the document names it
	Header    Header
	Sample    *Sample
}

// Find finds the separator and the header, as far as the document leaves them open,
// and takes a sample of the rows. setting names a field for the reader of a message.
func Find(head []byte, ended bool, doc *layout.Document, setting func(field string) string) (t Table, err error) {
	if t.Separator = doc.Separator; t.Separator == "" {
		t.Separator, t.Because = GuessSeparator(head)
	}
	comma := Separator(t.Separator)
	if t.Header, err = FindHeader(head, comma, doc.Header); err != nil {
		return t, err
	}
	most := sampleRows
	if len(head) > unpack.HeadBytes {
		most = longSampleRows
	}
	most = max(LeastSample, min(most, sampleCells*most/sampleRows/max(1, len(t.Header.Names))))
	if t.Sample, err = TakeSample(head, comma, t.Header, most, ended); err != nil {
		return t, err
	}
	if len(t.Sample.Rows) == 0 {
		return t, errNoRows
	}
	if len(t.Header.Names) < 2 {
		return t, fmt.Errorf("the text is no table: its lines are not cut into columns by a comma, a semicolon, a tab or spaces; set %s, or export the readings as CSV with a column for the time and one for the value",
			setting("separator"))
	}
	return t, nil
}
