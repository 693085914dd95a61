package cluster

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// While an image is proven, what ran before is Ready: the wait goes on until the
// twin runs the new image, and ends at once when the proof fails.
func TestWaitForAnImage(t *testing.T) {
	sp := newSpace(t)
	const proving, broken, good = "r.example.org/energytwin:proving", "r.example.org/energytwin:broken", "r.example.org/energytwin:good"
	sp.proofs.Store(proving, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})
	sp.proofs.Store(broken, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 2, Message: "panic: boom"}})
	sp.twin("lake", smallest)
	sp.ok(sp.viewer, "wait", "lake")

	sp.patch(sp.get("lake"), `{"spec":{"image":"`+proving+`"}}`)
	got := sp.run(sp.viewer, "wait", "lake", "--timeout", "3s")
	require.Equal(t, ExitTimeout, got.code, "%s%s", got.out, got.errs)
	require.ErrorContains(t, got.err, "ImagesProven: spec.image: the workloads stay")
	require.Contains(t, sp.ok(sp.viewer, "status", "lake"), "ImagesProven: spec.image")

	sp.patch(sp.get("lake"), `{"spec":{"image":"`+broken+`"}}`)
	got = sp.run(sp.viewer, "wait", "lake")
	require.Equal(t, ExitFailed, got.code, "%s%s", got.out, got.errs)
	require.ErrorContains(t, got.err, "ProofFailed")
	require.ErrorContains(t, got.err, "panic: boom")
	require.Contains(t, got.errs, v1.ConditionImagesProven)

	sp.patch(sp.get("lake"), `{"spec":{"image":"`+good+`"}}`)
	sp.ok(sp.viewer, "wait", "lake")
	for _, c := range sp.get("lake").Status.Components {
		if c.Name == v1.ComponentProcessor || c.Name == v1.ComponentAPI || c.Name == v1.ComponentGenerator {
			require.Equal(t, good, c.Image, c.Name)
		}
	}
	// What goes back needs no proof of its own to be waited for.
	sp.patch(sp.get("lake"), `{"spec":{"image":null}}`)
	sp.ok(sp.viewer, "wait", "lake")
	require.NotContains(t, sp.ok(sp.viewer, "status", "lake"), good)
}

// The first twin that is Stalled ends the wait, whichever twins are waited for
// before it.
func TestWaitEndsWithTheFirstFailure(t *testing.T) {
	sp := newSpace(t)
	sp.twin("stuck", `{dataset: {synthetic: {}}, api: {auth: {jwtSecretRef: {name: nobody}}}}`)
	file := filepath.Join(t.TempDir(), "twins.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`apiVersion: v1
kind: List
items:
- {apiVersion: twin.energytwin.dev/v1, kind: DigitalTwin, metadata: {name: never}}
- {apiVersion: twin.energytwin.dev/v1, kind: DigitalTwin, metadata: {name: stuck}}
`), 0o600))
	got := sp.run(sp.viewer, "wait", "-f", file)
	require.Equal(t, ExitFailed, got.code, "%s%s", got.out, got.errs)
	require.ErrorContains(t, got.err, "stuck is Stalled: SecretMissing")
	require.Contains(t, got.out, "never  0s       does not exist yet")
}
