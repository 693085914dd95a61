package pgvalue

import (
	"math"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// HourOrNone is the hour of a nullable time, meter.NoHour for null.
func HourOrNone(t *time.Time) meter.Hour {
	if t == nil {
		return meter.NoHour
	}
	return meter.HourOf(*t)
}

// TimeOrNull is the time of an hour as a parameter, null for meter.NoHour.
func TimeOrNull(h meter.Hour) any {
	if h == meter.NoHour {
		return nil
	}
	return h.Time()
}

// NumberOrNull is v as a parameter, null where it is NaN.
func NumberOrNull(v float32) any {
	if v != v {
		return nil
	}
	return v
}

// NumberOrNaN is a nullable number, NaN for null.
func NumberOrNaN(v *float32) float32 {
	if v == nil {
		return float32(math.NaN())
	}
	return *v
}
