package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestVersionsBeforeTheNewestWriteAreStale(t *testing.T) {
	var w written
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a, b := client.ObjectKey{Namespace: "n", Name: "a"}, client.ObjectKey{Namespace: "n", Name: "b"}
	require.False(t, w.stale(a, "9", now))
	w.note(a, "12", now)
	require.True(t, w.stale(a, "9", now))
	require.True(t, w.stale(a, "11", now), "one that somebody else wrote")
	require.False(t, w.stale(a, "12", now))
	require.False(t, w.stale(a, "13", now))
	require.False(t, w.stale(b, "9", now))
	require.False(t, w.stale(a, "unknown", now))
	require.False(t, w.stale(a, "9", now.Add(2*staleAtMost)), "a store that was restored from a backup")
	w.note(a, "20", now)
	require.True(t, w.stale(a, "13", now))
	w.forget(a)
	require.False(t, w.stale(a, "13", now))
}
