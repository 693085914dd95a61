package v1

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDuration(t *testing.T) {
	require.Equal(t, 672*time.Hour, Duration("672h").Std())
	require.Equal(t, 90*time.Minute, Duration("1h30m").Std())
	require.Zero(t, Duration("").Std())
	require.Zero(t, Duration("28d").Std())
}

func TestDecimalTakesNumbersAndTexts(t *testing.T) {
	for in, want := range map[string]float64{`3`: 3, `-3`: -3, `"0.15"`: 0.15, `"-0.05"`: -0.05, `0.25`: 0.25} {
		var d Decimal
		require.NoError(t, json.Unmarshal([]byte(in), &d), in)
		require.InDelta(t, want, d.Float(), 0, in)
		out, err := json.Marshal(d)
		require.NoError(t, err)
		var again Decimal
		require.NoError(t, json.Unmarshal(out, &again))
		require.Equal(t, d, again)
	}
	var d Decimal
	require.Error(t, json.Unmarshal([]byte(`true`), &d))
	require.Error(t, json.Unmarshal([]byte(`{}`), &d))
	require.Zero(t, Decimal("").Float())
}

func TestSpeed(t *testing.T) {
	for in, want := range map[string]float64{`3600`: 3600, `"0.5"`: 0.5, `"max"`: 0} {
		var s Speed
		require.NoError(t, json.Unmarshal([]byte(in), &s), in)
		require.InDelta(t, want, s.Factor(), 0, in)
	}
	var s Speed
	require.Error(t, json.Unmarshal([]byte(`[]`), &s))
}

func TestSize(t *testing.T) {
	q := Size("10Gi").Quantity()
	require.Equal(t, int64(10<<30), q.Value())
	q = Size("big").Quantity()
	require.True(t, q.IsZero())
}
