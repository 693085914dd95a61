package twin

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// testSettings are those of a replay that starts on a Monday, with a tariff and a
// limit that make decisions worth having.
func testSettings() Settings {
	from := meter.HourOf(time.Date(2024, 3, 4, 0, 0, 0, 0, time.UTC))
	return Settings{
		Twin: "test/twin", Timezone: "Europe/London", SpecHash: "one", IssueAt: "00:00", History: 1344, GroupReissue: 24,
		From: from, To: from + 8760, IssueFrom: meter.NoHour,
		Policy: dsm.Policy{
			Mode:      dsm.ModeAdvisory,
			Objective: dsm.Objective{Cost: 1, Peak: 1},
			Tariff: dsm.Tariff{Currency: "GBP", Default: .25, Periods: []dsm.Period{
				{Name: "night", Days: "All", Start: "00:30", End: "07:30", Price: .1},
				{Name: "evening", Days: "Weekdays", Start: "16:00", End: "19:00", Price: .4},
			}},
			Flexibility: dsm.Flexibility{ShiftableShare: .15, MaxShiftHours: 6, MaxIncrease: .2},
			Groups:      []dsm.Group{{Name: "feeder", CapacityKW: 3}},
			Freshness:   24,
			LeadHours:   6,
		},
	}
}

// followingTheClock are testSettings of a stream from outside.
func followingTheClock() Settings {
	s := testSettings()
	s.From, s.To, s.MaxAhead = meter.NoHour, meter.NoHour, time.Hour
	return s
}

func testRules(t require.TestingT, s Settings) *Rules {
	r, err := NewRules(s)
	require.NoError(t, err)
	return r
}

// randomStream is readings of a few meters over some weeks, in hour order, with
// repeats, corrections, late ones, wrong dates and broken messages among them.
// Some meters send sub-hour readings, of which some arrive in any order or not at all.
func randomStream(t *rapid.T) []Record {
	start := testSettings().From
	hours := rapid.IntRange(50, 1000).Draw(t, "hours")
	meters := rapid.IntRange(1, 4).Draw(t, "meters")
	var records []Record
	var hour [][]byte // the messages of the hour
	minutes := rapid.SliceOfN(rapid.SampledFrom([]int{60, 60, 30, 15}), meters, meters).Draw(t, "minutes")
	add := func(values ...[]byte) { hour = append(hour, values...) }
	reading := func(m int, h meter.Hour, kwh float32) [][]byte {
		r := meter.Reading{Meter: fmt.Sprint("m", m), Hour: h, KWh: kwh}
		if m%2 == 0 {
			r.Group = "feeder"
		}
		return inParts(r, minutes[m])
	}
	odd := rapid.SampledFrom([]string{"none", "none", "none", "none", "none", "repeat", "correct", "late", "ahead", "broken", "gap",
		"shuffle", "watermark", "sub-hour missing", "sub-hour repeated", "sub-hour corrected", "other length"})
	rnd := rapid.IntRange(0, 1<<20)
	flush := func(shuffle bool) {
		if shuffle {
			hour = rapid.Permutation(hour).Draw(t, "order")
		}
		for _, value := range hour {
			records = append(records, Record{Offset: int64(len(records)), Key: []byte("key"), Value: value})
		}
		hour = hour[:0]
	}
	for i := 0; i < hours; i++ {
		what := odd.Draw(t, "odd")
		h := start + meter.Hour(i)
		flush(what == "shuffle")
		if what == "watermark" {
			add(meter.AppendWatermark(nil, h+meter.Hour(rnd.Draw(t, "watermark")%30)))
		}
		for m := range meters {
			kwh := float32((i*7+m*13)%24-4) / 8 // some feed in
			switch {
			case what == "gap" && m == i%meters:
				continue
			case what == "broken" && m == 0:
				add([]byte(`{"meter":"m0","ts":"yesterday"}`))
			case what == "ahead" && m == 0:
				add(reading(m, h+meter.Hour(rnd.Draw(t, "ahead")%4000), kwh)...)
				continue
			case what == "sub-hour missing" && m == i%meters:
				add(reading(m, h, kwh)[1:]...)
				continue
			}
			add(reading(m, h, kwh)...)
			switch what {
			case "repeat":
				add(reading(m, h, kwh)...)
			case "correct":
				add(reading(m, h, kwh+1)...)
			case "late":
				add(reading(m, max(start, h-meter.Hour(rnd.Draw(t, "late")%2000)), kwh)...)
			case "sub-hour repeated":
				add(reading(m, h, kwh)[0])
			case "sub-hour corrected":
				add(reading(m, h-meter.Hour(rnd.Draw(t, "before")%30), kwh+1)[0])
			case "other length":
				add(inParts(meter.Reading{Meter: fmt.Sprint("m", m), Group: map[bool]string{true: "feeder"}[m%2 == 0], Hour: h, KWh: kwh}, 15)[1:]...)
			}
		}
	}
	flush(false)
	return records
}

