package forecast

import (
	"maps"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

// Temperatures are the outdoor temperatures of an area, hour by hour: measured
// for hours that are over, forecast for those ahead. Immutable.
type Temperatures struct {
	from    meter.Hour
	celsius []float32 // NaN where nothing is known
}

// NewTemperatures takes temperatures in °C by hour; nil if there are none.
func NewTemperatures(byHour map[meter.Hour]float32) *Temperatures {
	if len(byHour) == 0 {
		return nil
	}
	hours := slices.Sorted(maps.Keys(byHour))
	from := hours[0]
	t := &Temperatures{from: from, celsius: make([]float32, hours[len(hours)-1]-from+1)}
	for i := range t.celsius {
		t.celsius[i] = nan()
	}
	for h, v := range byHour {
		t.celsius[h-from] = v
	}
	return t
}

// With are the temperatures with others in place of those of the same hours. t may be nil.
func (t *Temperatures) With(byHour map[meter.Hour]float32) *Temperatures {
	all := make(map[meter.Hour]float32, len(byHour))
	if t != nil {
		for i, v := range t.celsius {
			if v == v {
				all[t.from+meter.Hour(i)] = v
			}
		}
	}
	maps.Copy(all, byHour)
	return NewTemperatures(all)
}

// at is the temperature of an hour, NaN if it is not known.
func (t *Temperatures) at(h meter.Hour) float32 {
	if h < t.from || int(h-t.from) >= len(t.celsius) {
		return nan()
	}
	return t.celsius[h-t.from]
}

// Degrees from which an area is heated and cooled, °C: the base of heating degree
// days in Britain (CIBSE TM41), and that of cooling degree days there.
const (
	heatedBelow = 15.5
	cooledAbove = 22
)

// wanted is how many kelvins an hour wants to be heated and cooled; NaN if its
// temperature is not known. Buildings feel half of an hour's own temperature and
// half of the mean of the day that ends with it, as far as that is known.
func (t *Temperatures) wanted(h meter.Hour) (heat, cool float32) {
	now := t.at(h)
	var sum, n float32
	for i := range meter.Hour(hoursADay) {
		if v := t.at(h - i); v == v {
			sum += v
			n++
		}
	}
	felt := (now + sum/n) / 2
	return max(heatedBelow-felt, 0), max(felt-cooledAbove, 0)
}

// weatherFeatures are the kelvins to heat and to cool beyond those of the day
// before and of the days of the same weekday.
const weatherFeatures = 4

// weather is how much more each hour of a day wants to be heated and cooled than
// on the days that it is compared with, in tens of kelvins; 0 where that is not
// known. All meters of an area share it.
type weather struct {
	differs bool // from those days
	change  [hoursADay][weatherFeatures]float32
}

// noWeather is that of all days where no temperatures are known.
var noWeather weather

// weatherOf compares day t with the day before and with those like it.
func (d *days) weatherOf(temperatures *Temperatures, cal *meter.Calendar, t int) *weather {
	if temperatures == nil {
		return &noWeather
	}
	out := new(weather)
	var day, before wantedHours
	day.read(temperatures, cal, d, t)
	before.read(temperatures, cal, d, t+1)
	for part, like := range d.comparedWith(t).like {
		usual := make([]wantedHours, len(like))
		for i, j := range like {
			usual[i].read(temperatures, cal, d, j)
		}
		from, to := d.columnsOf(part)
		for k := from; k < to; k++ {
			out.compare(k, &day, &before, usual)
		}
	}
	return out
}

// compare works out what column k wants beyond the day before and the mean of the usual
// days.
func (w *weather) compare(k int, day, before *wantedHours, usual []wantedHours) {
	const kelvins = 10
	for need := range day[k] {
		var mean float32
		for i := range usual {
			mean += usual[i][k][need] / float32(len(usual))
		}
		for i, x := range [...]float32{day[k][need] - before[k][need], day[k][need] - mean} {
			if x == x && x != 0 {
				w.change[k][2*need+i] = x / kelvins
				w.differs = true
			}
		}
	}
}

// wantedHours are the kelvins to heat and to cool in each column of a day, NaN
// where they are not known.
type wantedHours [hoursADay][2]float32

func (w *wantedHours) read(temperatures *Temperatures, cal *meter.Calendar, d *days, j int) {
	for k := range w {
		w[k] = [2]float32{nan(), nan()}
	}
	for i := range d.at(j).hours {
		heat, cool := temperatures.wanted(d.at(j).start + meter.Hour(i))
		w[d.column(cal, j, i)] = [2]float32{heat, cool}
	}
}
