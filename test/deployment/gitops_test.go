package deployment

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// objects are all objects of the files that a pattern below the top folder names.
func objects(t *testing.T, pattern string) []unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pattern))
	require.NoError(t, err)
	var out []unstructured.Unstructured
	for _, file := range files {
		content, err := os.Open(file)
		require.NoError(t, err)
		documents := yaml.NewYAMLOrJSONDecoder(content, 4096)
		for {
			var o unstructured.Unstructured
			if err := documents.Decode(&o.Object); errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, file)
			out = append(out, o)
		}
		require.NoError(t, content.Close())
	}
	require.NotEmpty(t, out, pattern)
	return out
}

// field is a field of an object, which must be there.
func field[T any](t *testing.T, object map[string]any, path ...string) T {
	t.Helper()
	value, found, err := unstructured.NestedFieldNoCopy(object, path...)
	require.NoError(t, err)
	require.True(t, found, "%v in %v", path, object)
	typed, ok := value.(T)
	require.True(t, ok, "%v is a %T", path, value)
	return typed
}

// applications are the Applications of config/argocd, with that of the ApplicationSet.
func applications(t *testing.T) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for _, o := range objects(t, "config/argocd/*.yaml") {
		switch o.GetKind() {
		case "Application":
			out[o.GetName()] = o.Object
		case "ApplicationSet":
			out["set"] = field[map[string]any](t, o.Object, "spec", "template")
		}
	}
	require.Len(t, out, 4)
	return out
}

// A fix takes over from the commit that failed, within half a minute.
func TestArgoCDTakesUpAFix(t *testing.T) {
	for name, application := range applications(t) {
		retry := field[map[string]any](t, application, "spec", "syncPolicy", "retry")
		require.True(t, field[bool](t, retry, "refresh"), name)
		require.Equal(t, "30s", field[string](t, retry, "backoff", "duration"), name)
		require.Equal(t, "30s", field[string](t, retry, "backoff", "maxDuration"), name)
		require.EqualValues(t, 20, retry["limit"], name)
	}
}

const (
	argoOptions = "argocd.argoproj.io/sync-options"
	fluxPrune   = "kustomize.toolkit.fluxcd.io/prune"
)

// A file or an application that disappears deletes no twin.
func TestArgoCDDeletesNoTwin(t *testing.T) {
	for name, application := range applications(t) {
		require.NotContains(t, field[map[string]any](t, application, "metadata"), "finalizers", "%s is deleted with what it applied", name)
		if name == "energytwin" {
			continue // the operator itself; its CRD has its own annotation
		}
		options := field[[]any](t, application, "spec", "syncPolicy", "syncOptions")
		require.Contains(t, options, "Prune=false", name)
		require.Contains(t, options, "Delete=false", name)
		require.False(t, field[bool](t, application, "spec", "syncPolicy", "automated", "prune"), name)
	}
	for _, o := range objects(t, "config/argocd/applicationset.yaml") {
		require.Equal(t, "create-update", field[string](t, o.Object, "spec", "syncPolicy", "applicationsSync"))
		require.True(t, field[bool](t, o.Object, "spec", "syncPolicy", "preserveResourcesOnDeletion"))
	}
}

// Wherever the CRD is installed from, no tool prunes it: every twin would go with it.
func TestTheCRDIsKept(t *testing.T) {
	for _, file := range []string{"dist/install.yaml", "dist/crd.yaml"} {
		i := slices.IndexFunc(objects(t, file), func(o unstructured.Unstructured) bool { return o.GetKind() == "CustomResourceDefinition" })
		require.GreaterOrEqual(t, i, 0, file)
		annotations := objects(t, file)[i].GetAnnotations()
		require.Equal(t, "Prune=false,Delete=false", annotations[argoOptions], file)
		require.Equal(t, "disabled", annotations[fluxPrune], file)
	}
	var charts int
	files, err := filepath.Glob(root + "/dist/chart/templates/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		if !strings.Contains(string(content), "kind: CustomResourceDefinition") {
			continue
		}
		charts++
		for _, annotation := range []string{argoOptions + ": Prune=false,Delete=false\n", fluxPrune + ": disabled\n", "helm.sh/resource-policy: keep\n"} {
			require.Contains(t, string(content), annotation)
		}
	}
	require.Equal(t, 1, charts)
}

