package timescale_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
)

// errorsOf are those of one series under one key, computed hour by hour.
type errorsOf struct {
	hours, covered        int
	error, naive, pinball float64
	below                 [3]int // hours at or below p10, p50 and p90
}

func (e *errorsOf) add(f *twin.Forecast, i int, actual, week float64) {
	loss := func(level float64, quantile float32) float64 {
		d := actual - float64(quantile)
		return max(level*d, (level-1)*d)
	}
	e.hours++
	e.error += math.Abs(actual - float64(f.P50[i]))
	e.naive += math.Abs(actual - week)
	e.pinball += (loss(.1, f.P10[i]) + loss(.5, f.P50[i]) + loss(.9, f.P90[i])) / 3
	for q, quantile := range [3]float32{f.P10[i], f.P50[i], f.P90[i]} {
		if actual <= float64(quantile) {
			e.below[q]++
		}
	}
	if actual >= float64(f.P10[i]) && actual <= float64(f.P90[i]) {
		e.covered++
	}
}

// The database gives what a walk over forecasts and readings gives, for each key and scope.
func TestAccuracy(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 0, twin.MeterKey{Name: "a", Group: "north"}, twin.MeterKey{Name: "b", Group: "north"}, twin.MeterKey{Name: "c", Group: "south"})
		kwh := func(i int, h meter.Hour) float64 {
			return float64(float32(2 + math.Sin(float64(h+meter.Hour(5*i)))*float64(1+i) + float64((h-day)%31)/20))
		}
		missing := func(i int, h meter.Hour) bool { return i == 1 && (h-day)%17 == 3 }
		const days = 12
		now := day + days*meter.HoursPerDay
		groups := map[int32][]int{}
		for i, m := range p.meters {
			groups[m.GroupNo] = append(groups[m.GroupNo], i)
		}
		b := p.batch(1)
		b.Watermark = now
		for h := day; h < now; h++ {
			for i, m := range p.meters {
				if !missing(i, h) {
					b.New.Append(m.MeterNo, h, float32(kwh(i, h)), twin.Measured)
				}
			}
			for no, members := range groups {
				total := twin.GroupTotal{GroupNo: no, Hour: h}
				for _, i := range members {
					total.KWh += kwh(i, h)
				}
				b.GroupTotals = append(b.GroupTotals, total)
			}
		}
		forecast := func(i int, issued meter.Hour, dayAhead bool) twin.Forecast {
			f := twin.Forecast{MeterNo: p.meters[i].MeterNo, GroupNo: p.meters[i].GroupNo, IssuedAt: issued, DayAhead: dayAhead, Model: "combined"}
			for k := range meter.Hour(30) {
				mid := float32(2 + float64((issued+k)%7)/4)
				f.P10, f.P50, f.P90 = append(f.P10, mid-1), append(f.P50, mid), append(f.P90, mid+1.5)
			}
			f.P50[4] = float32(math.NaN())
			return f
		}
		for issued := day + 8*24; issued < now; issued += 12 {
			for i := range p.meters {
				b.Forecasts = append(b.Forecasts, forecast(i, issued, issued%24 == 0))
			}
			for no := range groups {
				f := forecast(0, issued, issued%24 == 0)
				b.GroupForecasts = append(b.GroupForecasts, twin.GroupForecast{GroupNo: no, IssuedAt: issued, DayAhead: f.DayAhead, Model: f.Model, P10: f.P10, P50: f.P50, P90: f.P90})
			}
		}
		p.commit(t, s, b)

		cal, err := meter.NewCalendar("America/New_York")
		require.NoError(t, err)
		keys := map[reader.AccuracyKey]func(i int, issued, h meter.Hour) string{
			reader.ByNothing: func(int, meter.Hour, meter.Hour) string { return "total" },
			reader.ByLead:    func(_ int, issued, h meter.Hour) string { return fmt.Sprint(int(h - issued)) },
			reader.ByHour:    func(_ int, _, h meter.Hour) string { return fmt.Sprint(cal.Local(h).Hour()) },
			reader.ByWeekday: func(_ int, _, h meter.Hour) string { return fmt.Sprint((int(cal.Local(h).Weekday())+6)%7 + 1) },
			reader.ByDay:     func(_ int, _, h meter.Hour) string { return cal.Local(h).Format("2006-01-02") },
			reader.ByMonth:   func(_ int, _, h meter.Hour) string { return cal.Local(h).Format("2006-01") },
			reader.ByMeter:   func(i int, _, _ meter.Hour) string { return p.meters[i].Name },
			reader.ByGroup:   func(i int, _, _ meter.Hour) string { return p.meters[i].Group },
			reader.ByModel:   func(int, meter.Hour, meter.Hour) string { return "combined" },
		}
		one, north := p.meters[1].MeterNo, p.meters[0].GroupNo
		for by, keyOf := range keys {
			for _, scope := range []reader.Scope{{}, {MeterNo: &one}, {GroupNo: &north}} {
				for _, all := range []bool{false, true} {
					q := reader.AccuracyQuery{Scope: scope, From: day + 8*24, To: now - 24, Now: now - 3, All: all, By: by, Zone: "America/New_York"}
					want := map[string]map[int32]*errorsOf{}
					for _, f := range b.Forecasts {
						i := slices.IndexFunc(p.meters, func(m twin.MeterRef) bool { return m.MeterNo == f.MeterNo })
						if f.IssuedAt >= q.To || !all && !f.DayAhead || scope.MeterNo != nil && f.MeterNo != one || scope.GroupNo != nil && f.GroupNo != north {
							continue
						}
						for k := range f.P50 {
							h := f.IssuedAt + meter.Hour(k)
							if k == 4 || h >= q.Now || missing(i, h) || missing(i, h-meter.HoursPerWeek) {
								continue
							}
							key := keyOf(i, f.IssuedAt, h)
							if want[key] == nil {
								want[key] = map[int32]*errorsOf{}
							}
							if want[key][f.MeterNo] == nil {
								want[key][f.MeterNo] = &errorsOf{}
							}
							want[key][f.MeterNo].add(&f, k, kwh(i, h), kwh(i, h-meter.HoursPerWeek))
						}
					}
					got, err := s.Accuracy(t.Context(), q)
					require.NoError(t, err)
					requireAccuracy(t, want, got)
				}
			}
		}

		whole, err := s.Accuracy(t.Context(), reader.AccuracyQuery{Groups: true, From: day + 8*24, To: now, Now: now, By: reader.ByGroup, Zone: "UTC"})
		require.NoError(t, err)
		require.Equal(t, []string{"north", "south"}, []string{whole[0].Key, whole[1].Key})
		north24, err := s.Accuracy(t.Context(), reader.AccuracyQuery{Groups: true, Scope: reader.Scope{GroupNo: &north}, From: day + 8*24, To: now, Now: now, By: reader.ByNothing, Zone: "UTC"})
		require.NoError(t, err)
		require.Len(t, north24, 1)
		whole[0].Key = "total"
		require.Equal(t, whole[0], north24[0])
		var sum float64
		hours := 0
		for _, f := range b.GroupForecasts {
			for k, mid := range f.P50 {
				if h := f.IssuedAt + meter.Hour(k); f.GroupNo == north && f.DayAhead && k != 4 && h < now {
					sum += math.Abs(kwh(0, h) + kwh(1, h) - float64(mid))
					hours++
				}
			}
		}
		require.EqualValues(t, hours, north24[0].Hours)
		require.InDelta(t, sum/float64(hours), north24[0].MAE, 1e-9)

		nested := s.Nested(reader.Nesting{Whole: []string{"north"}, Part: []string{"south"}})
		below, err := nested.Accuracy(t.Context(), reader.AccuracyQuery{Scope: reader.Scope{GroupNo: &north}, From: day + 8*24, To: now, Now: now, By: reader.ByMeter, Zone: "UTC"})
		require.NoError(t, err)
		require.Len(t, below, 3, "those of the group below too")
		above, err := nested.Accuracy(t.Context(), reader.AccuracyQuery{Groups: true, From: day + 8*24, To: now, Now: now, By: reader.ByGroup, Zone: "UTC"})
		require.NoError(t, err)
		require.Equal(t, whole[1], above[1])
		require.Greater(t, above[0].MAE, north24[0].MAE, "its forecast is of its own meters, its load of all")

		_, err = s.Accuracy(t.Context(), reader.AccuracyQuery{By: "moon", Zone: "UTC"})
		require.ErrorIs(t, err, reader.ErrBadQuery)
	})
}

