package processor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/test/twinrows"
)

// substation is a tree of groups: a substation without a limit, a transformer with a meter of
// its own and two feeders.
func substation() []dsm.Group {
	return []dsm.Group{
		{Name: "feeder-1", Parent: "transformer", CapacityKW: 3.5}, {Name: "feeder-2", Parent: "transformer", CapacityKW: 20},
		{Name: "transformer", Parent: "substation", CapacityKW: 6, Exceedance: .1}, {Name: "substation"},
	}
}

// startSubstation starts the stores of a twin with that tree.
func startSubstation(t *testing.T) *services {
	s := startServices(t)
	s.twin.Processor.Policy.Groups = substation()
	return s
}

// produceTree appends some days of readings of a meter outside the tree, in the other
// partition, and of four in it.
func (s *services) produceTree(from, days int) {
	s.t.Helper()
	s.produceTreeTo(from, days, func(int) bool { return true })
}

// produceTreeTo appends those of them that go to some partitions.
func (s *services) produceTreeTo(from, days int, partition func(int) bool) {
	s.t.Helper()
	producer, err := s.stores.Stream.Producer(s.t.Context(), s.twin.Topic("readings"))
	require.NoError(s.t, err)
	start, tree := meter.HourOf(s.twin.Dataset.Start), s.twin.Processor.Policy.Tree()
	for i := range days * meter.HoursPerDay {
		h := start + meter.Hour(from*meter.HoursPerDay+i)
		for k, r := range []meter.Reading{
			{Meter: "q"}, {Meter: "b", Group: "feeder-1"}, {Meter: "c", Group: "feeder-1"}, {Meter: "d", Group: "feeder-2"}, {Meter: "e", Group: "transformer"},
		} {
			r.Hour, r.KWh = h, testLoad(int(h-start), k)
			if key := []byte(meter.KeyOf(r.Meter, tree.Root(r.Group))); partition(stream.Partition(key, testPartitions)) {
				producer.Append(key, meter.AppendMessage(nil, r))
			}
		}
	}
	require.NoError(s.t, producer.Flush(s.t.Context()))
}

// count is the number that a query returns.
func (s *services) count(sql string) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.stores.DB.Pool.QueryRow(s.t.Context(), sql).Scan(&n))
	return n
}

// A tree of groups has the same rows whatever is restarted, and whichever process runs it.
func TestNestedGroupsGiveTheSameRows(t *testing.T) {
	const days = 24
	var want []twinrows.Table
	t.Run("undisturbed", func(t *testing.T) {
		s := startSubstation(t)
		s.produceTree(0, days)
		s.process()
		want = s.rows()
		require.EqualValues(t, 5*days*meter.HoursPerDay, want[0].Rows)
		require.Equal(t, 4, s.count(`SELECT count(DISTINCT group_no) FROM group_forecasts`), "each level has forecasts of its own")
		require.Equal(t, 1, s.count(`SELECT count(DISTINCT partition) FROM meters WHERE group_no <> 0`))
		require.Equal(t, 2, s.count(`SELECT count(DISTINCT partition) FROM meters`))
		require.Positive(t, s.count(`SELECT count(*) FROM twin_forecasts WHERE partitions = 2`))
		require.Equal(t, 3, s.count(`SELECT count(DISTINCT group_no) FROM decisions WHERE meter_no = 0`), "each limit is decided on")
		require.Positive(t, s.count(`SELECT count(*) FROM decisions WHERE limit_group = 'transformer'`))
		requireEachMeterOnce(t, s)
	})
	t.Run("from a checkpoint", func(t *testing.T) {
		s := startSubstation(t)
		s.produceTree(0, 10)
		s.process()
		s.checkpoints()
		s.produceTree(10, days-10)
		s.process()
		require.Equal(t, want, s.rows())
	})
	t.Run("from the start of the stream", func(t *testing.T) {
		s := startSubstation(t)
		s.produceTree(0, 10)
		s.process()
		s.forgetRedis()
		s.produceTree(10, days-10)
		s.process()
		require.Equal(t, want, s.rows())
	})
	t.Run("with two processors, of which one ends", func(t *testing.T) {
		s := startSubstation(t)
		s.produceTree(0, 10)
		s.processByTwo(func() { s.produceTree(10, days-10) })
		require.Equal(t, want, s.rows())
	})
}

