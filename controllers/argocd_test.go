package controllers

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

const (
	healthScript   = "../config/argocd/health.lua"
	healthSettings = "../config/argocd/argocd-cm.yaml"
)

// argoHealth is what Argo CD shows for a twin as it is stored.
func (sp *space) argoHealth(name string) (status, message string) {
	sp.t.Helper()
	script, err := os.ReadFile(healthScript)
	require.NoError(sp.t, err)
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(v1.GroupVersion.WithKind(v1.Kind))
	require.NoError(sp.t, sp.admin.Get(sp.ctx, client.ObjectKey{Namespace: sp.ns, Name: name}, u))
	status, message, err = runHealth(string(script), u.Object)
	require.NoError(sp.t, err)
	return status, message
}

// runHealth runs the script as Argo CD does: with the object as obj, and the
// libraries that it leaves open.
func runHealth(script string, object map[string]any) (status, message string, err error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(library.open), Protect: true}, lua.LString(library.name)); err != nil {
			return "", "", err
		}
	}
	state.SetGlobal("obj", luaValue(state, object))
	if err := state.DoString(script); err != nil {
		return "", "", err
	}
	result, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", errors.New("the script gives no table")
	}
	return lua.LVAsString(result.RawGetString("status")), lua.LVAsString(result.RawGetString("message")), nil
}

// healthOf is what Argo CD has to show for each phase of a twin whose newest spec
// the operator has observed.
var healthOf = map[v1.Phase]string{
	v1.PhasePending: "Progressing", v1.PhaseStarting: "Progressing", v1.PhaseUpdating: "Progressing", v1.PhaseDegraded: "Progressing",
	v1.PhaseSuspending: "Progressing", v1.PhaseHibernating: "Progressing", v1.PhaseDeleting: "Progressing",
	v1.PhaseRunning: "Healthy", v1.PhaseCompleted: "Healthy",
	v1.PhaseSuspended: "Suspended", v1.PhaseHibernated: "Suspended", v1.PhasePaused: "Suspended",
	v1.PhaseStalled: "Degraded",
}

// argoAgrees reports whether Argo CD shows what a status says. The witness asks it
// of each status that any test sees.
func argoAgrees(twin *v1.DigitalTwin, script string) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(twin)
	if err != nil {
		return err
	}
	got, message, err := runHealth(script, content)
	if err != nil {
		return err
	}
	want := healthOf[twin.Status.Phase]
	if proof := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionImagesProven); proof != nil && twin.Status.Phase != v1.PhaseStalled {
		want = "Progressing"
		if proof.Reason == v1.ReasonProofFailed {
			want = "Degraded"
		}
	}
	switch {
	case twin.Status.Phase == v1.PhasePaused && twin.DeletionTimestamp.IsZero():
		want = healthOf[v1.PhasePaused]
	case !twin.DeletionTimestamp.IsZero(), twin.Status.ObservedGeneration != twin.Generation:
		want = "Progressing"
	}
	if got != want || message == "" {
		return fmt.Errorf("Argo CD shows %s (%s) for the phase %s, not %s", got, message, twin.Status.Phase, want)
	}
	return nil
}

// Each phase has its health, so that a new one is not forgotten.
func TestEachPhaseHasItsHealth(t *testing.T) {
	require.NoError(t, eachConstant("../api/v1/status_types.go", func(name, text string) {
		if strings.HasPrefix(name, "Phase") {
			require.Contains(t, healthOf, v1.Phase(text))
		}
	}))
}

func luaValue(state *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case map[string]any:
		t := state.NewTable()
		for key, entry := range v {
			t.RawSetString(key, luaValue(state, entry))
		}
		return t
	case []any:
		t := state.NewTable()
		for _, entry := range v {
			t.Append(luaValue(state, entry))
		}
		return t
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	}
	return lua.LNil
}

