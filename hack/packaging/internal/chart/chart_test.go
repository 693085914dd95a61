package chart

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	helm "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/yaml"

	"github.com/energytwin/energytwin/hack/packaging/internal/manifests"
)

const config = "../../../../config"

func build(t *testing.T, overlay string, change manifests.Change) resmap.ResMap {
	t.Helper()
	built, err := manifests.Build(config, overlay, change)
	require.NoError(t, err)
	return built
}

// written is the chart as Helm finds it on disk.
func written(t *testing.T, change manifests.Change) (*helm.Chart, string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, Write(dir, build(t, "default", change)))
	c, err := loader.Load(dir)
	require.NoError(t, err)
	return c, dir
}

func values(t *testing.T, text string) map[string]any {
	t.Helper()
	v, err := chartutil.ReadValues([]byte(text))
	require.NoError(t, err)
	return v
}

// rendered are the objects that Helm makes of the chart, by kind and name, and
// the notes.
func rendered(c *helm.Chart, namespace string, given map[string]any) (map[string]map[string]any, string, error) {
	options := chartutil.ReleaseOptions{Name: "energytwin", Namespace: namespace, IsInstall: true, Revision: 1}
	v, err := chartutil.ToRenderValues(c, given, options, nil)
	if err != nil {
		return nil, "", err
	}
	files, err := engine.Render(c, v)
	if err != nil {
		return nil, "", err
	}
	objects, notes := map[string]map[string]any{}, ""
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, "NOTES.txt") {
			notes = files[name]
			continue
		}
		for document := range strings.SplitSeq("\n"+files[name], "\n---\n") {
			var o map[string]any
			if err := yaml.UnmarshalStrict([]byte(document), &o); err != nil {
				return nil, "", err
			}
			if o != nil {
				objects[key(o)] = o
			}
		}
	}
	return objects, notes, nil
}

func key(o map[string]any) string {
	m, _ := o["metadata"].(map[string]any)
	namespace, _ := m["namespace"].(string)
	return o["kind"].(string) + " " + namespace + "/" + m["name"].(string)
}

// wanted are the objects of kustomize by kind and name.
func wanted(t *testing.T, objects resmap.ResMap, except ...string) map[string]map[string]any {
	t.Helper()
	byName := map[string]map[string]any{}
	for _, r := range objects.Resources() {
		if slices.Contains(except, r.GetKind()) {
			continue
		}
		text, err := r.AsYAML()
		require.NoError(t, err)
		var o map[string]any
		require.NoError(t, yaml.Unmarshal(text, &o))
		byName[key(o)] = o
	}
	require.NotEmpty(t, byName)
	return byName
}

func TestTheChartInstallsWhatKustomizeInstalls(t *testing.T) {
	c, _ := written(t, manifests.Change{})
	got, notes, err := rendered(c, "energytwin-system", nil)
	require.NoError(t, err)
	require.Contains(t, notes, "watches all namespaces.")

	crd := got["CustomResourceDefinition /digitaltwins.twin.energytwin.dev"]
	require.NotNil(t, crd)
	annotations := crd["metadata"].(map[string]any)["annotations"].(map[string]any)
	require.Equal(t, "keep", annotations["helm.sh/resource-policy"])
	require.Equal(t, "Prune=false,Delete=false", annotations["argocd.argoproj.io/sync-options"])
	delete(annotations, "helm.sh/resource-policy")

	require.Equal(t, wanted(t, build(t, "default", manifests.Change{}), "Namespace"), got)
}

func TestTheChartForOneNamespaceIsTheOverlayForOne(t *testing.T) {
	c, _ := written(t, manifests.Change{})
	got, notes, err := rendered(c, "grid", values(t, "watchNamespaces: [grid]\ncrd: {install: false}\nuserRoles: false\n"))
	require.NoError(t, err)
	require.Contains(t, notes, "watches grid.")
	require.Equal(t, wanted(t, build(t, "namespaced", manifests.Change{Namespace: "grid"})), got)
	for name := range got {
		require.Contains(t, name, " grid/", "nothing of the whole cluster")
	}
}

func TestSeveralNamespacesGetARoleEach(t *testing.T) {
	c, _ := written(t, manifests.Change{})
	got, _, err := rendered(c, "ops", values(t, "watchNamespaces: [north, south]\n"))
	require.NoError(t, err)
	for _, namespace := range []string{"north", "south"} {
		require.Contains(t, got, "Role "+namespace+"/energytwin-operator")
		binding := got["RoleBinding "+namespace+"/energytwin-operator"]
		require.Equal(t, []any{map[string]any{"kind": "ServiceAccount", "name": "energytwin-operator", "namespace": "ops"}}, binding["subjects"])
	}
	require.NotContains(t, got, "ClusterRole /energytwin-operator")
	require.NotContains(t, got, "Role ops/energytwin-operator")
	require.Contains(t, env(t, got["Deployment ops/energytwin-operator"]), map[string]any{"name": "WATCH_NAMESPACE", "value": "north,south"})
}

func env(t *testing.T, deployment map[string]any) []any {
	t.Helper()
	c, err := operatorContainer(deployment)
	require.NoError(t, err)
	return c["env"].([]any)
}

