package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuantile(t *testing.T) {
	b := buckets{bounds: []float64{0.1, 0.2, 0.4, math.Inf(1)}, counts: []float64{10, 30, 39, 40}}
	require.InDelta(t, 0.05, b.quantile(0.125), 1e-9)
	require.InDelta(t, 0.15, b.quantile(0.5), 1e-9)
	require.InDelta(t, 0.4, b.quantile(0.975), 1e-9)
	require.InDelta(t, 0.4, b.quantile(1), 1e-9, "beyond the last bound nothing is known")
	require.Zero(t, buckets{}.quantile(0.5))
	later := buckets{bounds: b.bounds, counts: []float64{10, 40, 59, 60}}
	require.Equal(t, buckets{bounds: b.bounds, counts: []float64{0, 10, 20, 20}}, later.since(b))
	require.Equal(t, later, later.since(buckets{}))
}
