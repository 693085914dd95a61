package synth

import (
	"cmp"
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// The place that is made up: a temperate climate by the sea.
const (
	latitude        = 51.5 // degrees north
	meanTemperature = 10.8 // °C over the year
	seasonSwing     = 6.9  // K between the mean and the extremes of the seasons
	coldestDay      = 20   // of the year
	weatherSwing    = 3.2  // K, deviation of the passing weather
	weatherHours    = 60   // over which weather is remembered
	cloudHours      = 20   // over which clouds are remembered
	wallHours       = 20   // over which walls follow the outdoor temperature
)

// weather is the outdoor conditions of a year, the same for all households.
type weather struct {
	start meter.Hour
	sky   []sky // by hour
}

// sky is the conditions in one hour.
type sky struct {
	outdoor float64 // °C
	walls   float64 // °C, outdoor temperature as walls pass it on
	dark    float64 // 0 in daylight, 1 at night: how much light is wanted
	sun     float64 // kWh that 1 kW of panels facing south gives
	east    float64 // the same two hours earlier: panels facing east
	west    float64 // the same two hours later
}

// day is the conditions of each hour of a day.
func (w *weather) day(d localDay) []sky {
	return w.sky[d.start-w.start : d.end()-w.start]
}

// newWeather makes the weather of a year: seasons, the passing of warm and
// cold air and of clouds (first-order autoregressive), and the course of the
// day, which is strong under a clear sky.
func newWeather(seed uint64, year int, cal *meter.Calendar) *weather {
	days := daysOf(year, cal)
	start, end := days[0].start, days[len(days)-1].end()
	r := newRandom(seed, 0x77656174686572) // apart from every household
	w := &weather{start: start, sky: make([]sky, end-start)}
	_, offset := cal.Local(start).Zone()
	keepAir, keepCloud, keepWall := math.Exp(-1.0/weatherHours), math.Exp(-1.0/cloudHours), math.Exp(-1.0/wallHours)
	air, cloud := r.normal(), r.normal()
	walls := meanTemperature - seasonSwing
	for i := range w.sky {
		air = keepAir*air + math.Sqrt(1-keepAir*keepAir)*r.normal()
		cloud = keepCloud*cloud + math.Sqrt(1-keepCloud*keepCloud)*r.normal()
		clearness := 0.15 + 0.85/(1+math.Exp(-1.4*cloud+0.2))
		day := float64(i) / 24
		solarHour := math.Mod(float64(i)+0.5+float64(start.Unix()/3600%24)+float64(offset)/3600+48, 24)
		s := &w.sky[i]
		s.outdoor = meanTemperature - seasonSwing*math.Cos(2*math.Pi*(day-coldestDay)/365) + weatherSwing*air +
			(0.8+3*clearness)*math.Cos(2*math.Pi*(solarHour-15)/24)
		if i == 0 {
			walls = s.outdoor
		}
		walls = keepWall*walls + (1-keepWall)*s.outdoor
		s.walls = walls
		height := sunHeight(day, solarHour)
		s.dark = 1 - min(1, 5*max(0, height)*clearness)
		s.sun = panelYield(height, clearness)
		s.east = 0.85 * panelYield(sunHeight(day, solarHour+2), clearness) * lit(height)
		s.west = 0.85 * panelYield(sunHeight(day, solarHour-2), clearness) * lit(height)
	}
	return w
}

// WriteTemperatures writes the outdoor temperatures that made-up
// households feel, °C, as CSV with the columns timestamp and temperature_c.
func WriteTemperatures(out io.Writer, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	cal, err := meter.NewCalendar(cmp.Or(o.Zone, "UTC"))
	if err != nil {
		return err
	}
	weather := newWeather(uint64(o.Seed), o.Year, cal)
	w := csv.NewWriter(out)
	row := []string{"timestamp", "temperature_c"}
	for i := range weather.sky {
		if err := w.Write(row); err != nil {
			return err
		}
		row[0] = (weather.start + meter.Hour(i)).Time().Format(time.RFC3339)
		row[1] = strconv.FormatFloat(weather.sky[i].outdoor, 'f', 1, 64)
	}
	if err := w.Write(row); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// sunHeight is the sine of the sun's elevation (Cooper 1969 for the declination).
func sunHeight(day, solarHour float64) float64 {
	declination := 23.45 * math.Pi / 180 * math.Sin(2*math.Pi*(284+day+1)/365)
	phi := latitude * math.Pi / 180
	return math.Sin(phi)*math.Sin(declination) + math.Cos(phi)*math.Cos(declination)*math.Cos((solarHour-12)*math.Pi/12)
}

// panelYield is what 1 kW of tilted panels gives. The tilt gains when the sun
// is low, the air takes more of it then.
func panelYield(height, clearness float64) float64 {
	if height <= 0 {
		return 0
	}
	return 0.86 * clearness * math.Pow(height, 0.9) * math.Exp(-0.12/(height+0.1))
}

func lit(height float64) float64 { return min(1, max(0, 10*height)) }