func TestValuesReachTheDeployment(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0a", 32)
	c, _ := written(t, manifests.Change{})
	got, _, err := rendered(c, "ops", values(t, `
image: {repository: registry.example.org:5000/twin, tag: v9, digest: "`+digest+`", pullPolicy: Always}
imagePullSecrets: [{name: registry}]
replicas: 2
resources: {limits: {memory: 1Gi}}
nodeSelector: {disk: fast}
tolerations: [{key: infra, operator: Exists}]
affinity: {nodeAffinity: {}}
priorityClassName: system-cluster-critical
podAnnotations: {a: "1"}
podLabels: {team: grid}
`))
	require.NoError(t, err)
	d := got["Deployment ops/energytwin-operator"]
	container, err := operatorContainer(d)
	require.NoError(t, err)
	image := "registry.example.org:5000/twin:v9@" + digest
	require.Equal(t, image, container["image"])
	require.Contains(t, env(t, d), map[string]any{"name": "ENERGYTWIN_IMAGE", "value": image}, "twins run the same image")
	require.Equal(t, "Always", container["imagePullPolicy"])
	require.Equal(t, "1Gi", container["resources"].(map[string]any)["limits"].(map[string]any)["memory"])

	spec, err := at(d, "spec")
	require.NoError(t, err)
	require.EqualValues(t, 2, spec["replicas"])
	pod, err := at(d, "spec", "template", "spec")
	require.NoError(t, err)
	require.Equal(t, []any{map[string]any{"name": "registry"}}, pod["imagePullSecrets"])
	require.Equal(t, map[string]any{"disk": "fast"}, pod["nodeSelector"])
	require.Equal(t, []any{map[string]any{"key": "infra", "operator": "Exists"}}, pod["tolerations"])
	require.Contains(t, pod["affinity"], "nodeAffinity")
	require.Equal(t, "system-cluster-critical", pod["priorityClassName"])
	metadata, err := at(d, "spec", "template", "metadata")
	require.NoError(t, err)
	require.Equal(t, "1", metadata["annotations"].(map[string]any)["a"])
	labels := metadata["labels"].(map[string]any)
	require.Equal(t, "grid", labels["team"])
	require.Equal(t, "operator", labels["app.kubernetes.io/component"], "the chart's own labels stay")
}

// The values of the example for Argo CD install the operator by tag and digest.
func TestTheExampleForArgoCDNamesADigest(t *testing.T) {
	content, err := os.ReadFile(config + "/argocd/application.yaml")
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(content), "\n---\n")
	var application map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(first), &application))
	given, err := at(application, "spec", "source", "helm", "valuesObject")
	require.NoError(t, err)
	c, _ := written(t, manifests.Change{})
	got, _, err := rendered(c, "ops", given)
	require.NoError(t, err)
	container, err := operatorContainer(got["Deployment ops/energytwin-operator"])
	require.NoError(t, err)
	require.Regexp(t, `^[^@:]+(:[0-9]+/[^@:]+)?:[^@:]+@sha256:[0-9a-f]{64}$`, container["image"])
}

func TestWrongValuesAreRefused(t *testing.T) {
	c, _ := written(t, manifests.Change{})
	for name, v := range map[string]struct{ values, message string }{
		"an unknown one":             {"watchNamespace: north", "watchNamespace"},
		"a namespace's name":         {"watchNamespaces: [North]", "watchNamespaces"},
		"a digest":                   {"image: {digest: abc}", "digest"},
		"a tag in the repository":    {"image: {repository: 'registry.example.org:5000/twin:v9'}", "repository"},
		"a digest in the repository": {"image: {repository: 'twin@sha256:" + strings.Repeat("0a", 32) + "'}", "repository"},
		"an image of no version":     {"image: {tag: ''}", "set image.tag or image.digest"},
		"a number as text":           {"replicas: two", "replicas"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := rendered(c, "ops", values(t, v.values))
			require.ErrorContains(t, err, v.message)
		})
	}
}

func TestHelmFindsNothingToSay(t *testing.T) {
	_, dir := written(t, manifests.Change{})
	for _, m := range lint.All(dir, nil, "ops", true).Messages {
		require.Less(t, m.Severity, support.WarningSev, "%s", m)
	}
}

func TestAnImageOfNoReleaseGivesAVersionThatHelmTakes(t *testing.T) {
	for reference, version := range map[string]string{
		"r/energytwin:v1.2.3":                             "1.2.3",
		"r/energytwin:1.2.3-rc.1":                         "1.2.3-rc.1",
		"r/energytwin:8f2eaa5-dirty":                      "0.0.0-tag-8f2eaa5-dirty",
		"r/energytwin:0123":                               "0.0.0-tag-0123",
		"r/energytwin:v1_2":                               "0.0.0-tag-v1-2",
		"r/energytwin@sha256:" + strings.Repeat("0a", 32): "0.0.0",
	} {
		c, _ := written(t, manifests.Change{Image: reference})
		require.Equal(t, version, c.Metadata.Version, reference)
		require.NoError(t, c.Validate())
		got, _, err := rendered(c, "ops", nil)
		require.NoError(t, err)
		container, err := operatorContainer(got["Deployment ops/energytwin-operator"])
		require.NoError(t, err)
		require.Equal(t, reference, container["image"])
	}
}
