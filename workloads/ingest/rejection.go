package ingest

import (
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// Codes of rejected rows beside those of messages, which are the errors of internal/meter.
const (
	CodeRowTooLong    = "row_too_long"
	CodeWatermark     = "watermark"
	CodeUnreadableRow = "unreadable_row" // of a file, by its layout
)

// Rejection is a row that cannot be used.
type Rejection struct {
	Row    int64  `json:"row"`              // of the array, or line of the text, from 1
	Column string `json:"column,omitempty"` // field, or column of a file; "" for the whole row
	Code   string `json:"code"`
	Detail string `json:"detail"` // what is wrong, and how to fix it
}

var detailRowTooLong = fmt.Sprintf("the row has more than %d bytes; send one reading a row", MaxRowBytes)

// fault is what a code of a message is about, and how to fix it.
type fault struct{ column, fix string }

var faults = map[string]fault{
	meter.ErrMalformed.Error():    {"", "the row is no JSON object; send one object for each reading"},
	meter.ErrVersion.Error():      {"version", "leave version out, or send 1"},
	meter.ErrMeter.Error():        {"meter", "meter and group are texts of 1 to 128 bytes of printable UTF-8; group may be left out"},
	meter.ErrTimestamp.Error():    {"ts", "ts is no RFC 3339 time with an offset; write it as 2026-01-01T00:00:00Z"},
	meter.ErrInterval.Error():     {"interval", "interval is PT1H, PT30M or PT15M; add up finer intervals before sending"},
	meter.ErrNotWholeHour.Error(): {"ts", "with the interval PT1H, ts is the start of an hour of UTC"},
	meter.ErrNotAligned.Error():   {"ts", "ts is a full or half hour of UTC with PT30M, and a quarter with PT15M"},
	meter.ErrEnergy.Error():       {"kwh", "kwh is a number from −1000000 to 1000000; half of that with PT30M, a quarter with PT15M"},
}

// rejectionOf is why a message cannot be used.
func rejectionOf(row int64, raw []byte, err error) Rejection {
	if _, is, _ := meter.DecodeWatermark(raw); is {
		return Rejection{Row: row, Code: CodeWatermark, Detail: "a watermark ends hours of a partition, which only its publisher knows; send readings here, and watermarks to Kafka"}
	}
	code := meter.Reason(err)
	f := faults[code]
	return Rejection{Row: row, Column: f.column, Code: code, Detail: f.fix}
}

// inTheFuture is why a reading of a time that has not come cannot be used.
func (in *Intake) inTheFuture(row int64, start time.Time) Rejection {
	return Rejection{Row: row, Column: "ts", Code: twin.ReasonFuture, Detail: fmt.Sprintf(
		"%s lies more than an hour ahead; send a reading when its interval is over", start.Format(time.RFC3339))}
}