func requireSameRows(t require.TestingT, want, got keptRows) {
	require.Empty(t, different(want.Readings, got.Readings), "readings")
	require.Empty(t, different(want.Forecasts, got.Forecasts), "forecasts")
	require.Empty(t, different(want.Decisions, got.Decisions), "decisions")
	require.Empty(t, different(want.Groups, got.Groups), "forecasts of groups")
	require.Empty(t, different(want.Limits, got.Limits), "limits")
	require.Empty(t, different(want.GroupLoad, got.GroupLoad), "group load")
	require.Empty(t, different(want.Loads, got.Loads), "loads at issues")
	require.Equal(t, want.Revisions, got.Revisions)
	require.Equal(t, want.Quarantine, got.Quarantine)
	require.Equal(t, want.SubHours, got.SubHours)
	require.Equal(t, want.Counts, got.Counts)
}

// different lists up to three keys whose values differ.
func different[V comparable](want, got map[string]V) []string {
	var out []string
	for _, m := range []map[string]V{want, got} {
		for k := range m {
			if want[k] != got[k] && len(out) < 3 {
				out = append(out, fmt.Sprintf("%s: %v, %v", k, want[k], got[k]))
			}
		}
	}
	return out
}

func TestRowsDoNotDependOnBatchesOrRestarts(t *testing.T) {
	settings := testSettings()
	rapid.Check(t, func(t *rapid.T) {
		settings.AllowedLateness = rapid.SampledFrom([]meter.Hour{0, 0, 3}).Draw(t, "lateness")
		settings.IssueAt = rapid.SampledFrom([]string{"00:00", "12:00"}).Draw(t, "issue")
		settings.Reissue = rapid.SampledFrom([]int{24, 24, 10, 6, 1}).Draw(t, "reissue")
		settings.GroupReissue = rapid.SampledFrom([]int{24, 6, 1, 0}).Draw(t, "reissue of groups")
		r := testRules(t, settings)
		records := randomStream(t)
		whole := newFeed(r)
		whole.batch(records)

		cut := newFeed(r)
		for rest := records; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "batch")
			cut.batch(rest[:n])
			rest = rest[n:]
			if rapid.Bool().Draw(t, "restart") {
				cut.restart(t)
			}
		}
		requireSameRows(t, whole.rows, cut.rows)
		require.Empty(t, cut.notNew)
		require.Equal(t, int64(len(records)), whole.rows.Counts.In)
		requireGroupLoads(t, whole.p)
		requireOpenHoursInStore(t, whole)
	})
}

// TestNewTotals: of a stream in order all totals but those of the first stretch of a state are
// known to be new.
func TestNewTotals(t *testing.T) {
	r := testRules(t, testSettings())
	f := newFeed(r)
	totals := 0
	for i := range meter.Hour(48) {
		if i == 24 {
			f.restart(t)
		}
		f.batch(oneRecord(f.p.next, "a", r.From+i, 1))
		for _, total := range f.fx.GroupTotals {
			require.Equal(t, i > 1 && i != 24, total.New, "hour %d", i)
			totals++
		}
	}
	require.Equal(t, 48, totals)
	f.batch(oneRecord(f.p.next, "a", r.From+47, 2))
	require.False(t, f.fx.GroupTotals[0].New, "the hour has one")
	require.Empty(t, f.notNew)
}