// requireAccuracy compares the rows with errors by key and series.
func requireAccuracy(t *testing.T, want map[string]map[int32]*errorsOf, got []reader.Accuracy) {
	t.Helper()
	require.Len(t, got, len(want))
	require.True(t, slices.IsSortedFunc(got, func(a, b reader.Accuracy) int {
		n, _ := strconv.Atoi(a.Key) // 0 for names
		m, _ := strconv.Atoi(b.Key)
		return cmp.Or(cmp.Compare(n, m), cmp.Compare(a.Key, b.Key))
	}))
	for _, g := range got {
		var sum errorsOf
		var mae, pinball float64
		for _, e := range want[g.Key] {
			sum.hours, sum.covered = sum.hours+e.hours, sum.covered+e.covered
			for q, n := range e.below {
				sum.below[q] += n
			}
			sum.error, sum.naive, sum.pinball = sum.error+e.error, sum.naive+e.naive, sum.pinball+e.pinball
			mae += math.Log(e.error / e.naive)
			pinball += math.Log(e.pinball / e.naive * 2)
		}
		n, series := float64(sum.hours), float64(len(want[g.Key]))
		require.EqualValues(t, sum.hours, g.Hours, g.Key)
		require.EqualValues(t, series, g.Series)
		require.InDelta(t, sum.error/n, g.MAE, 1e-6)
		require.InDelta(t, sum.naive/n, g.NaiveMAE, 1e-6)
		require.InDelta(t, float64(sum.covered)/n, g.Coverage, 1e-9)
		require.InDelta(t, float64(sum.below[0])/n, g.BelowP10, 1e-9)
		require.InDelta(t, float64(sum.below[1])/n, g.BelowP50, 1e-9)
		require.InDelta(t, float64(sum.below[2])/n, g.BelowP90, 1e-9)
		require.InDelta(t, sum.pinball/n, g.Pinball, 1e-6)
		require.InDelta(t, math.Exp(mae/series), *g.RelMAE, 1e-5)
		require.InDelta(t, math.Exp(pinball/series), *g.RelPinball, 1e-5)
	}
}
