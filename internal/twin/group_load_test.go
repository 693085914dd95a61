package twin

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// sendHour sends the readings of a feeder's meters for one hour; NaN sends none.
func (f *feed) sendHour(h meter.Hour, kwh ...float32) {
	for i, v := range kwh {
		if v == v {
			f.sendOne(fmt.Sprint("m", i), h, v)
		}
	}
}

func (f *feed) sendOne(name string, h meter.Hour, kwh float32) {
	value := meter.AppendMessage(nil, meter.Reading{Meter: name, Group: "feeder", Hour: h, KWh: kwh})
	f.batch([]Record{{Offset: f.p.next, Value: value}})
}

func feederLoad(f *feed) *groupLoad { return f.p.groups[0].load }

// requireGroupLoads requires that each hour that is over holds the sum of the meters,
// but for those that the end of the next hour takes in.
func requireGroupLoads(t require.TestingT, p *Partition) {
	for _, g := range p.groups {
		if g.load == nil || len(g.all()) == 0 || g.load.outdated {
			continue
		}
		stale := map[meter.Hour]bool{}
		for _, h := range g.load.stale {
			stale[h] = true
		}
		for h := reachOf(g.all()) + meter.HoursPerWeek; h < g.load.ended; h++ {
			if !stale[h] {
				require.Equal(t, fmt.Sprint(g.sum(h)), fmt.Sprint(g.load.window.At(h)), "%s at %s", g.name, h)
			}
		}
	}
}

// A group of one meter is forecast as that meter is.
func TestGroupOfOneMeter(t *testing.T) {
	f := newFeed(testRules(t, testSettings()))
	for i := range meter.Hour(24 * 40) {
		f.sendHour(f.p.rules.From+i, someLoad(int(i)))
	}
	require.NotEmpty(t, f.rows.Groups)
	require.Equal(t, f.rows.Forecasts, f.rows.Groups)
}

func TestLoadOfAGroup(t *testing.T) {
	r := testRules(t, testSettings())
	f := newFeed(r)
	ten := make([]float32, 10)
	for i := range ten {
		ten[i] = float32(i+1) / 4
	}
	const all = 55. / 4
	at := func(i meter.Hour) float32 { return feederLoad(f).window.At(r.From + i) }
	for i := range meter.Hour(400) {
		missing := append([]float32{}, ten...)
		switch i {
		case 300:
			missing[9] = float32(math.NaN())
		case 301:
			missing[9], missing[8] = float32(math.NaN()), float32(math.NaN())
		case 302:
			missing[0] = float32(math.NaN())
		}
		f.sendHour(r.From+i, missing...)
	}
	require.InDelta(t, all, at(200), 1e-5)
	require.InDelta(t, all, at(300), 1e-5, "the value of a week before stands in")
	require.True(t, at(301) != at(301), "two of ten are too many")

	// A late reading is taken in at the end of the hour, a correction that stood in for
	// another one as well.
	f.sendOne("m9", r.From+301, 1)
	f.sendOne("m9", r.From+300-168, 2)
	require.True(t, at(301) != at(301))
	f.sendHour(r.From+400, ten...)
	f.sendHour(r.From+401, ten...)
	require.InDelta(t, all-10./4+1, at(301), 1e-5)
	require.InDelta(t, all-10./4+2, at(300), 1e-5)
	require.InDelta(t, all-10./4+2, at(300-168), 1e-5)
	requireGroupLoads(t, f.p)
}

// What a meter brings from before the stream is part of its group's load, and the model
// learns from it.
func TestHistoryIsPartOfTheGroup(t *testing.T) {
	s := testSettings()
	s.WarmUp, s.IssueFrom = true, s.From+24*28
	r := testRules(t, s)
	f := newFeed(r)
	past := meter.Series{From: r.From}
	for i := range 24 * 28 {
		past.Append(r.From+meter.Hour(i), someLoad(i))
	}
	start := s.IssueFrom
	for i := range meter.Hour(25) {
		for m := range 3 {
			history := map[string]meter.Series{}
			if i == 0 {
				history[fmt.Sprint("m", m)] = past
			}
			value := meter.AppendMessage(nil, meter.Reading{Meter: fmt.Sprint("m", m), Group: "feeder", Hour: start + i, KWh: someLoad(int(i))})
			f.batchWith([]Record{{Offset: f.p.next, Value: value}}, history)
		}
	}
	require.InDelta(t, 3*someLoad(5), feederLoad(f).window.At(r.From+5), 1e-5)
	require.Len(t, f.rows.Groups, 2, "a day ahead, and for plans")
	requireGroupLoads(t, f.p)
}

// Rules that begin to forecast groups do so from what the windows hold.
func TestForecastsOfGroupsBeginLater(t *testing.T) {
	s := testSettings()
	s.GroupReissue = 0
	without := testRules(t, s)
	f, always := newFeed(without), newFeed(testRules(t, testSettings()))
	hours := func(from, to int) {
		for i := from; i < to; i++ {
			for _, feed := range []*feed{f, always} {
				feed.sendHour(without.From+meter.Hour(i), someLoad(i), 2*someLoad(i+5))
			}
		}
	}
	hours(0, 24*10)
	require.Empty(t, f.rows.Groups)
	f.restart(t)
	f.p.SwitchTo(testRules(t, testSettings()))
	hours(24*10, 24*12)
	require.NotEmpty(t, f.rows.Groups)
	for at, want := range f.rows.Groups {
		require.Equal(t, always.rows.Groups[at], want, at)
	}
	f.p.SwitchTo(without)
	n := len(f.rows.Groups)
	hours(24*12, 24*14)
	require.Len(t, f.rows.Groups, n)
}

// A group whose meters are only known by name when the watermark begins has no load yet:
// which meters are known then depends on what a fetch returned.
func TestLoadOfAGroupDoesNotDependOnFetches(t *testing.T) {
	r := testRules(t, testSettings())
	var records []Record
	send := func(name, group string, h meter.Hour, kwh float32) {
		value := meter.AppendMessage(nil, meter.Reading{Meter: name, Group: group, Hour: h, KWh: kwh})
		records = append(records, Record{Offset: int64(len(records)), Value: value})
	}
	for i := range 24 * 12 {
		h := r.From + meter.Hour(i)
		send("alone", "", h, someLoad(i))
		switch {
		case i == 150:
			for late := range 150 { // the first readings of the feeder are late
				send("m0", "feeder", r.From+meter.Hour(late), 2*someLoad(late))
			}
		case i > 150:
			send("m0", "feeder", h, 2*someLoad(i))
		}
	}
	whole, each := newFeed(r), newFeed(r)
	whole.batch(records)
	for _, record := range records {
		each.batch([]Record{record})
	}
	requireSameRows(t, each.rows, whole.rows)
	require.InDelta(t, 2*someLoad(20), each.p.groups[1].load.window.At(r.From+20), 1e-5)
	require.NotEmpty(t, each.rows.Groups)
}