// TestIssueIsGivenUp: what an issue filled for each meter is not kept for the stretches after it.
func TestIssueIsGivenUp(t *testing.T) {
	r := testRules(t, testSettings())
	f := newFeed(r)
	issues := 0
	for h := r.From; h < r.From+15*24; h++ {
		f.batch(oneRecord(f.p.next, "a", h, 1))
		if len(f.fx.Forecasts) == 0 {
			continue
		}
		issues++
		require.NotEmpty(t, f.fx.floats.chunks)
		f.p.Begin(&f.fx)
		require.Zero(t, cap(f.fx.Forecasts)+cap(f.fx.Decisions)+len(f.fx.floats.chunks))
	}
	require.NotZero(t, issues)
}

func TestForecastSeesOnlyHoursBeforeItsIssue(t *testing.T) {
	r := testRules(t, testSettings())
	start := r.From
	stream := func(after float32) *feed {
		f := newFeed(r)
		for i := range 24*15 + 18 {
			h := start + meter.Hour(i)
			kwh := float32(i%24) / 10
			if h >= start+24*15 {
				kwh = after
			}
			for _, name := range []string{"a", "b"} {
				f.batch(oneRecord(f.p.next, name, h, kwh))
			}
		}
		return f
	}
	low, high := stream(1).rows.Forecasts, stream(2).rows.Forecasts
	require.Empty(t, different(low, high))
	require.Len(t, low, 2*(15+14), "a meter and day have one at midnight, and one at 18:00 for plans")
}

func TestOneWrongDateMovesNothing(t *testing.T) {
	r := testRules(t, testSettings())
	f := newFeed(r)
	send := func(name string, h meter.Hour, kwh float32) { f.batch(oneRecord(f.p.next, name, h, kwh)) }
	for i := range meter.Hour(48) {
		send("a", r.From+i, 1)
		send("b", r.From+i, 1)
	}
	require.Equal(t, r.From+47, f.p.watermark)

	send("a", r.From+4000, 9)
	require.Equal(t, r.From+47, f.p.watermark, "one reading alone")
	send("a", r.From+4000, 9)
	require.Equal(t, r.From+47, f.p.watermark, "the same reading again")
	require.Equal(t, r.From+47, f.p.meters["a"].window.Newest(), "the history stays")

	send("a", r.From+48, 1)
	require.Equal(t, r.From+48, f.p.watermark)
	send("b", r.From+4001, 1)
	require.Equal(t, r.From+4001, f.p.watermark, "a second reading agrees")
	require.Equal(t, float32(9), f.p.meters["a"].window.At(r.From+4000))
	require.Equal(t, int64(48*2+3), f.rows.Counts.Stored)
	require.Equal(t, int64(1), f.rows.Counts.Duplicates)
}

// The database has to tell what these readings replace.
func TestReadingsThatTheWindowCannotCompare(t *testing.T) {
	r := testRules(t, testSettings())
	f := newFeed(r)
	send := func(name string, h meter.Hour, kwh float32) { f.batch(oneRecord(f.p.next, name, h, kwh)) }
	send("a", r.From, 1)
	require.Equal(t, []UnseenReading{{MeterNo: 1, Hour: r.From, KWh: 1, Quality: Measured, Offset: 0, Watermark: meter.NoHour}}, f.fx.Pending)
	send("a", r.From+1, 1)
	send("a", r.From+4000, 1)
	send("b", r.From+4000, 1)
	require.Equal(t, []UnseenReading{{MeterNo: 2, Hour: r.From + 4000, KWh: 1, Quality: Measured, Offset: 3, Watermark: r.From + 1}}, f.fx.Pending)

	send("a", r.From+1, 2)
	require.Equal(t, []UnseenReading{{MeterNo: 1, Hour: r.From + 1, KWh: 2, Quality: Late, Offset: 4, Watermark: r.From + 4000}}, f.fx.Older)
	require.Zero(t, f.fx.New.Len()+f.fx.Corrected.Len())
}

