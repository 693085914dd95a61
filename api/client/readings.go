package client

import "time"

// NewReading is a reading to be sent to a twin.
type NewReading struct {
	Meter string `json:"meter"`
	// Group is the feeder or community of the meter; "" if it has none.
	Group string `json:"group,omitempty"`
	// At is the start of the interval.
	At time.Time `json:"ts"`
	// Kwh is the energy in the interval; negative is export.
	Kwh float64 `json:"kwh"`
	// Interval is the length of the interval: PT1H, PT30M or PT15M.
	Interval string `json:"interval"`
}