// requireEachMeterOnce requires that a group answers for all that is below it, and the twin for
// each meter once.
func requireEachMeterOnce(t *testing.T, s *services) {
	ctx, tree := t.Context(), s.twin.Processor.Policy.Tree()
	var nesting reader.Nesting
	for _, g := range substation() {
		nesting.Add(g.Name, tree.Above(g.Name))
	}
	db := s.reader.Nested(nesting)
	groups, err := db.Groups(ctx)
	require.NoError(t, err)
	meters, numbers := map[string]int{}, map[string]int32{}
	for _, g := range groups {
		meters[g.Name], numbers[g.Name] = g.Meters, g.GroupNo
	}
	require.Equal(t, map[string]int{"": 1, "feeder-1": 2, "feeder-2": 1, "transformer": 4, "substation": 4}, meters)

	from := meter.HourOf(s.twin.Dataset.Start)
	load := func(name string) reader.HourLoad {
		no := numbers[name]
		hours, err := db.LoadByHour(ctx, &no, from+18, from+19)
		require.NoError(t, err)
		require.Len(t, hours, 1)
		return hours[0]
	}
	whole := load("substation")
	require.EqualValues(t, 4, whole.Meters)
	require.InDelta(t, load("feeder-1").KWh+load("feeder-2").KWh+float64(testLoad(18, 4)), whole.KWh, 1e-5)
	all, err := db.LoadByHour(ctx, nil, from+18, from+19)
	require.NoError(t, err)
	require.EqualValues(t, 5, all[0].Meters)
	require.InDelta(t, whole.KWh+float64(testLoad(18, 0)), all[0].KWh, 1e-5)

	no := numbers["substation"]
	all24, err := db.LoadByHour(ctx, &no, from, from+48)
	require.NoError(t, err)
	peaks, err := db.GroupPeaks(ctx, from, from+48)
	require.NoError(t, err)
	for _, p := range peaks {
		if p.GroupNo == no {
			highest := 0.0
			for _, h := range all24 {
				highest = max(highest, h.KWh)
			}
			require.InDelta(t, highest, p.KWh, 1e-9)
		}
	}
	listed, err := db.Meters(ctx, reader.MeterFilter{Group: new("substation"), Limit: 10})
	require.NoError(t, err)
	require.Len(t, listed, 4)
}

// A group that changes its parent within the tree does so from the offset on at which the
// spec was read, also in a replay.
func TestGroupsMoveWithinTheirTree(t *testing.T) {
	run := func(t *testing.T, forget bool) []twinrows.Table {
		s := startSubstation(t)
		s.produceTree(0, 10)
		s.process()
		s.twin.SpecHash = "two"
		s.twin.Processor.Policy.Groups[1].Parent = "substation"
		if forget {
			s.forgetRedis()
		}
		s.produceTree(10, 10)
		s.process()
		return s.rows()
	}
	require.Equal(t, run(t, false), run(t, true))
}

// Readings of a meter in a tree that came under another key are rejected: its limits would
// be held in two places.
func TestMetersOfATreeUnderAnotherKeyAreRejected(t *testing.T) {
	s := startSubstation(t)
	key := ""
	for _, k := range []string{"feeder-1", "b", "c", "d", "e", "f", "g"} {
		if stream.Partition([]byte(k), testPartitions) != stream.Partition([]byte("substation"), testPartitions) {
			key = k
		}
	}
	require.NotEmpty(t, key)
	s.produceTree(0, 1)
	producer, err := s.stores.Stream.Producer(t.Context(), s.twin.Topic("readings"))
	require.NoError(t, err)
	producer.Append([]byte(key), meter.AppendMessage(nil, meter.Reading{Meter: "stray", Group: "feeder-1", Hour: meter.HourOf(s.twin.Dataset.Start), KWh: 1}))
	require.NoError(t, producer.Flush(t.Context()))
	s.process()
	require.Equal(t, 1, s.count(`SELECT count(*) FROM quarantine WHERE reason = 'wrong_partition'`))
	require.Zero(t, s.count(`SELECT count(*) FROM meters WHERE name = 'stray'`))
}
