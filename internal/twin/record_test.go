package twin

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// A caller asks its stores once about the new meters of a batch: those of messages
// that are rejected for themselves are none.
func TestUnknownMetersAreNamedOnce(t *testing.T) {
	r := testRules(t, testSettings())
	p, fx := New(3, r), &Effects{}
	var offset int64
	read := func(name, group string, h meter.Hour) {
		p.Read(Record{Offset: offset, Value: meter.AppendMessage(nil, meter.Reading{Meter: name, Group: group, Hour: h, KWh: 1})})
		offset++
	}
	p.Begin(fx)
	read("b", "north", r.From)
	read("outside", "", r.From-1)
	read("a", "", r.From)
	p.Read(Record{Offset: offset, Value: []byte(`{"meter":"broken"`)})
	offset++
	read("b", "south", r.From+1)
	require.Equal(t, []MeterKey{{Name: "b", Group: "north"}, {Name: "a"}}, p.Unknown())
	require.Zero(t, p.Next(), "nothing is applied yet")
	for _, key := range p.Unknown() {
		p.Register(MeterRef{MeterKey: key, MeterNo: 7, Partition: 3})
	}
	p.Apply(nil, fx)
	p.Finish(fx)

	require.Empty(t, p.Unknown())
	require.Equal(t, Counts{In: 5, Stored: 2, Quarantined: 3}, fx.Counts)
	require.Equal(t, []string{ReasonOutsideWindow, "malformed", ReasonGroupChanged},
		[]string{fx.Rejected[0].Reason, fx.Rejected[1].Reason, fx.Rejected[2].Reason})
	require.Equal(t, int64(0), fx.PrevOffset)
	require.Equal(t, int64(5), fx.NextOffset)

	p.Begin(fx)
	read("a", "", r.From+1)
	require.Empty(t, p.Unknown(), "it is known by now")
}

// A state that is cut short anywhere is rejected, never half restored.
func TestDamagedStatesAreRejected(t *testing.T) {
	r := testRules(t, testSettings())
	f := newFeed(r)
	for i := range meter.Hour(30) {
		f.batch(oneRecord(f.p.next, "a", r.From+i, 1))
	}
	f.batch(oneRecord(f.p.next, "a", r.From+4000, 1)) // pending
	header, state := f.p.AppendHeader(nil), f.p.meters["a"].AppendBinary(nil)
	restore := func(header, state []byte) error {
		_, err := Restore(0, r, f.p.next, header, maps.All(map[string][]byte{"a": state}))
		return err
	}
	require.NoError(t, restore(header, state))
	for n := range header {
		require.ErrorIs(t, restore(header[:n], state), ErrState, "header of %d bytes", n)
	}
	for n := 0; n < len(state); n += 7 {
		require.ErrorIs(t, restore(header, state[:n]), ErrState, "meter of %d bytes", n)
	}
	require.ErrorIs(t, restore(append(header, 0), state), ErrState)
	require.ErrorIs(t, restore(header, append(state, 0)), ErrState)

	s := testSettings()
	s.History++
	other := testRules(t, s)
	_, err := Restore(0, other, f.p.next, header, maps.All(map[string][]byte{"a": state}))
	require.ErrorIs(t, err, ErrState, "of other rules")
}
