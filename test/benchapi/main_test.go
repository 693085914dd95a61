package main

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/embedded"
)

// Every question is answered, and its statements are those of its answer.
func TestQuestionsAreMeasured(t *testing.T) {
	if _, err := exec.LookPath("initdb"); err != nil {
		t.Skip("no PostgreSQL here: install it")
	}
	o := options{meters: 40, days: 40, clients: 2, least: 10 * time.Millisecond}
	postgres, err := embedded.Postgres(t.Context(), embedded.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, postgres.Stop(context.WithoutCancel(t.Context()))) })
	require.NoError(t, fill(t.Context(), postgres.URL, o))
	b, err := newBench(t.Context(), postgres.URL)
	require.NoError(t, err)
	t.Cleanup(b.close)
	for _, q := range questions(o) {
		statements, err := b.statementsOf(q)
		require.NoError(t, err)
		require.NotEmpty(t, statements, q.name)
		l, err := b.measure(t.Context(), q, o)
		require.NoError(t, err)
		require.Positive(t, l.Median)
		require.Positive(t, l.SQLP99)
	}
}

func TestQuantile(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	require.InDelta(t, 3, quantile(values, 0.5), 0)
	require.InDelta(t, 5, quantile(values, 0.99), 0)
}

func TestTargets(t *testing.T) {
	good := line{Target: 0.01, Median: 0.009, SQLMedian: 0.007, P99: 0.05, SQLP99: 0.03}
	require.True(t, metAll([]line{good}))
	for _, change := range []func(*line){
		func(l *line) { l.Target = 0.008 }, func(l *line) { l.SQLMedian = 0.005 }, func(l *line) { l.SQLP99 = 0.02 },
		func(l *line) { l.Rejected = 1 },
	} {
		bad := good
		change(&bad)
		require.False(t, metAll([]line{good, bad}))
	}
}
