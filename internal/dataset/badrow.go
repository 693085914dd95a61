package dataset

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// InvalidRows is the treatment of bad rows.
type InvalidRows string

// The two treatments of bad rows.
const (
	Quarantine InvalidRows = "Quarantine" // written to the quarantine, counted, left out
	Reject     InvalidRows = "Reject"     // the first one is an error
)

// BadRow is a row, or one value of a wide row, that cannot be used.
type BadRow struct {
	File   string `json:"file,omitempty"`   // in an archive, or sheet of a workbook; "" where the dataset is one text
	Line   int64  `json:"line"`             // of the decompressed file, from 1
	Column string `json:"column,omitempty"` // header name or field number; "" is the whole line
	Reason string `json:"reason"`
	Raw    string `json:"raw"` // the line, cut after 512 bytes
}

// BadRowWriter takes quarantined rows.
type BadRowWriter interface {
	WriteBadRow(BadRow) error
}

// BadRowError is the bad row at which reading stopped in mode Reject.
type BadRowError struct {
	File string
	BadRow
}

// Error names the place, the reason and the fix.
func (e *BadRowError) Error() string {
	where := ""
	if e.Column != "" {
		where = fmt.Sprintf(", column %s", e.Column)
	}
	return fmt.Sprintf("%s: line %d%s: %s: %q; fix the line, or set invalidRows to %s to go on without it",
		e.File, e.Line, where, e.Reason, e.Raw, Quarantine)
}

// CSVQuarantine writes bad rows as CSV with a header: line,column,reason,raw,file.
type CSVQuarantine struct {
	w      *csv.Writer
	header bool
}

// NewCSVQuarantine makes a quarantine that writes to w.
func NewCSVQuarantine(w io.Writer) *CSVQuarantine { return &CSVQuarantine{w: csv.NewWriter(w)} }

// WriteBadRow writes one row, through to the underlying writer: bad rows are
// rare, and worth keeping when the process dies.
func (q *CSVQuarantine) WriteBadRow(b BadRow) error {
	if !q.header {
		q.header = true
		if err := q.w.Write([]string{"line", "column", "reason", "raw", "file"}); err != nil {
			return err
		}
	}
	if err := q.w.Write([]string{strconv.FormatInt(b.Line, 10), b.Column, b.Reason, b.Raw, b.File}); err != nil {
		return err
	}
	q.w.Flush()
	return q.w.Error()
}

// JSONLQuarantine writes bad rows as JSON, one a line.
type JSONLQuarantine struct{ enc *json.Encoder }

// NewJSONLQuarantine makes a quarantine that writes to w.
func NewJSONLQuarantine(w io.Writer) *JSONLQuarantine {
	return &JSONLQuarantine{enc: json.NewEncoder(w)}
}

// WriteBadRow writes one row.
func (q *JSONLQuarantine) WriteBadRow(b BadRow) error { return q.enc.Encode(b) }
