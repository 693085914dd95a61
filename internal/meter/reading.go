package meter

import (
	"errors"
	"fmt"
)

// Limits on what a reading may hold. They bound memory and keep a broken
// source from poisoning a twin.
const (
	MaxNameBytes = 128       // longest meter or group name
	MaxAbsKWh    = 1_000_000 // largest plausible energy of one meter in one hour, kWh
)

// Reading is the energy that one meter measured in one hour.
type Reading struct {
	Meter string
	Group string  // the feeder or community the meter belongs to; "" if none
	Hour  Hour    // start of the interval
	KWh   float32 // energy in the hour, kWh; negative is export
}

// KeyOf is the message key of a meter's readings: the highest group above it, else its
// name, so that one partition holds a whole tree of groups.
func KeyOf(meter, root string) string {
	if root != "" {
		return root
	}
	return meter
}

// Errors of decoding and validating a message. Each is also the reason under
// which the message is quarantined.
var (
	ErrMalformed    = errors.New("malformed")            // not the documented JSON
	ErrVersion      = errors.New("unsupported_version")  // version is not MessageVersion
	ErrMeter        = errors.New("bad_meter")            // meter or group name missing, too long or not printable
	ErrTimestamp    = errors.New("bad_timestamp")        // ts missing or not RFC 3339
	ErrInterval     = errors.New("unsupported_interval") // interval is none of PT1H, PT30M and PT15M
	ErrNotWholeHour = errors.New("not_whole_hour")       // interval is PT1H, and ts is not the start of a UTC hour
	ErrNotAligned   = errors.New("not_aligned")          // ts is not a multiple of the finer interval within a UTC hour
	ErrEnergy       = errors.New("bad_kwh")              // kwh missing, not a number, or beyond MaxAbsKWh in an hour
)

// MessageVersion is the version of the message format. A message without the field
// version is of version 1, so that a reading need not spend bytes on it.
const MessageVersion = 1

// FeederName is the name of the group numbered from 0 of made-up households.
func FeederName(i int) string { return fmt.Sprintf("feeder-%04d", i+1) }
