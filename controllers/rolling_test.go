package controllers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Rotating one password rolls the store first, then the stores are prepared
// again, then exactly the workloads that use it roll.
func TestRotationRollsTheStoreFirst(t *testing.T) {
	sp := newSpace(t)
	sp.twin("rotate", smallest)
	sp.ready("rotate")
	sp.quiet()
	before := sp.templates("rotate")
	jobs := sp.jobs()
	secret := &corev1.Secret{}
	require.True(t, sp.child(secret, "rotate-credentials"))
	sp.patch(secret, `{"stringData":{"redis-password":"`+strings.Repeat("n", 43)+`"}}`)
	sp.wake("rotate")

	sp.eventually(func() error {
		if sp.templates("rotate")["redis"] == before["redis"] {
			return fmt.Errorf("redis does not roll")
		}
		return nil
	})
	now := sp.templates("rotate")
	require.Equal(t, before["processor"], now["processor"], "the client rolls before the store")
	for _, job := range sp.jobs() {
		require.Equal(t, jobs[0].Name, job.Name, "prepared before the store has the password")
	}

	sp.eventually(func() error {
		sp.workOnce()
		if now = sp.templates("rotate"); now["processor"] == before["processor"] || now["generator"] == before["generator"] {
			return fmt.Errorf("clients do not roll")
		}
		return nil
	})
	for _, untouched := range []string{"kafka", "timescale", "api", "prometheus", "grafana"} {
		require.Equal(t, before[untouched], now[untouched], "%s rolls without need", untouched)
	}
	sp.ready("rotate")
	require.Len(t, sp.jobs(), 1)
	require.NotEqual(t, jobs[0].Name, sp.jobs()[0].Name)
}

// templates are hashes of what each component's pods read.
func (sp *space) templates(twin string) map[string]string {
	sp.t.Helper()
	out := map[string]string{}
	deployments, sets := &appsv1.DeploymentList{}, &appsv1.StatefulSetList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, deployments, client.InNamespace(sp.ns)))
	require.NoError(sp.t, sp.admin.List(sp.ctx, sets, client.InNamespace(sp.ns)))
	for _, d := range deployments.Items {
		out[strings.TrimPrefix(d.Name, twin+"-")] = d.Spec.Template.String()
	}
	for _, s := range sets.Items {
		out[strings.TrimPrefix(s.Name, twin+"-")] = s.Spec.Template.String()
	}
	return out
}

// A setting rolls the pods that read it and no other.
func TestSettingRollsWhoReadsIt(t *testing.T) {
	sp := newSpace(t)
	sp.twin("knobs", smallest)
	sp.ready("knobs")
	for _, c := range []struct {
		spec  string
		rolls []string
	}{
		{"generator: {speed: 7200}", []string{"generator", "api"}},
		{"generator: {maxLag: 60000}", []string{"generator"}},
		{"api: {auth: {sessionTTL: 8h}}", []string{"api"}},
		{"processor: {replicas: 2}", nil},
		{"processor: {dsm: {hysteresis: \"0.2\"}}", []string{"processor", "api"}},
		{"redis: {managed: {maxMemory: 64Mi}}", []string{"redis"}},
		{"monitoring: {prometheus: {retention: 24h}}", []string{"prometheus"}},
	} {
		before := sp.templates("knobs")
		sp.patchSpec("knobs", c.spec)
		generation := sp.get("knobs").Generation
		sp.eventually(func() error {
			sp.workOnce()
			twin := sp.get("knobs")
			if twin.Status.ObservedGeneration != generation || !meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady) {
				return fmt.Errorf("%s: not settled", c.spec)
			}
			return nil
		})
		now := sp.templates("knobs")
		var rolled []string
		for part, template := range now {
			if template != before[part] {
				rolled = append(rolled, part)
			}
		}
		require.ElementsMatch(t, c.rolls, rolled, c.spec)
	}
}
