package api

import (
	"math"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// Answer is what every operation under /api/v1 answers with.
type Answer[T any] struct {
	Data T     `json:"data" nullable:"false"`
	Page *Page `json:"page,omitempty" doc:"Only for lists"`
	Meta Meta  `json:"meta"`
}

// Page is where a list goes on.
type Page struct {
	Limit      int     `json:"limit" doc:"Most rows of one answer"`
	NextCursor *string `json:"nextCursor" doc:"Give it as cursor to get what follows; null at the end"`
	HasMore    bool    `json:"hasMore"`
	Total      *int    `json:"total,omitempty" doc:"Rows of all pages; only of a list that was asked for it with total"`
}

// Meta defines how the data is to be read.
type Meta struct {
	Unit    string     `json:"unit,omitempty" doc:"Unit of the values" example:"kWh"`
	Step    string     `json:"step,omitempty" doc:"Length of one bucket: 1h, 1d, 1w or 1mo" example:"1h"`
	TZ      string     `json:"tz,omitempty" doc:"IANA zone in which days, weeks and months begin" example:"Europe/London"`
	AsOf    *time.Time `json:"asOf" doc:"The twin's own now: the hour up to which readings are complete. It is what now and now-7d refer to. Null before the first reading"`
	Partial bool       `json:"partial" doc:"True if the data has gaps, or if the range runs past asOf"`
}

// output is the body of an operation as huma wants it.
type output[T any] struct {
	Body Answer[T]
}

// maybe is a value that JSON shows as null where it is missing: NaN and the
// infinities have no JSON form, and 0 would be a lie. Values are rounded to the digits
// that sums of single-precision readings have, and to a millionth at least: the others
// are noise.
func maybe(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	v = rounded(v)
	return &v
}

// rounded keeps 7 significant digits, at most 6 of them decimals.
func rounded(v float64) float64 {
	const digits, most = 7, 6
	decimals := most
	if size := math.Abs(v); size >= 1 {
		decimals = min(most, digits-1-int(math.Floor(math.Log10(size))))
	}
	if decimals < 0 {
		unit := math.Pow10(-decimals)
		return math.Round(v/unit) * unit
	}
	unit := math.Pow10(decimals)
	return math.Round(v*unit) / unit
}

// maybe32 is maybe for a stored float32. It stays one, so that JSON shows 0.42
// and not 0.41999998688.
func maybe32(v float32) *float32 {
	if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
		return nil
	}
	return &v
}

// maybeHour is the start of an hour, or null for NoHour.
func maybeHour(h meter.Hour) *time.Time {
	if h == meter.NoHour {
		return nil
	}
	t := h.Time()
	return &t
}

// maybeText is null for "".
func maybeText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