// Argo CD shows what the operator's own status says, in every state that a twin
// goes through.
func TestArgoCDShowsHealth(t *testing.T) {
	sp := newSpace(t)
	shows := func(name, status, message string) {
		t.Helper()
		gotStatus, gotMessage := sp.argoHealth(name)
		require.Equal(t, status, gotStatus, "%s: %s", name, gotMessage)
		require.Contains(t, gotMessage, message)
	}

	sp.twin("argo", smallest)
	sp.conditionWithoutWork("argo", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonWaiting)
	shows("argo", "Progressing", "waiting for the pods of argo-kafka")
	sp.ready("argo")
	shows("argo", "Healthy", "stores and workloads are available")

	sp.patchSpec("argo", "state: Suspended")
	sp.condition("argo", v1.ConditionReady, metav1.ConditionTrue, v1.ReasonSuspended)
	shows("argo", "Suspended", "workloads are stopped")
	sp.patchSpec("argo", "state: Hibernated")
	sp.condition("argo", v1.ConditionReady, metav1.ConditionTrue, v1.ReasonHibernated)
	shows("argo", "Suspended", "everything is stopped")
	sp.patchSpec("argo", "state: Running")
	sp.ready("argo")

	foreign := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "taken-config"}}
	require.NoError(t, sp.admin.Create(sp.ctx, foreign))
	sp.twin("taken", smallest)
	sp.condition("taken", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonNameTaken)
	shows("taken", "Degraded", "taken-config")

	sp.patch(sp.get("taken"), `{"metadata":{"annotations":{"`+v1.AnnotationPaused+`":"true"}}}`)
	sp.condition("taken", v1.ConditionPaused, metav1.ConditionTrue, v1.ReasonAnnotation)
	shows("taken", "Suspended", v1.AnnotationPaused)

	// What the operator has not seen: it is stopped.
	sp.stop()
	sp.twin("unseen", smallest)
	shows("unseen", "Progressing", "has not observed this twin")
	sp.patchSpec("argo", "networkPolicy: Disabled")
	shows("argo", "Progressing", "has not observed the latest spec")
	sp.patch(sp.get("argo"), `{"metadata":{"finalizers":["example.org/hold"]}}`)
	require.NoError(t, sp.admin.Delete(sp.ctx, sp.get("argo")))
	shows("argo", "Progressing", "being deleted")
	sp.patch(sp.get("argo"), `{"metadata":{"finalizers":null}}`)
}

// The settings for Argo CD hold the script as it is.
func TestArgoCDSettingsHoldTheScript(t *testing.T) {
	script, err := os.ReadFile(healthScript)
	require.NoError(t, err)
	content, err := os.ReadFile(healthSettings)
	require.NoError(t, err)
	settings := &corev1.ConfigMap{}
	require.NoError(t, yaml.UnmarshalStrict(content, settings))
	require.Equal(t, map[string]string{
		"resource.customizations.health." + v1.Group + "_" + v1.Kind: string(script),
	}, settings.Data)
}

// What docs/how-to/argocd.md says of a twin's objects: Argo CD shows below the twin
// what has it as its owner, which is all but what outlives it, and nothing goes out
// of sync, as the operator leaves the spec as it is.
func TestArgoCDShowsTheTree(t *testing.T) {
	sp := newSpace(t)
	sp.twin("tree", smallest+"\napi: {ingress: {host: tree.example.org}}\ntimescale: {managed: {backup: {schedule: '0 3 * * *', volume: {}}}}")
	spec := sp.get("tree").Spec
	sp.ready("tree")
	sp.quiet()
	twin := sp.get("tree")
	require.Equal(t, spec, twin.Spec)
	require.Equal(t, int64(1), twin.Generation)
	owned := 0
	for _, kind := range []schema.GroupVersionKind{
		resources.KindSecret, resources.KindConfigMap, resources.KindService, resources.KindVolumeClaim, resources.KindStatefulSet,
		resources.KindDeployment, resources.KindJob, resources.KindCronJob, resources.KindNetworkPolicy, resources.KindIngress,
	} {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		require.NoError(t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns), client.MatchingLabels(resources.TwinLabels("tree"))))
		require.NotEmpty(t, list.Items, kind.Kind)
		for i := range list.Items {
			o := &list.Items[i]
			if kind == resources.KindVolumeClaim || o.Name == resources.CredentialsName("tree") {
				require.Empty(t, o.OwnerReferences, "%s %s", kind.Kind, o.Name)
				continue
			}
			require.True(t, metav1.IsControlledBy(o, twin), "%s %s", kind.Kind, o.Name)
			owned++
		}
	}
	require.Greater(t, owned, 10)
}
