package controllers

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestReplacedVersionsAreRemembered(t *testing.T) {
	var r replaced
	a, b := client.ObjectKey{Namespace: "n", Name: "a"}, client.ObjectKey{Namespace: "n", Name: "b"}
	require.False(t, r.has(a, "1"))
	r.note(a, "1", "1") // a write that changed nothing
	require.False(t, r.has(a, "1"))
	r.note(a, "1", "2")
	require.True(t, r.has(a, "1"))
	require.False(t, r.has(a, "2"))
	require.False(t, r.has(b, "1"))
	for _, version := range []string{"2", "3", "4", "5"} {
		r.note(a, version, "next")
	}
	require.False(t, r.has(a, "1"))
	require.True(t, r.has(a, "2"))
	require.Len(t, r.versions[a], replacedKept)
	r.forget(a)
	require.False(t, r.has(a, "5"))
}
