package controllers

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

const (
	healthScript   = "../config/argocd/health.lua"
	healthSettings = "../config/argocd/argocd-cm.yaml"
)

// argoHealth is what Argo CD shows for a twin: it runs the script with the object
// as obj, and the libraries that Argo CD leaves open.
func (sp *space) argoHealth(name string) (status, message string) {
	sp.t.Helper()
	script, err := os.ReadFile(healthScript)
	require.NoError(sp.t, err)
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(v1.GroupVersion.WithKind(v1.Kind))
	require.NoError(sp.t, sp.admin.Get(sp.ctx, client.ObjectKey{Namespace: sp.ns, Name: name}, u))

	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
		require.NoError(sp.t, state.CallByParam(lua.P{Fn: state.NewFunction(library.open), Protect: true}, lua.LString(library.name)))
	}
	state.SetGlobal("obj", luaValue(state, u.Object))
	require.NoError(sp.t, state.DoString(string(script)))
	result, ok := state.Get(-1).(*lua.LTable)
	require.True(sp.t, ok, "the script gives no table")
	return lua.LVAsString(result.RawGetString("status")), lua.LVAsString(result.RawGetString("message"))
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
	shows("unseen", "Progressing", "has not looked at this twin")
	sp.patchSpec("argo", "networkPolicy: Disabled")
	shows("argo", "Progressing", "has not looked at the latest spec")
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
