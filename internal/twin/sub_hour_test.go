package twin

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/meter"
)

// subHourMessageOf is the JSON of a sub-hour reading.
func subHourMessageOf(r meter.Reading, minute, minutes int) []byte {
	text := meter.AppendMessage(nil, r)
	if minutes == 60 {
		return text
	}
	text = bytes.Replace(text, []byte(":00:00Z"), []byte(fmt.Sprintf(":%02d:00Z", minute)), 1)
	return bytes.Replace(text, []byte("PT1H"), []byte("PT"+strconv.Itoa(minutes)+"M"), 1)
}

// inParts divides a reading into messages about so many minutes, in order of
// time. They are the hour divided by powers of two: their sum is exact.
func inParts(r meter.Reading, minutes int) [][]byte {
	shares := map[int][]float32{60: {1}, 30: {.5, .5}, 15: {.5, .125, .125, .25}}[minutes]
	var out [][]byte
	for i, share := range shares {
		reading := r
		reading.KWh = r.KWh * share
		out = append(out, subHourMessageOf(reading, i*minutes, minutes))
	}
	return out
}

// requireOpenHoursInStore checks that the store has the messages of all hours that
// wait for sub-hour readings, and no others.
func requireOpenHoursInStore(t require.TestingT, f *feed) {
	open := 0
	for _, m := range f.p.meters {
		if m.subHours == nil {
			continue
		}
		for i := range m.subHours.open {
			o := &m.subHours.open[i]
			for q, span := range o.span {
				if span == 0 {
					continue
				}
				open++
				msg := &o.messages[q]
				require.Equal(t, fmt.Sprintf("%d %q %s", msg.offset, msg.text[:msg.key], msg.text[msg.key:]),
					f.rows.SubHours[fmt.Sprintln(m.MeterNo, o.hour)+fmt.Sprint(q*quarter)])
			}
		}
	}
	require.Equal(t, open, len(f.rows.SubHours))
}

// subHourFeed feeds messages one by one, each in a batch of its own.
type subHourFeed struct {
	*feed
	t     *testing.T
	start meter.Hour
}

// newSubHourFeed begins with two hours of meter "other", so that event time runs.
func newSubHourFeed(t *testing.T) *subHourFeed {
	r := testRules(t, testSettings())
	f := &subHourFeed{feed: newFeed(r), t: t, start: r.From}
	f.hour("other", 0, 1)
	f.hour("other", 1, 1)
	require.Equal(t, f.start+1, f.p.watermark)
	f.rows.Counts = Counts{}
	return f
}

func (f *subHourFeed) send(value []byte) {
	f.batch([]Record{{Offset: f.p.next, Key: []byte("k"), Value: value}})
	requireOpenHoursInStore(f.t, f.feed)
}

func (f *subHourFeed) hour(name string, h meter.Hour, kwh float32) { f.subHour(name, h, 0, 60, kwh) }

func (f *subHourFeed) subHour(name string, h meter.Hour, minute, minutes int, kwh float32) {
	f.send(subHourMessageOf(meter.Reading{Meter: name, Hour: f.start + h, KWh: kwh}, minute, minutes))
}

// quarters sends the quarters of an hour.
func (f *subHourFeed) quarters(name string, h meter.Hour, kwh ...float32) {
	for i, v := range kwh {
		f.subHour(name, h, i*15, 15, v)
	}
}

func (f *subHourFeed) reading(name string, h meter.Hour) string {
	row, ok := f.rows.Readings[fmt.Sprint(f.no[name], f.start+h)]
	if !ok {
		return ""
	}
	return fmt.Sprint(row.kwh)
}

// reasons are those of the quarantine, by offset.
func (f *subHourFeed) reasons() []string {
	out := []string{}
	for offset := range f.p.next {
		if q, found := f.rows.Quarantine[offset]; found {
			out = append(out, strings.Fields(q)[0])
		}
	}
	return out
}

