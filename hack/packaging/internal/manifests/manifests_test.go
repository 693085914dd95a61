package manifests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const config = "../../../../config"

func text(t *testing.T, overlay string, change Change) string {
	t.Helper()
	built, err := Build(config, overlay, change)
	require.NoError(t, err)
	out, err := built.AsYaml()
	require.NoError(t, err)
	return string(out)
}

func TestTheImageIsChangedEverywhere(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0a", 32)
	for _, reference := range []string{"r.example.org:5000/twin:v9", "r.example.org/twin@" + digest, "twin:v9"} {
		out := text(t, "default", Change{Image: reference})
		require.Equal(t, 2, strings.Count(out, reference+"\n"), "the container's, and that of new twins")
		require.NotContains(t, out, "ghcr.io/energytwin")
	}
	_, err := Build(config, "default", Change{Image: "registry:5000/twin"})
	require.ErrorContains(t, err, "names no version")
}

// A bare cluster rejects an object whose namespace comes after it.
func TestTheNamespaceComesFirst(t *testing.T) {
	built, err := Build(config, "default", Change{})
	require.NoError(t, err)
	require.Equal(t, "Namespace", built.Resources()[0].GetKind())
}

func TestTheNamespaceIsChangedEverywhere(t *testing.T) {
	for _, overlay := range []string{"default", "namespaced"} {
		out := text(t, overlay, Change{Namespace: "grid"})
		require.NotContains(t, out, "energytwin-system", overlay)
		require.Contains(t, out, "namespace: grid", overlay)
	}
	require.Contains(t, text(t, "default", Change{Namespace: "grid"}), "kind: Namespace\nmetadata:\n  labels:\n"+
		"    app.kubernetes.io/name: energytwin\n    pod-security.kubernetes.io/enforce: restricted\n  name: grid\n")
}

// Whoever administers one namespace may install it: it names nothing beyond.
func TestOneNamespaceNeedsNothingBeyondIt(t *testing.T) {
	built, err := Build(config, "namespaced", Change{Namespace: "grid"})
	require.NoError(t, err)
	kinds := map[string]bool{}
	for _, r := range built.Resources() {
		require.Equal(t, "grid", r.GetNamespace(), "%s %s", r.GetKind(), r.GetName())
		kinds[r.GetKind()] = true
	}
	require.True(t, kinds["Role"] && kinds["RoleBinding"] && kinds["Deployment"])
	require.Contains(t, text(t, "namespaced", Change{Namespace: "grid"}), "name: WATCH_NAMESPACE\n          value: grid\n")

	everywhere, err := Build(config, "default", Change{})
	require.NoError(t, err)
	rules := func(kind string, objects interface{ AsYaml() ([]byte, error) }) string {
		out, err := objects.AsYaml()
		require.NoError(t, err)
		_, rest, found := strings.Cut(string(out), "kind: "+kind+"\nmetadata:\n  name: energytwin-operator\n")
		require.True(t, found)
		_, rest, _ = strings.Cut(rest, "rules:")
		rest, _, _ = strings.Cut(rest, "\n---")
		return rest
	}
	require.Equal(t, rules("ClusterRole", everywhere), rules("Role", built), "the same rights, in one namespace")
}

func TestKindsAreLeftOut(t *testing.T) {
	require.NotContains(t, text(t, "default", Change{Without: "CustomResourceDefinition"}), "kind: CustomResourceDefinition")
	require.Contains(t, text(t, "default", Change{}), "kind: CustomResourceDefinition")
}

// Pruning in Argo CD and Flux would delete the CRD, and every twin with it.
func TestTheCRDIsNotPruned(t *testing.T) {
	for _, overlay := range []string{"default", "crd"} {
		out := text(t, overlay, Change{})
		require.Contains(t, out, "argocd.argoproj.io/sync-options: Prune=false,Delete=false\n", overlay)
		require.Contains(t, out, "kustomize.toolkit.fluxcd.io/prune: disabled\n", overlay)
	}
}
