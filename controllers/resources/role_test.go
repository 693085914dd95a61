package resources

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// TestCommittedRoleIsCurrent: the role in config is that of the table of kinds.
// hack/generate writes it.
func TestCommittedRoleIsCurrent(t *testing.T) {
	const file = "../../config/rbac/role.yaml"
	doc, err := yaml.Marshal(&rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: "energytwin-operator"},
		Rules:      OperatorRules(),
	})
	require.NoError(t, err)
	doc = append([]byte("---\n"), doc...)
	if *update {
		require.NoError(t, os.WriteFile(file, doc, 0o600))
	}
	committed, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(committed), string(doc), "run hack/generate")
}

// Whatever a builder makes is of a kind in the table, kept or not as that says.
func TestEveryObjectIsOfAChildKind(t *testing.T) {
	made := map[schema.GroupVersionKind]bool{}
	twins := []*v1.DigitalTwin{merged(t, smallest, `timescale: {managed: {backup: {schedule: "0 3 * * *", volume: {}}}}`)}
	for _, name := range []string{"quickstart.yaml", "production.yaml", "external-stores.yaml", "buildings.yaml"} {
		twins = append(twins, sample(t, name))
	}
	for _, twin := range twins {
		in := inputs(twin)
		for _, in.Kinds = range []Kinds{{}, {ServiceMonitor: true, ScaledObject: true}} {
			for _, o := range build(t, twin, in).Objects {
				kind, ok := ChildKindOf(o.Kind)
				require.True(t, ok, "%s %s is of a kind that the table does not have", o.Kind.Kind, o.Name)
				require.True(t, kind.Kept || !o.Kept, "%s %s", o.Kind.Kind, o.Name)
				require.True(t, kind.Served == nil || kind.Served(in.Kinds), "%s %s", o.Kind.Kind, o.Name)
				made[o.Kind] = true
			}
		}
	}
	for _, kind := range ChildKinds(Kinds{ServiceMonitor: true, ScaledObject: true}) {
		require.True(t, made[kind.GroupVersionKind], "no sample makes a %s", kind.Kind)
	}
}

// The operator never lists Secrets, watches nothing that it does not cache, and
// has no right by a wildcard.
func TestOperatorRulesAreLeast(t *testing.T) {
	for _, r := range OperatorRules() {
		require.NotContains(t, slices.Concat(r.APIGroups, r.Resources, r.Verbs), "*")
		require.NotContains(t, r.Verbs, "deletecollection")
		if slices.Contains(r.Resources, "secrets") {
			require.Equal(t, []string{"create", "delete", "get", "patch"}, r.Verbs)
		}
		if r.APIGroups[0] == "monitoring.coreos.com" || r.APIGroups[0] == "keda.sh" {
			require.NotContains(t, r.Verbs, "watch")
		}
	}
}