func TestSubHourReadingsBecomeAnHour(t *testing.T) {
	const h = 5
	tests := []struct {
		name        string
		send        func(*subHourFeed)
		reading     string // of hour h
		counts      Counts
		revisions   int
		quarantined []string
	}{
		{"in order", func(f *subHourFeed) { f.quarters("a", h, 1, 2, 3, 4) }, "10", Counts{In: 4, Stored: 1}, 0, nil},
		{"three of four", func(f *subHourFeed) { f.quarters("a", h, 1, 2, 3) }, "", Counts{In: 3}, 0, nil},
		{"halves", func(f *subHourFeed) {
			f.subHour("a", h, 30, 30, 1)
			f.subHour("a", h, 0, 30, 2)
		}, "3", Counts{In: 2, Stored: 1}, 0, nil},
		{"a half and quarters", func(f *subHourFeed) {
			f.subHour("a", h, 45, 15, 1)
			f.subHour("a", h, 0, 30, 2)
			f.subHour("a", h, 30, 15, 4)
		}, "7", Counts{In: 3, Stored: 1}, 0, nil},
		{"a sub-hour reading again", func(f *subHourFeed) {
			f.quarters("a", h, 1)
			f.quarters("a", h, 1, 2, 3, 4)
		}, "10", Counts{In: 5, Stored: 1, Duplicates: 1}, 0, nil},
		{"a sub-hour reading again, after the hour", func(f *subHourFeed) {
			f.quarters("a", h, 1, 2, 3, 4)
			f.quarters("a", h, 1, 2)
		}, "10", Counts{In: 6, Stored: 1, Duplicates: 2}, 0, nil},
		{"a sub-hour reading corrected", func(f *subHourFeed) {
			f.quarters("a", h, 9)
			f.quarters("a", h, 1, 2, 3, 4)
		}, "10", Counts{In: 5, Stored: 1, Corrections: 1}, 0, nil},
		{"a sub-hour reading corrected, after the hour", func(f *subHourFeed) {
			f.quarters("a", h, 1, 2, 3, 4)
			f.subHour("a", h, 30, 15, 5)
			f.subHour("a", h, 30, 15, 5)
		}, "12", Counts{In: 6, Stored: 1, Corrections: 1, Duplicates: 1}, 1, nil},
		{"a quarter of a known half", func(f *subHourFeed) {
			f.subHour("a", h, 0, 30, 1)
			f.subHour("a", h, 15, 15, 1)
			f.subHour("a", h, 0, 15, 1)
			f.subHour("a", h, 30, 30, 1)
		}, "2", Counts{In: 4, Stored: 1, Quarantined: 2}, 0, []string{ReasonSubHourOverlaps, ReasonSubHourOverlaps}},
		{"a half of known quarters", func(f *subHourFeed) {
			f.subHour("a", h, 45, 15, 1)
			f.subHour("a", h, 30, 30, 1)
		}, "", Counts{In: 2, Quarantined: 1}, 0, []string{ReasonSubHourOverlaps}},
		{"a half of an hour of quarters", func(f *subHourFeed) {
			f.quarters("a", h, 1, 2, 3, 4)
			f.subHour("a", h, 30, 30, 7)
		}, "10", Counts{In: 5, Stored: 1, Quarantined: 1}, 0, []string{ReasonSubHourOverlaps}},
		{"the whole hour first", func(f *subHourFeed) {
			f.hour("a", h, 10)
			f.quarters("a", h, 1, 2, 3, 4)
		}, "10", Counts{In: 5, Stored: 1, Duplicates: 1}, 0, nil},
		{"the whole hour first, another sum", func(f *subHourFeed) {
			f.hour("a", h, 9)
			f.quarters("a", h, 1, 2, 3, 4)
		}, "10", Counts{In: 5, Stored: 1, Corrections: 1}, 1, nil},
		{"the whole hour last", func(f *subHourFeed) {
			f.quarters("a", h, 1, 2, 3, 4)
			f.hour("a", h, 9)
			f.subHour("a", h, 45, 15, 4)
		}, "9", Counts{In: 6, Stored: 1, Corrections: 1, Duplicates: 1}, 1, nil},
		{"the whole hour among its sub-hour readings", func(f *subHourFeed) {
			f.quarters("a", h, 1, 2)
			f.hour("a", h, 9)
		}, "9", Counts{In: 3, Stored: 1}, 0, nil},
		{"late", func(f *subHourFeed) {
			f.hour("other", 15, 1)
			f.quarters("a", h, 1, 2, 3, 4)
		}, "10", Counts{In: 5, Stored: 2, Late: 1}, 0, nil},
		{"before the window", func(f *subHourFeed) {
			for i := range meter.Hour(100) {
				f.hour("a", 20*(i+1), 8)
			}
			f.quarters("a", h, 1, 2, 3, 4)
		}, "10", Counts{In: 104, Stored: 100, Late: 1}, 0, nil},
		{"outside the dataset", func(f *subHourFeed) { f.quarters("a", -1, 1, 1) }, "",
			Counts{In: 2, Quarantined: 2}, 0, []string{ReasonOutsideWindow, ReasonOutsideWindow}},
		{"not aligned", func(f *subHourFeed) { f.subHour("a", h, 15, 30, 1) }, "",
			Counts{In: 1, Quarantined: 1}, 0, []string{"not_aligned"}},
		{"too long to keep", func(f *subHourFeed) {
			text := subHourMessageOf(meter.Reading{Meter: "a", Hour: f.start + h, KWh: 1}, 0, 15)
			f.send(append(text[:len(text)-1], []byte(`,"more":"`+strings.Repeat("x", maxKeptBytes)+`"}`)...))
		}, "", Counts{In: 1, Quarantined: 1}, 0, []string{ReasonSubHourTooLong}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newSubHourFeed(t)
			tt.send(f)
			require.Equal(t, tt.reading, f.reading("a", h))
			counts := f.rows.Counts
			counts.Forecasts, counts.Decisions = 0, 0
			require.Equal(t, tt.counts, counts)
			require.Len(t, f.rows.Revisions, tt.revisions)
			require.Equal(t, append([]string{}, tt.quarantined...), f.reasons())
		})
	}
}

func TestSumIsTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kwh := rapid.SliceOfN(rapid.Float32Range(-250_000, 250_000), 4, 4).Draw(t, "kwh")
		var want hourQuarters
		for q, v := range kwh {
			require.Equal(t, putStored, want.put(uint8(q*15), 15, v))
		}
		var got hourQuarters
		for _, q := range rapid.Permutation([]int{0, 1, 2, 3}).Draw(t, "order") {
			require.False(t, got.isWhole())
			got.put(uint8(q*15), 15, kwh[q])
		}
		require.True(t, got.isWhole())
		require.Equal(t, math.Float32bits(want.sum()), math.Float32bits(got.sum()))
		require.LessOrEqual(t, math.Abs(float64(got.sum())), float64(meter.MaxAbsKWh))
	})
}

func TestIncompleteHourIsHandedBack(t *testing.T) {
	f := newSubHourFeed(t)
	f.quarters("a", 5, 1, 2, 3)
	first := f.p.next - 3
	f.hour("other", 5+openWait, 1)
	require.Empty(t, f.reasons(), "it still waits")
	f.hour("other", 5+openWait+1, 1)

	require.Equal(t, []string{ReasonIncompleteHour, ReasonIncompleteHour, ReasonIncompleteHour}, f.reasons())
	require.Equal(t, int64(3), f.rows.Counts.Quarantined)
	for i, q := range f.fx.Rejected {
		want := subHourMessageOf(meter.Reading{Meter: "a", Hour: f.start + 5, KWh: float32(i + 1)}, i*15, 15)
		require.Equal(t, first+int64(i), q.Offset)
		require.Equal(t, "k", string(q.Key))
		require.Equal(t, string(want), string(q.Value), "the original bytes")
		require.Contains(t, q.Detail, "only 45 of the 60 minutes")
	}
	require.True(t, math.IsNaN(float64(f.p.meters["a"].window.At(f.start+5))), "a gap stays a gap")
	require.Empty(t, f.reading("a", 5))

	f.quarters("a", 5, 1, 2, 3, 4)
	require.Equal(t, "10", f.reading("a", 5), "sent again, all of it, it is a late reading")
	require.Equal(t, int64(1), f.rows.Counts.Late)
}

func TestOpenHoursAreBounded(t *testing.T) {
	f := newSubHourFeed(t)
	f.hour("other", 24, 1)
	f.hour("other", 40, 1)
	f.hour("other", 60, 1)
	for h := range meter.Hour(maxOpenHours + 1) {
		require.Empty(t, f.reasons())
		f.subHour("a", h, 30, 15, 1)
	}
	require.Equal(t, []string{ReasonIncompleteHour}, f.reasons())
	require.Equal(t, f.start, hourOf(t, f.fx.Rejected[0].Value), "the one that waited longest")
	require.Len(t, f.p.meters["a"].subHours.open, maxOpenHours)
}

