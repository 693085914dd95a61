package twin

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// A twin whose meters are all in one group of one partition is forecast as that group is while
// its history is in the window.
func TestForecastOfTheTwinIsThatOfItsOneGroup(t *testing.T) {
	s := testSettings()
	s.GroupReissue = 6
	r := testRules(t, s)
	f := newFeed(r)
	var twin TwinLoad
	compared := 0
	for i := range 24 * 40 {
		if i%97 == 3 { // an hour without readings now and then
			continue
		}
		var records []Record
		send := func(name string, h int, kwh float32) {
			value := meter.AppendMessage(nil, meter.Reading{Meter: name, Group: "feeder", Hour: r.From + meter.Hour(h), KWh: kwh})
			records = append(records, Record{Offset: f.p.next + int64(len(records)), Value: value})
		}
		send("m0", i, someLoad(i))
		send("m1", i, 2*someLoad(i+5))
		if i%100 == 50 { // a correction
			send("m0", i-40, 3)
		}
		f.batch(records)
		for k := range f.fx.Loads {
			twin.Add(0, &f.fx.Loads[k])
			t0 := f.fx.Loads[k].IssuedAt
			for h := t0 - 24*7; h < t0 && h >= r.From; h++ {
				sum := twin.partitions[0][h]
				require.Equal(t, fmt.Sprint(feederLoad(f).window.At(h)), fmt.Sprint(sum.KWh()))
			}
			at := slices.IndexFunc(f.fx.GroupForecasts, func(g GroupForecast) bool { return g.IssuedAt == t0 })
			if at < 0 {
				continue // there is nothing to forecast from yet
			}
			group := &f.fx.GroupForecasts[at]
			require.Equal(t, group.DayAhead, f.fx.Loads[k].DayAhead)
			q := twin.Forecast(r, t0, f.fx.Loads[k].Ahead)
			require.Len(t, q.P50, len(group.P50))
			for n := range q.P50 {
				if a, b := q.P50[n], group.P50[n]; a == a || b == b {
					require.InDelta(t, b, a, .6)
					require.LessOrEqual(t, q.P10[n], a)
					require.LessOrEqual(t, a, q.P90[n])
					compared++
				}
			}
		}
	}
	require.Greater(t, compared, 1000)
}

// Meters of several partitions add up; one partition that does not report is a gap where it has
// more than a tenth of the meters.
func TestLoadsOfPartitionsAddUp(t *testing.T) {
	r := testRules(t, testSettings())
	at := r.From + 24*20
	of := func(kwh float64, reported int32) *PartitionLoad {
		l := &PartitionLoad{IssuedAt: at}
		for h := at - 24*14; h < at; h++ {
			l.Hours, l.Sums = append(l.Hours, h), append(l.Sums, GroupHourSumOf(kwh, 10, reported))
		}
		return l
	}
	var both TwinLoad
	both.Add(0, of(4, 10))
	both.Add(1, of(6, 10))
	require.InDelta(t, 10, both.Forecast(r, at, 24).P50[5], .1)
	both.Add(1, of(6, 5))
	q := both.Forecast(r, at, 24)
	require.True(t, q.P50[5] != q.P50[5], "three quarters of the meters are too few")
	both.Add(1, of(6, 9))
	require.InDelta(t, 10, both.Forecast(r, at, 24).P50[5], .1)
	both.Forget(at - 10)
	require.Len(t, both.partitions[0], 10)
}
