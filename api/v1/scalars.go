package v1

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Duration is a length of time, such as 90m, 24h or 672h. Units are h, m, s and
// ms; write 28 days as 672h.
//
// It is text, not a metav1.Duration: a value that does not parse must not keep
// a client from reading all other twins.
//
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')",message="write a duration in h, m, s or ms, such as 90m, 24h or 672h; a day is 24h"
type Duration string

// Std is the duration as the standard library has it; 0 for no text. The CRD
// lets only values pass that parse.
func (d Duration) Std() time.Duration {
	v, err := time.ParseDuration(string(d))
	if err != nil {
		return 0
	}
	return v
}

// Instant is a moment in UTC, such as 2026-01-31T08:00:00Z. Texts of this form
// sort by time.
//
// +kubebuilder:validation:MaxLength=20
// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$')",message="write a time in UTC, such as 2026-01-31T08:00:00Z"
type Instant string

// InstantOf is a time to the second.
func InstantOf(t time.Time) Instant { return Instant(t.UTC().Format(time.RFC3339)) }

// Time is the moment as the standard library has it; zero for no text.
func (i Instant) Time() time.Time {
	t, err := time.Parse(time.RFC3339, string(i))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Decimal is a decimal number. Whole numbers may be written as they are, others
// in quotes: 3 or "0.15". Text keeps every digit on its way through YAML, JSON
// and the tools between, which binary floating point does not.
//
// +kubebuilder:validation:Type=""
// +kubebuilder:validation:XIntOrString
// +kubebuilder:validation:MaxLength=24
// +kubebuilder:validation:XValidation:rule="type(self) == int || string(self).matches('^-?[0-9]{1,9}([.][0-9]{1,9})?$')",message="write a decimal number such as 3 or \"0.15\", in quotes if it has a point"
type Decimal string

// Float is the number in binary; 0 for no text. The CRD lets only values pass
// that parse.
func (d Decimal) Float() float64 {
	v, err := strconv.ParseFloat(string(d), 64)
	if err != nil {
		return 0
	}
	return v
}

// UnmarshalJSON takes a number or a text.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	s, err := textOrNumber(b)
	*d = Decimal(s)
	return err
}

// Speed is how many simulated seconds pass in one second, or max: as fast as
// the processor takes readings.
//
// +kubebuilder:validation:Type=""
// +kubebuilder:validation:XIntOrString
// +kubebuilder:validation:MaxLength=24
// +kubebuilder:validation:XValidation:rule="type(self) == int ? int(self) >= 1 : string(self).matches('^(max|[0-9]{1,9}([.][0-9]{1,3})?)$') && (string(self) == 'max' || double(self) > 0.0)",message="write the simulated seconds per second, such as 1, 3600 or \"0.5\", or max for as fast as possible"
type Speed string

// SpeedMax is the speed at which only the processor sets the pace.
const SpeedMax Speed = "max"

// Factor is the speed as a number, 0 for max.
func (s Speed) Factor() float64 {
	if s == SpeedMax {
		return 0
	}
	return Decimal(s).Float()
}

// UnmarshalJSON takes a number or a text.
func (s *Speed) UnmarshalJSON(b []byte) error {
	t, err := textOrNumber(b)
	*s = Speed(t)
	return err
}

func textOrNumber(b []byte) (string, error) {
	if len(b) > 0 && b[0] == '"' {
		var s string
		err := json.Unmarshal(b, &s)
		return s, err
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return "", fmt.Errorf("%s is neither a number nor a text", b)
	}
	return n.String(), nil
}