func TestWholeHoursAreKeptForAWhile(t *testing.T) {
	f := newSubHourFeed(t)
	for h := range meter.Hour(keptWhole + 1) {
		f.quarters("a", 2+h, 1, 1, 1, 1)
	}
	f.quarters("a", 3, 2)
	require.Equal(t, "5", f.reading("a", 3), "the oldest that is kept")
	f.quarters("a", 2, 2)
	require.Equal(t, "4", f.reading("a", 2), "not kept: the rest of the hour is needed")
	f.subHour("a", 2, 15, 15, 1)
	f.subHour("a", 2, 30, 30, 2)
	require.Equal(t, "5", f.reading("a", 2))
	require.Len(t, f.rows.Revisions, 2)
}

func hourOf(t *testing.T, value []byte) meter.Hour {
	t.Helper()
	var m meter.Message
	require.NoError(t, meter.DecodeMessage(value, &m))
	return m.Hour
}

func TestSubHourReadingMovesEventTimeLikeItsHour(t *testing.T) {
	f := newSubHourFeed(t)
	f.subHour("a", 9, 15, 15, 1)
	require.Equal(t, f.start+9, f.p.watermark)
	require.Equal(t, meter.NoHour, f.p.meters["a"].window.Newest(), "it is no reading")

	f.subHour("a", 4000, 0, 15, 1)
	f.subHour("a", 4000, 15, 15, 1)
	require.Equal(t, f.start+9, f.p.watermark, "one far hour alone, complete or not")
	f.subHour("a", 4000, 30, 30, 1)
	require.Equal(t, "3", f.reading("a", 4000), "its row is written")
	require.Equal(t, f.start+9, f.p.watermark)
	f.subHour("a", 4000, 0, 15, 2)
	require.Equal(t, "4", f.reading("a", 4000), "and corrected")
	require.Equal(t, meter.NoHour, f.p.meters["a"].window.Newest(), "but held back")
	f.subHour("b", 4001, 0, 30, 1)
	require.Equal(t, f.start+4001, f.p.watermark, "a second one agrees")
	require.Equal(t, float32(4), f.p.meters["a"].window.At(f.start+4000))
	require.Empty(t, f.p.pending)
	f.subHour("b", 4001, 30, 30, 1)
	require.Equal(t, "2", f.reading("b", 4001))
}

func TestSubHourReadingFromTheFutureIsJudgedByItsOwnStart(t *testing.T) {
	f := newFeed(testRules(t, followingTheClock()))
	now := time.Date(2024, 3, 4, 12, 20, 0, 0, time.UTC)
	r := meter.Reading{Meter: "a", Hour: meter.HourOf(now) + 1}
	for i, value := range inParts(r, 15) {
		f.batch([]Record{{Offset: int64(i), Millis: now.UnixMilli(), Value: value}})
	}
	require.Len(t, f.rows.Quarantine, 2, "13:30 and 13:45")
	require.Contains(t, f.rows.Quarantine[2], ReasonFuture)
	require.Contains(t, f.rows.Quarantine[3], ReasonFuture)
}

// A stream of quarters in order of time is the stream of their hours: the same
// readings, forecasts and decisions.
func TestQuartersGiveTheRowsOfTheirHours(t *testing.T) {
	const hours = 24 * 15
	meters := []meter.Reading{{Meter: "a"}, {Meter: "b"}, {Meter: "c", Group: "feeder"}, {Meter: "d", Group: "feeder"}}
	stream := func(minutes int) *feed {
		f := newFeed(testRules(t, testSettings()))
		var records []Record
		for h := f.p.rules.From; h < f.p.rules.From+hours; h++ {
			var values [4][][]byte
			for k, r := range meters {
				r.Hour, r.KWh = h, .1+float32((int(h)*(k+3))%24)/10
				values[k] = inParts(r, minutes)
			}
			for i := range values[0] {
				for k := range meters {
					records = append(records, streamRecord(len(records), values[k][i]))
				}
			}
		}
		for chunk := range slices.Chunk(records, 1013) {
			f.batch(chunk)
		}
		return f
	}
	want := stream(60)
	require.Len(t, want.rows.Readings, hours*len(meters))
	require.NotEmpty(t, want.rows.Decisions)
	for _, minutes := range []int{30, 15} {
		got := stream(minutes)
		require.Equal(t, int64(hours*len(meters)*60/minutes), got.rows.Counts.In)
		require.Empty(t, got.rows.SubHours, "all hours are whole")
		got.rows.Counts.In = want.rows.Counts.In
		requireSameRows(t, want.rows, got.rows)
	}
}

func streamRecord(offset int, value []byte) Record {
	return Record{Offset: int64(offset), Value: value}
}
