package deployment

import (
	"os"
	"strings"
	"testing"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
	"github.com/stretchr/testify/require"
	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// healthCheck are the expressions of config/flux for twins.
type healthCheck struct {
	APIVersion, Kind            string
	InProgress, Failed, Current string
}

func twinHealthCheck(t *testing.T) healthCheck {
	t.Helper()
	content, err := os.ReadFile(root + "/config/flux/kustomizations.yaml")
	require.NoError(t, err)
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		var k struct {
			Spec struct{ HealthCheckExprs []healthCheck }
		}
		require.NoError(t, yaml.Unmarshal([]byte(document), &k))
		for _, check := range k.Spec.HealthCheckExprs {
			if check.Kind == "DigitalTwin" {
				require.Equal(t, "twin.energytwin.dev/v1", check.APIVersion)
				return check
			}
		}
	}
	require.Fail(t, "no Kustomization checks twins")
	return healthCheck{}
}

// verdict evaluates the expressions as Flux does (RFC 0009): the first that is
// true decides, without types, over the fields of the object.
func (h healthCheck) verdict(t *testing.T, object map[string]any) string {
	t.Helper()
	env, err := cel.NewEnv(cel.HomogeneousAggregateLiterals(), cel.EagerlyValidateDeclarations(true), cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(), ext.Strings(), ext.Sets(), ext.Encoders())
	require.NoError(t, err)
	for _, each := range []struct{ verdict, expression string }{{"InProgress", h.InProgress}, {"Failed", h.Failed}, {"Current", h.Current}} {
		parsed, issues := env.Parse(each.expression)
		require.NoError(t, issues.Err(), each.expression)
		program, err := env.Program(parsed)
		require.NoError(t, err)
		result, _, err := program.Eval(object)
		require.NoError(t, err, each.expression)
		if result == types.True {
			return each.verdict
		}
		require.Equal(t, types.False, result, each.expression)
	}
	return "InProgress"
}

func TestFluxKnowsTheHealthOfATwin(t *testing.T) {
	check := twinHealthCheck(t)
	for name, v := range map[string]struct{ twin, verdict string }{
		"just created":       {"{metadata: {generation: 1}, status: {}}", "InProgress"},
		"never observed":     {"{metadata: {generation: 1}, status: {observedGeneration: -1}}", "InProgress"},
		"spec not observed":  {"{metadata: {generation: 2}, status: {observedGeneration: 1, conditions: [{type: Ready, status: 'True'}]}}", "InProgress"},
		"coming up":          {"{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [{type: Ready, status: 'False'}, {type: Reconciling, status: 'True'}]}}", "InProgress"},
		"without conditions": {"{metadata: {generation: 1}, status: {observedGeneration: 1}}", "InProgress"},
		"ready":              {"{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [{type: Ready, status: 'True'}]}}", "Current"},
		"proving an image": {"{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [{type: Ready, status: 'True'}, {type: ImagesProven, status: 'False', reason: Proving}]}}",
			"InProgress"},
		"an image failed": {"{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [{type: Ready, status: 'True'}, {type: ImagesProven, status: 'False', reason: ProofFailed}]}}",
			"Failed"},
		"stalled, while the old pods run": {"{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [{type: Ready, status: 'True'}, {type: Stalled, status: 'True'}]}}",
			"Failed"},
	} {
		t.Run(name, func(t *testing.T) {
			var object map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(v.twin), &object))
			require.Equal(t, v.verdict, check.verdict(t, object))
		})
	}
}

// An app of apps creates the twins once the operator's application is healthy.
func TestArgoCDKnowsTheHealthOfAnApplication(t *testing.T) {
	content, err := os.ReadFile(root + "/config/argocd/argocd-cm-app-of-apps.yaml")
	require.NoError(t, err)
	settings := &corev1.ConfigMap{}
	require.NoError(t, yaml.UnmarshalStrict(content, settings))
	require.Len(t, settings.Data, 1)
	script := settings.Data["resource.customizations.health.argoproj.io_Application"]
	require.NotEmpty(t, script)

	for name, v := range map[string]struct{ application, status, message string }{
		"new":             {"{}", "Progressing", "not compared"},
		"compared":        {"{status: {health: {status: Healthy}, sync: {status: OutOfSync}}}", "Progressing", "not synced"},
		"rolling out":     {"{status: {health: {status: Progressing, message: rolling}, sync: {status: Synced}}}", "Progressing", "rolling"},
		"running":         {"{status: {health: {status: Healthy}, sync: {status: Synced}}}", "Healthy", ""},
		"degraded":        {"{status: {health: {status: Degraded, message: a twin is Stalled}, sync: {status: Synced}}}", "Degraded", "a twin is Stalled"},
		"sync failed":     {"{status: {health: {status: Healthy}, sync: {status: OutOfSync}, operationState: {phase: Failed, message: invalid spec}}}", "Degraded", "invalid spec"},
		"being retried":   {"{status: {health: {status: Healthy}, sync: {status: OutOfSync}, operationState: {phase: Running}}}", "Progressing", "not synced"},
		"twins suspended": {"{status: {health: {status: Suspended}, sync: {status: Synced}}}", "Suspended", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var object map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(v.application), &object))
			state := lua.NewState(lua.Options{SkipOpenLibs: true})
			defer state.Close()
			state.SetGlobal("obj", table(state, object))
			require.NoError(t, state.DoString(script))
			result, ok := state.Get(-1).(*lua.LTable)
			require.True(t, ok)
			require.Equal(t, v.status, lua.LVAsString(result.RawGetString("status")))
			require.Contains(t, lua.LVAsString(result.RawGetString("message")), v.message)
		})
	}
}

func table(state *lua.LState, object map[string]any) *lua.LTable {
	out := state.NewTable()
	for key, value := range object {
		switch v := value.(type) {
		case map[string]any:
			out.RawSetString(key, table(state, v))
		case string:
			out.RawSetString(key, lua.LString(v))
		}
	}
	return out
}