// The operator is installed by a digest, which make pin writes.
func TestArgoCDInstallsTheOperatorByDigest(t *testing.T) {
	image := field[map[string]any](t, applications(t)["energytwin"], "spec", "source", "helm", "valuesObject", "image")
	require.Regexp(t, regexp.MustCompile(`^sha256:[0-9a-f]{64}$`), image["digest"])
}

// An app of apps creates the operator first.
func TestArgoCDCreatesTheOperatorFirst(t *testing.T) {
	const wave = "argocd.argoproj.io/sync-wave"
	waves := map[string]any{}
	for _, name := range []string{"energytwin", "twins"} {
		waves[name] = field[map[string]any](t, applications(t)[name], "metadata", "annotations")[wave]
	}
	require.Equal(t, map[string]any{"energytwin": "0", "twins": "1"}, waves)
}

// The CRD fits into the annotation of a client-side apply.
func TestTheCRDCanBeAppliedClientSide(t *testing.T) {
	s := needSuite(t)
	code, out := s.run(t, root, nil, "kubectl", "apply", "--dry-run=server", "-f", "dist/crd.yaml")
	require.Zero(t, code, out)
}

// A sync corrects the fields that Git holds. What somebody sets in a field that Git
// leaves out stays, by either kind of apply.
func TestASyncCorrectsWhatGitHoldsAlone(t *testing.T) {
	s := needSuite(t)
	for _, how := range []string{"--server-side=true", "--server-side=false"} {
		t.Run(how, func(t *testing.T) {
			namespace := "sync-" + strings.TrimPrefix(how, "--server-side=")
			s.namespace(t, namespace)
			t.Cleanup(func() { s.remove(t, namespace) })
			git := filepath.Join(t.TempDir(), "twin.yaml")
			require.NoError(t, os.WriteFile(git, []byte(`apiVersion: twin.energytwin.dev/v1
kind: DigitalTwin
metadata: {name: river}
spec: {dataset: {synthetic: {}}, api: {replicas: 1}}
`), 0o600))
			sync := []string{"apply", how, "-n", namespace, "-f", git}
			if how == "--server-side=true" {
				sync = append(sync, "--force-conflicts", "--field-manager=argocd-controller")
			}
			kubectl := func(args ...string) {
				t.Helper()
				code, out := s.run(t, root, nil, "kubectl", args...)
				require.Zero(t, code, out)
			}
			kubectl(sync...)
			kubectl("patch", "digitaltwin", "river", "-n", namespace, "--type=merge", "-p", `{"spec": {"api": {"replicas": 3}, "processor": {"replicas": 2}}}`)
			kubectl(sync...)
			twin := &v1.DigitalTwin{}
			require.NoError(t, s.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "river"}, twin))
			require.Equal(t, int32(1), *twin.Spec.API.Replicas)
			require.Equal(t, int32(2), *twin.Spec.Processor.Replicas)
		})
	}
}

// Flux applies the operator before the twins, waits for their health, and deletes
// nothing.
func TestFluxDeletesNoTwin(t *testing.T) {
	all := objects(t, "config/flux/*.yaml")
	names := map[string][]string{}
	for _, o := range all {
		require.Equal(t, "flux-system", o.GetNamespace())
		names[o.GetKind()] = append(names[o.GetKind()], o.GetName())
	}
	for _, o := range all {
		spec := field[map[string]any](t, o.Object, "spec")
		if ref, ok := spec["sourceRef"].(map[string]any); ok {
			require.Contains(t, names[field[string](t, ref, "kind")], ref["name"], o.GetName())
		}
		if o.GetKind() != "Kustomization" {
			continue
		}
		require.True(t, field[bool](t, spec, "wait"), o.GetName())
		require.Equal(t, "Orphan", field[string](t, spec, "deletionPolicy"), o.GetName())
		require.NotEmpty(t, field[string](t, spec, "timeout"), o.GetName())
		if o.GetName() == "twins" {
			require.False(t, field[bool](t, spec, "prune"))
			require.Equal(t, []any{map[string]any{"name": "energytwin"}}, field[[]any](t, spec, "dependsOn"))
			continue
		}
		require.FileExists(t, filepath.Join(root, field[string](t, spec, "path"), "kustomization.yaml"))
	}
	automation, err := os.ReadFile(root + "/config/flux/image-automation.yaml")
	require.NoError(t, err)
	require.Contains(t, names["ImagePolicy"], "energytwin")
	require.Contains(t, string(automation), `{"$imagepolicy": "flux-system:energytwin"}`)
	require.Contains(t, string(automation), "digestReflectionPolicy: IfNotPresent")
}
