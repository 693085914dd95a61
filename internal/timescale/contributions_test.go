package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/twin"
)

// Who contributes to a decision about a group follows from the decisions about its meters that were made
// with it, and no others.
func TestContributionsToALimit(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		issued := day + 96
		held := func(m twin.MeterRef, kwh float32) decisions.Row {
			d := shiftDecision(m, issued, tw.prov)
			d.Factors = append([]dsm.WeightedFactor{{Factor: dsm.FactorShiftable, Weight: 9}, {Factor: dsm.FactorHeld, Weight: kwh}}, d.Factors[0])
			return d
		}
		north, south := tw.meters[0], tw.meters[2]
		require.NotEqual(t, north.GroupNo, south.GroupNo)
		about := shiftDecision(twin.MeterRef{MeterKey: twin.MeterKey{Group: north.Group}, GroupNo: north.GroupNo}, issued, tw.prov)
		b := tw.batch(1)
		decided(b, held(north, 0.5), held(tw.meters[1], 2), held(south, 7), about)
		before := shiftDecision(north, issued-24, tw.prov)
		before.ID[0]++
		before.Factors = []dsm.WeightedFactor{{Factor: dsm.FactorHeld, Weight: 5}}
		decided(b, before)
		tw.commit(t, s, b)

		a, z := dsm.Contribution{Meter: tw.meters[1].Name, KWh: 2}, dsm.Contribution{Meter: north.Name, KWh: 0.5}
		got, err := s.Contributions(t.Context(), &about, 10)
		require.NoError(t, err)
		require.Equal(t, dsm.Contributions{Meters: 2, KWh: 2.5, Top: []dsm.Contribution{a, z}}, got)
		got, err = s.Contributions(t.Context(), &about, 1)
		require.NoError(t, err)
		require.Equal(t, dsm.Contributions{Meters: 2, KWh: 2.5, Top: []dsm.Contribution{a}}, got)
		about.IssuedAt += 24
		got, err = s.Contributions(t.Context(), &about, 10)
		require.NoError(t, err)
		require.Zero(t, got)
	})
}