// Whatever changes what is known of an hour that is over states when it came, however the
// stream falls into batches.
func TestChangesOfThePastStateWhenTheyCame(t *testing.T) {
	r := testRules(t, testSettings())
	for _, size := range []int{1, 7} {
		f := newFeed(r)
		records := []Record{
			oneRecord(0, "a", r.From, 1)[0], oneRecord(1, "a", r.From+1, 1)[0], oneRecord(2, "a", r.From+5, 1)[0],
			oneRecord(3, "a", r.From+3, 2)[0], // was missing
			oneRecord(4, "a", r.From+8, 1)[0],
			oneRecord(5, "a", r.From+3, 3)[0], // a correction of it
			oneRecord(6, "a", r.From+8, 4)[0], // of the newest hour
		}
		var late []LateReading
		var revisions []Revision
		for batch := range slices.Chunk(records, size) {
			f.batch(batch)
			late, revisions = append(late, f.fx.Late...), append(revisions, f.fx.Revisions...)
		}
		require.Equal(t, []LateReading{{MeterNo: 1, Hour: r.From + 3, Offset: 3, Watermark: r.From + 5}}, late)
		require.Equal(t, []Revision{
			{MeterNo: 1, Hour: r.From + 3, OldKWh: 2, Offset: 5, Watermark: r.From + 8},
			{MeterNo: 1, Hour: r.From + 8, OldKWh: 1, Offset: 6, Watermark: r.From + 8},
		}, revisions)
		require.EqualValues(t, 2, f.rows.Counts.Late, "the reading, and its correction")
		require.EqualValues(t, 2, f.rows.Counts.Corrections)
	}
}

func TestRejectedMessagesKeepTheirBytes(t *testing.T) {
	replay, live := testSettings(), followingTheClock()
	now := time.Date(2024, 3, 4, 12, 0, 0, 0, time.UTC)
	value := func(ts string) string { return `{"meter":"a","ts":"` + ts + `","kwh":1,"interval":"PT1H"}` }
	tests := []struct {
		name     string
		settings Settings
		value    string
		reason   string
	}{
		{"not JSON", replay, `a,b,c`, "malformed"},
		{"no meter", replay, `{"ts":"2024-03-04T00:00:00Z","kwh":1,"interval":"PT1H"}`, "bad_meter"},
		{"half an hour", replay, value("2024-03-04T00:30:00Z"), "not_whole_hour"},
		{"before the dataset", replay, value("2024-03-03T23:00:00Z"), ReasonOutsideWindow},
		{"after the dataset", replay, value("2025-03-04T00:00:00Z"), ReasonOutsideWindow},
		{"tomorrow", live, value("2024-03-05T00:00:00Z"), ReasonFuture},
		{"this hour", live, value("2024-03-04T13:00:00Z"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFeed(testRules(t, tt.settings))
			f.batch([]Record{{Offset: 7, Millis: now.UnixMilli(), Key: []byte("a"), Value: []byte(tt.value)}})
			if tt.reason == "" {
				require.Empty(t, f.fx.Rejected)
				return
			}
			require.Len(t, f.fx.Rejected, 1)
			q := f.fx.Rejected[0]
			require.Equal(t, tt.reason, q.Reason)
			require.Equal(t, tt.value, string(q.Value), "the original bytes")
			require.Equal(t, int64(7), q.Offset)
			require.Equal(t, int64(8), f.p.next)
		})
	}
}

func oneRecord(offset int64, name string, h meter.Hour, kwh float32) []Record {
	return []Record{{Offset: offset, Value: meter.AppendMessage(nil, meter.Reading{Meter: name, Hour: h, KWh: kwh})}}
}
