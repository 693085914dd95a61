package config

import (
	"encoding/json"
	"fmt"
	"time"
)

// Duration is a time.Duration that is written as text, such as "672h".
type Duration time.Duration

// Hours is the duration in whole hours, rounded down.
func (d Duration) Hours() int { return int(time.Duration(d) / time.Hour) }

// MarshalJSON writes the duration as text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("duration: %w; write it as text, such as \"24h\"", err)
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("duration: %w", err)
	}
	*d = Duration(v)
	return nil
}
