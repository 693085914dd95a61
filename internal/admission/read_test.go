package admission

import (
	"testing"

	"github.com/stretchr/testify/require"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/admission/admissiontest"
)

func TestReadNamesFileLineAndMend(t *testing.T) {
	cases := map[string]struct{ content, want string }{
		"empty":            {"", "t.yaml: is empty; write a DigitalTwin with apiVersion: twin.energytwin.dev/v1 and kind: DigitalTwin"},
		"comments only":    {"# nothing\n---\n# here\n", "t.yaml: is empty; write a DigitalTwin with apiVersion: twin.energytwin.dev/v1 and kind: DigitalTwin"},
		"other kind":       {"apiVersion: v1\nkind: ConfigMap\n", "t.yaml: holds no DigitalTwin, but ConfigMap; write one with apiVersion: twin.energytwin.dev/v1 and kind: DigitalTwin"},
		"no kind":          {"metadata: {name: a}\n", "t.yaml:1: kind: \"\" is not known here; write DigitalTwin\nt.yaml:1: apiVersion: \"\" is not known here; write twin.energytwin.dev/v1"},
		"other version":    {"apiVersion: twin.energytwin.dev/v2\nkind: DigitalTwin\n", "t.yaml:1: apiVersion: \"twin.energytwin.dev/v2\" is not known here; write twin.energytwin.dev/v1"},
		"a list":           {"- 1\n", "t.yaml:1: kind: \"\" is not known here; write DigitalTwin\nt.yaml:1: apiVersion: \"\" is not known here; write twin.energytwin.dev/v1"},
		"two twins":        {"kind: DigitalTwin\n---\nkind: DigitalTwin\n", "t.yaml:3: holds 2 DigitalTwins; keep one in a file"},
		"no YAML":          {"apiVersion: a\nkind: [\n", "t.yaml:2: is no YAML: did not find expected node content"},
		"no YAML later on": {"kind: ConfigMap\n---\na: b\n c: d\n", "t.yaml:4: is no YAML: mapping values are not allowed in this context"},
		"unknown field": {string(admissiontest.Twin("  dataset: {synthetic: {}}\n  kafka:\n    manged: {}")),
			"t.yaml:7: spec.kafka.manged: is unknown; write managed"},
		"unknown field, none like it": {string(admissiontest.Twin("  dataset: {synthetic: {houses: 3}}")),
			"t.yaml:5: spec.dataset.synthetic.houses: is unknown; known here are groups, meters, seed, year"},
		"unknown field in a list": {string(admissiontest.Twin("  dataset: {synthetic: {}}\n  processor:\n    dsm:\n      groups:\n      - {name: a, capacityKW: 1}\n      - {name: b, capacityKw: 2, x: 1}")),
			"t.yaml:10: spec.processor.dsm.groups[1].capacityKw: is unknown; write capacityKW\nt.yaml:10: spec.processor.dsm.groups[1].x: is unknown; known here are capacityKW, exceedance, name"},
		"unknown metadata": {"apiVersion: twin.energytwin.dev/v1\nkind: DigitalTwin\nmetadata: {name: a, lables: {}}\nspec: {dataset: {synthetic: {}}}\n",
			"t.yaml:3: metadata: unknown field \"lables\"; remove it"},
		"field twice": {string(admissiontest.Twin("  dataset:\n    synthetic: {}\n  timezone: UTC\n  timezone: Europe/London")),
			"t.yaml:8: spec.timezone: comes twice, first in line 7; remove one of them"},
		"no name": {"apiVersion: twin.energytwin.dev/v1\nkind: DigitalTwin\nspec: {dataset: {synthetic: {}}}\n",
			"t.yaml:1: metadata.name: is missing; write it"},
		"label of metadata": {"apiVersion: twin.energytwin.dev/v1\nkind: DigitalTwin\nmetadata: {name: a, labels: {b: 'c d'}}\nspec: {dataset: {synthetic: {}}}\n",
			"t.yaml:3: metadata.labels"},
	}
	checker := newChecker(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := checker.Read("t.yaml", []byte(c.content))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestReadPicksTheTwinAmongOthers(t *testing.T) {
	content := "# a Secret first\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n--- # the twin\n" + string(admissiontest.Twin("  dataset: {synthetic: {meters: 7}}"))
	got, err := newChecker(t).Read("t.yaml", []byte(content))
	require.NoError(t, err)
	require.Equal(t, int32(7), *got.Spec.Dataset.Synthetic.Meters)

	_, err = newChecker(t).Read("t.yaml", []byte(content+"  state: On\n"))
	require.ErrorContains(t, err, "t.yaml:11: spec.state: ")
}

func TestReadTakesJSON(t *testing.T) {
	got, err := newChecker(t).Read("t.json", []byte(`{"apiVersion": "twin.energytwin.dev/v1", "kind": "DigitalTwin",
		"metadata": {"name": "a"}, "spec": {"dataset": {"synthetic": {}}, "generator": {"speed": 60}}}`))
	require.NoError(t, err)
	require.Equal(t, v1.Speed("60"), got.Spec.Generator.Speed)
}

// Status is the operator's: what a file says of it is dropped, as on create.
func TestReadDropsStatus(t *testing.T) {
	got, err := newChecker(t).Read("t.yaml", append(admissiontest.Twin("  dataset: {synthetic: {}}"), "status: {phase: Running}\n"...))
	require.NoError(t, err)
	require.Equal(t, v1.DigitalTwinStatus{ObservedGeneration: -1}, got.Status) // the CRD's default: nobody has observed it
}

// The defaults that the CRD writes and those that code fills in agree: a twin
// that did not pass through an API server is the same as one that did.
func TestDefaultsOfCRDAndCodeAgree(t *testing.T) {
	for name, content := range map[string][]byte{
		"synthetic": admissiontest.Twin("  dataset: {synthetic: {}}"),
		"file":      admissiontest.Twin("  dataset: {persistentVolumeClaim: {claimName: c, path: p}}"),
		"outside":   admissiontest.Twin("  generator: {mode: 'Off'}"),
	} {
		t.Run(name, func(t *testing.T) {
			admitted, err := newChecker(t).Read("t.yaml", content)
			require.NoError(t, err)
			var plain v1.DigitalTwin
			doc, err := findTwin("t.yaml", content)
			require.NoError(t, err)
			require.NoError(t, unmarshal(doc.text, &plain))
			plain.Default()
			require.Equal(t, plain.Spec, admitted.Spec)
		})
	}
}
