package twin

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// The groups of treeSettings, and the numbers of those that hold others.
var treeNumbers = map[string]int32{"feeder": 1, "feeder-2": 2, "transformer": 3, "substation": 4}

// treeSettings are testSettings with two feeders below a transformer below a substation.
func treeSettings() Settings {
	s := testSettings()
	s.GroupReissue = 6
	s.Policy.Groups = []dsm.Group{
		{Name: "feeder", Parent: "transformer", CapacityKW: 3}, {Name: "feeder-2", Parent: "transformer"},
		{Name: "transformer", Parent: "substation", CapacityKW: 4, Exceedance: .1}, {Name: "substation", CapacityKW: 50},
	}
	return s
}

// newTreeFeed is a feed of the tree.
func newTreeFeed(r *Rules) *feed {
	f := newFeed(r)
	f.p.NumberGroups(treeNumbers)
	return f
}

// batchOfTree applies messages of meters, which are registered by their groups.
func (f *feed) batchOfTree(records []Record) {
	f.p.Begin(&f.fx)
	for _, rec := range records {
		f.p.Read(rec)
	}
	for _, key := range f.p.Unknown() {
		f.no[key.Name] = int32(len(f.no) + 1)
		f.p.Register(MeterRef{MeterKey: key, MeterNo: f.no[key.Name], GroupNo: treeNumbers[key.Group]})
	}
	f.p.Apply(nil, &f.fx)
	f.p.Finish(&f.fx)
	f.keep()
}

// The rows of a tree of groups do not depend on how messages fall into batches, nor on when
// its state is saved and restored.
func TestTreesDoNotDependOnBatches(t *testing.T) {
	r := testRules(t, treeSettings())
	rapid.Check(t, func(t *rapid.T) {
		records := randomStream(t)
		for i := range records {
			if bytes.Contains(records[i].Value, []byte(`"meter":"m2"`)) {
				records[i].Value = bytes.Replace(records[i].Value, []byte(`"group":"feeder"`), []byte(`"group":"feeder-2"`), 1)
			}
		}
		whole, pieces := newTreeFeed(r), newTreeFeed(r)
		whole.batchOfTree(records)
		for len(records) > 0 {
			n := min(rapid.IntRange(1, 200).Draw(t, "batch"), len(records))
			pieces.batchOfTree(records[:n])
			records = records[n:]
			if rapid.IntRange(0, 3).Draw(t, "restart") == 0 {
				pieces.restart(t)
				pieces.p.NumberGroups(treeNumbers)
			}
		}
		requireGroupLoads(t, pieces.p)
		requireSameRows(t, whole.rows, pieces.rows)
		require.Equal(t, whole.p.AppendHeader(nil), pieces.p.AppendHeader(nil))
	})
}

// treeHour sends the readings of four meters for one hour: two of a feeder, one of another,
// and one right below the transformer.
func (f *feed) treeHour(h meter.Hour, i int) {
	var records []Record
	for k, group := range []string{"feeder", "feeder", "feeder-2", "transformer"} {
		value := meter.AppendMessage(nil, meter.Reading{Meter: fmt.Sprint("m", k), Group: group, Hour: h, KWh: evening(i+k) / float32(k+1)})
		records = append(records, Record{Offset: f.p.next + int64(k), Value: value})
	}
	f.batchOfTree(records)
}

// Each level has forecasts of its own from the sum of all meters below it, totals of its own
// meters alone, and decisions on its limit.
func TestEachLevelOfATree(t *testing.T) {
	r := testRules(t, treeSettings())
	f := newTreeFeed(r)
	decided, held := map[string]int{}, map[string]int{}
	forecasts := map[int32]int{}
	for i := range 24 * 40 {
		f.treeHour(r.From+meter.Hour(i), i)
		for _, g := range f.fx.GroupForecasts {
			forecasts[g.GroupNo]++
			require.Equal(t, g.GroupNo != treeNumbers["feeder-2"], g.Limit != nil)
		}
		for _, d := range f.fx.Decisions {
			require.Equal(t, treeNumbers[d.Group], d.GroupNo)
			if d.Meter == "" {
				decided[d.Group]++
			} else if d.LimitGroup != "" {
				held[d.LimitGroup]++
			}
		}
		for _, total := range f.fx.GroupTotals {
			require.LessOrEqual(t, total.Meters, int32(2), "of the group's own meters")
			require.NotEqual(t, treeNumbers["substation"], total.GroupNo)
		}
	}
	require.Len(t, forecasts, 4)
	require.Len(t, slices.Compact([]int{forecasts[1], forecasts[2], forecasts[3], forecasts[4]}), 1, "at the same times")
	require.Len(t, decided, 3)
	require.Positive(t, held["transformer"])
	at := func(name string, i meter.Hour) float32 {
		place, found := f.p.groupAt(name)
		require.True(t, found)
		return f.p.groups[place].load.window.At(r.From + i)
	}
	for i := range meter.Hour(24 * 39) {
		own := evening(int(i)+3) / 4
		require.InDelta(t, at("feeder", i)+at("feeder-2", i)+own, at("transformer", i), 1e-4)
		require.Equal(t, at("transformer", i), at("substation", i))
	}
	requireGroupLoads(t, f.p)
}

// Groups that are nested in another way are added up again from what the windows hold.
func TestGroupsAreNestedAgain(t *testing.T) {
	s := treeSettings()
	r := testRules(t, s)
	f := newTreeFeed(r)
	for i := range 24 * 10 {
		f.treeHour(r.From+meter.Hour(i), i)
	}
	moved := treeSettings()
	moved.SpecHash = "two"
	moved.Policy.Groups[1].Parent = "substation"
	f.p.SwitchTo(testRules(t, moved))
	f.restart(t)
	f.p.NumberGroups(treeNumbers)
	for i := 24 * 10; i < 24*12; i++ {
		f.treeHour(r.From+meter.Hour(i), i)
	}
	requireGroupLoads(t, f.p)
	always := newTreeFeed(testRules(t, moved))
	for i := range 24 * 12 {
		always.treeHour(r.From+meter.Hour(i), i)
	}
	for i, g := range always.p.groups {
		require.Equal(t, g.load.window.AppendBinary(nil), f.p.groups[i].load.window.AppendBinary(nil), g.name)
	}
}
