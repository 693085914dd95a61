package processor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// A twin goes from no decisions over shadow decisions to advice. Each decision keeps
// the mode that it was made under; the topic and the live stream have the advice
// alone.
func TestModesInMidStream(t *testing.T) {
	s := startServices(t)
	const days = 10
	all := reader.DecisionList{From: 0, To: 1 << 30, Limit: 10_000}
	listed := func(shadow bool) int {
		list := all
		list.Shadow = shadow
		found, err := s.reader.ListDecisions(t.Context(), list)
		require.NoError(t, err)
		for _, d := range found {
			_, made, err := s.reader.DecisionByID(t.Context(), d.ID)
			require.NoError(t, err)
			require.Equal(t, shadow, made.Mode == string(dsm.ModeShadow))
		}
		return len(found)
	}
	announced := func() (topic, live int) {
		logs, err := s.stores.Stream.Offsets(t.Context(), s.twin.Topic("decisions"))
		require.NoError(t, err)
		for _, log := range logs {
			topic += int(log.End)
		}
		for _, e := range s.liveEvents() {
			if e.Field(history.FieldType) == history.LiveDecisions {
				live++
			}
		}
		return topic, live
	}
	under := func(mode dsm.Mode, from int) {
		s.twin.Processor.Policy.Mode, s.twin.SpecHash = mode, string(mode)
		s.produce(from, days)
		s.processUntil(s.allAnnounced)
	}

	under(dsm.ModeOff, 0)
	require.Zero(t, listed(false)+listed(true))

	under(dsm.ModeShadow, days)
	shadows := listed(true)
	require.Greater(t, shadows, 4*(days-1))
	require.Zero(t, listed(false))
	topic, live := announced()
	require.Zero(t, topic+live)

	under(dsm.ModeAdvisory, 2*days)
	require.Equal(t, shadows, listed(true))
	advice := listed(false)
	require.Greater(t, advice, 4*(days-1))
	topic, live = announced()
	require.Equal(t, advice, topic)
	require.Positive(t, live)

	under(dsm.ModeShadow, 3*days)
	require.Equal(t, advice, listed(false))
	require.Greater(t, listed(true), shadows)
	topic, _ = announced()
	require.Equal(t, advice, topic)
}
