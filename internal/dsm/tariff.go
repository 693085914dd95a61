package dsm

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// The days on which a Period applies. A period that runs over midnight belongs
// to the day on which it starts.
const (
	daysAll      = "All"
	daysWeekdays = "Weekdays"
	daysWeekends = "Weekends"
)

const (
	secondsPerDay  = 24 * 3600
	secondsPerHour = 3600
)

// rates gives the price and the carbon intensity of any hour.
type rates struct {
	loc    *time.Location
	week   [7][]span // by weekday of local time
	series map[meter.Hour]float64
	carbon map[meter.Hour]float64
}

// span is a part of a local day with one price.
type span struct {
	until int // second of the day, exclusive
	price float64
}

// newRates prepares a tariff that has passed Check.
func newRates(t Tariff, cal *meter.Calendar) *rates {
	r := &rates{loc: cal.Location(), series: byHour(t.Series), carbon: byHour(t.Carbon)}
	for day := range r.week {
		r.week[day] = daySpans(t, time.Weekday(day))
	}
	return r
}

// PriceOf gives the price of any hour, in currency per kWh: that of the series,
// or the mean over the hour of what the periods say. The tariff has to be one
// that a policy's Check accepts.
func (t Tariff) PriceOf(cal *meter.Calendar) func(meter.Hour) float64 { return newRates(t, cal).price }

// price is the mean price of hour h, currency per kWh. An hour of the series
// goes first; else each moment of the hour has the price of the first period
// in the list that holds its local time, or the default, and the mean is over
// the time.
func (r *rates) price(h meter.Hour) float64 {
	if v, ok := r.series[h]; ok {
		return v
	}
	at, end := h.Unix(), h.Unix()+secondsPerHour
	sum := 0.0
	for at < end {
		price, until := r.priceAt(at)
		if at == h.Unix() && until >= end {
			return price
		}
		sum += price * float64(min(until, end)-at)
		at = until
	}
	return sum / secondsPerHour
}

// priceAt is the price at a moment and the moment until which it surely holds:
// the end of its span or a change of the clocks, whichever comes first.
func (r *rates) priceAt(unix int64) (price float64, until int64) {
	local := time.Unix(unix, 0).In(r.loc)
	second := local.Hour()*3600 + local.Minute()*60 + local.Second()
	spans := r.week[local.Weekday()]
	i := 0
	for second >= spans[i].until {
		i++
	}
	until = unix + int64(spans[i].until-second)
	if _, change := local.ZoneBounds(); !change.IsZero() {
		until = min(until, change.Unix())
	}
	return spans[i].price, until
}

// carbonAt is the carbon intensity of hour h in kg per kWh, NaN if unknown.
func (r *rates) carbonAt(h meter.Hour) float64 {
	if v, ok := r.carbon[h]; ok {
		return v
	}
	return math.NaN()
}

func byHour(points []Point) map[meter.Hour]float64 {
	m := make(map[meter.Hour]float64, len(points))
	for _, p := range points {
		m[meter.Hour(p.Unix/secondsPerHour)] = p.Value
	}
	return m
}

// daySpans cuts a local day wherever some period starts or ends.
func daySpans(t Tariff, day time.Weekday) []span {
	edges := []int{secondsPerDay}
	for _, p := range t.Periods {
		edges = append(edges, clock(p.Start), clock(p.End))
	}
	slices.Sort(edges)
	var spans []span
	from := 0
	for _, edge := range edges {
		if edge == from || edge == 0 {
			continue
		}
		spans = append(spans, span{until: edge, price: t.at(day, from)})
		from = edge
	}
	return spans
}

// at is the price at a second of a local day.
func (t Tariff) at(day time.Weekday, second int) float64 {
	yesterday := (day + 6) % 7
	for _, p := range t.Periods {
		start, end := clock(p.Start), clock(p.End)
		overMidnight := end <= start
		today := applies(p.Days, day) && second >= start && (second < end || overMidnight)
		fromYesterday := overMidnight && applies(p.Days, yesterday) && second < end
		if today || fromYesterday {
			return p.Price
		}
	}
	return t.Default
}

func applies(days string, day time.Weekday) bool {
	weekend := day == time.Saturday || day == time.Sunday
	switch days {
	case daysWeekdays:
		return !weekend
	case daysWeekends:
		return weekend
	default:
		return true
	}
}

// parseClock reads "HH:MM", 00:00 to 24:00, as a second of the day.
func parseClock(s string) (int, error) {
	if s == "24:00" {
		return secondsPerDay, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, fmt.Errorf("%q is no time of day", s)
	}
	return t.Hour()*3600 + t.Minute()*60, nil
}

// clock is parseClock for a time that Check has seen.
func clock(s string) int {
	second, err := parseClock(s)
	if err != nil {
		panic("dsm: tariff was not checked: " + err.Error())
	}
	return second
}
