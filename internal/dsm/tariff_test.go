package dsm

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/meter"
)

// minuteMean is the mean price of an hour, minute by minute on the wall clock.
func minuteMean(t Tariff, loc *time.Location, h meter.Hour) float64 {
	sum := 0.0
	for m := range 60 {
		sum += minutePrice(t, h.Time().Add(time.Duration(m)*time.Minute).In(loc))
	}
	return sum / 60
}

func minutePrice(t Tariff, local time.Time) float64 {
	weekend := func(d time.Weekday) bool { return d == time.Saturday || d == time.Sunday }
	on := func(days string, d time.Weekday) bool {
		return days == "All" || days == "Weekends" && weekend(d) || days == "Weekdays" && !weekend(d)
	}
	clock := local.Format("15:04")
	for _, p := range t.Periods {
		today, yesterday := local.Weekday(), (local.Weekday()+6)%7
		if p.End > p.Start {
			if on(p.Days, today) && clock >= p.Start && clock < p.End {
				return p.Price
			}
			continue
		}
		if on(p.Days, today) && clock >= p.Start || on(p.Days, yesterday) && clock < p.End {
			return p.Price
		}
	}
	return t.Default
}

func TestPriceIsTheMeanOverLocalTime(t *testing.T) {
	zones := []string{"Europe/London", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		cal, err := meter.NewCalendar(rapid.SampledFrom(zones).Draw(t, "zone"))
		require.NoError(t, err)
		tariff := Tariff{Currency: "GBP", Default: 0.25}
		minutes := rapid.SampledFrom([]int{0, 15, 30, 7})
		for i := range rapid.IntRange(0, 4).Draw(t, "periods") {
			clock := func(name string) string {
				return fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, name), minutes.Draw(t, name))
			}
			p := Period{Days: rapid.SampledFrom([]string{"All", "Weekdays", "Weekends"}).Draw(t, "days"),
				Start: clock("start"), End: clock("end"), Price: 0.01 * float64(i)}
			if rapid.IntRange(0, 5).Draw(t, "till midnight") == 0 {
				p.End = "24:00"
			}
			tariff.Periods = append(tariff.Periods, p)
		}
		require.NoError(t, Policy{Mode: ModeOff, Tariff: tariff}.Check())
		r := newRates(tariff, cal)
		from := meter.Hour(rapid.IntRange(429_500, 438_300).Draw(t, "hour")) // 2019
		for h := from; h < from+30; h++ {
			require.InDelta(t, minuteMean(tariff, cal.Location(), h), r.price(h), 1e-12, "%v", cal.Local(h))
		}
	})
}

func TestPriceWhereClocksChangeInsideAnHour(t *testing.T) {
	cal, err := meter.NewCalendar("Australia/Lord_Howe") // clocks move by half an hour, at 15:30 UTC
	require.NoError(t, err)
	tariff := Tariff{Currency: "AUD", Default: 1, Periods: []Period{{Days: "All", Start: "01:30", End: "02:45", Price: 5}}}
	r := newRates(tariff, cal)
	for _, day := range []string{"2019-04-06T15:00:00Z", "2019-10-05T15:00:00Z"} {
		at, err := time.Parse(time.RFC3339, day)
		require.NoError(t, err)
		for h := meter.HourOf(at) - 3; h < meter.HourOf(at)+3; h++ {
			require.InDelta(t, minuteMean(tariff, cal.Location(), h), r.price(h), 1e-12, "%v", cal.Local(h))
		}
	}
}

func TestSeriesGoesBeforePeriods(t *testing.T) {
	h := meter.Hour(430_000)
	tariff := Tariff{Currency: "GBP", Default: 0.25,
		Series: []Point{{Unix: h.Unix(), Value: -0.03}}, Carbon: []Point{{Unix: h.Unix(), Value: 0.2}}}
	r := newRates(tariff, londonCalendar(t))
	require.Equal(t, -0.03, r.price(h))
	require.Equal(t, 0.25, r.price(h+1))
	require.Equal(t, 0.2, r.carbonAt(h))
	require.True(t, math.IsNaN(r.carbonAt(h+1)))
}

// TestNearEqualHoursKeepTheirOrder: a move that pays by the class values pays by
// the true values too, also with a rebound and below zero.
func TestNearEqualHoursKeepTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := dayRates{n: rapid.IntRange(1, 25).Draw(t, "n")}
		rebound := rapid.SampledFrom([]float64{0, 0.2}).Draw(t, "rebound")
		for i := range d.n {
			d.value[i] = rapid.Float64Range(-0.1, 0.5).Draw(t, "value")
		}
		d.setNearEqual(rebound)
		for a := range d.n {
			for b := range d.n {
				if d.worth[a] > (1+rebound)*d.cost[b] {
					require.Greater(t, d.value[a], (1+rebound)*d.value[b])
				}
			}
		}
	})
}
