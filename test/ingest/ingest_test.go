package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if serving, err := serveReplica(); serving {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// Servers are killed while clients send, and each reading is in the stream once.
func TestEachReadingIsThereOnce(t *testing.T) {
	r, err := run(t.Context(), options{readings: 100_000, batch: 1_000, clients: 8, killEvery: 200 * time.Millisecond, mostKills: 8})
	require.NoError(t, err)
	t.Log(r)
	require.Zero(t, r.missing)
	require.Zero(t, r.twice)
	require.Positive(t, r.kills)
	require.Positive(t, r.retries)
	require.Positive(t, r.repeats)
}
