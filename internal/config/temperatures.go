package config

import (
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// Outdoor temperatures that occur on Earth, with some room, °C. Fahrenheit, tenths
// of degrees and marks such as -999 for "none" mostly lie outside.
const coldest, hottest = -95, 62

// TemperaturesOf are the points of a series as the engine takes them; nil if there
// are none. An error names the hour that is wrong.
func TemperaturesOf(points []dsm.Point) (*forecast.Temperatures, error) {
	byHour := make(map[meter.Hour]float32, len(points))
	for _, p := range points {
		at := time.Unix(p.Unix, 0).UTC()
		if p.Value < coldest || p.Value > hottest {
			return nil, fmt.Errorf("temperature %g at %s: write °C from %d to %d, and nothing where it is not known", p.Value, at.Format(time.RFC3339), coldest, hottest)
		}
		h := meter.HourOf(at)
		if _, twice := byHour[h]; twice {
			return nil, fmt.Errorf("temperature at %s comes twice; give each hour once", at.Format(time.RFC3339))
		}
		byHour[h] = float32(p.Value)
	}
	return forecast.NewTemperatures(byHour), nil
}
