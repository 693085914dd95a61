package controllers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// An operator that restarts changes nothing that is as it should be.
func TestRestartOfTheOperatorChangesNothing(t *testing.T) {
	sp := newSpace(t)
	sp.twin("steady", everything)
	sp.ready("steady")
	sp.quiet()
	before := sp.contents()
	require.Greater(t, len(before), 30)
	sp.restart()
	sp.caughtUp()
	sp.settle("steady")
	require.NotEmpty(t, sp.requests.taken(), "it knows nothing, and has to apply everything once")
	require.Equal(t, before, sp.contents())
	sp.quiet()
	require.Equal(t, before, sp.contents())
}

// contents are all children in the space and the statuses of its twins, in
// YAML, without what the API server keeps of who wrote them when: it renews that
// where a second manager holds the number of processors.
func (sp *space) contents() map[string]string {
	sp.t.Helper()
	out := map[string]string{}
	for _, kind := range sp.childKinds() {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		require.NoError(sp.t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns)))
		for _, o := range list.Items {
			o.SetManagedFields(nil)
			o.SetResourceVersion("")
			doc, err := yaml.Marshal(o.Object)
			require.NoError(sp.t, err)
			out[o.GetKind()+"/"+o.GetName()] = string(doc)
		}
	}
	twins := &v1.DigitalTwinList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, twins, client.InNamespace(sp.ns)))
	for _, twin := range twins.Items {
		doc, err := yaml.Marshal(twin.Status)
		require.NoError(sp.t, err)
		out[twin.Name] = string(doc)
	}
	return out
}

// An operator upgrade moves no image of a twin that does not want it, and one
// twin after the other of those that do.
func TestUpgradeOfTheOperator(t *testing.T) {
	sp := newSpace(t)
	for _, name := range []string{"manual", "auto-a", "auto-b"} {
		policy := "Manual"
		if name != "manual" {
			policy = "Automatic"
		}
		sp.twin(name, smallest+"\nupdatePolicy: "+policy)
	}
	for _, name := range []string{"manual", "auto-a", "auto-b"} {
		sp.ready(name)
	}
	sp.quiet()
	sp.stop()
	old := sp.image
	sp.image = "ghcr.io/energytwin/energytwin:v2.0.0"
	before := sp.templates("manual")["processor"]
	sp.start()

	moved := func() (n int) {
		for _, name := range []string{"auto-a", "auto-b"} {
			d := &appsv1.Deployment{}
			require.True(t, sp.child(d, name+"-processor"))
			set := &appsv1.StatefulSet{}
			require.True(t, sp.child(set, name+"-kafka"))
			if d.Spec.Template.Spec.Containers[0].Image == sp.image || set.Spec.Template.Spec.InitContainers[1].Image == sp.image {
				n++
			}
		}
		return n
	}
	sp.eventually(func() error {
		sp.workOnJobs() // proofs, before anything moves
		if moved() == 0 {
			return fmt.Errorf("none moves")
		}
		return nil
	})
	sp.settle("auto-a")
	sp.settle("auto-b")
	require.Equal(t, 1, moved(), "both move at the same time")
	sp.eventually(func() error {
		sp.workOnce()
		if moved() != 2 {
			sp.wake("auto-a")
			sp.wake("auto-b")
			return fmt.Errorf("one is left behind")
		}
		return nil
	})
	sp.ready("manual")
	require.Equal(t, before, sp.templates("manual")["processor"])
	require.Contains(t, before, old)

	sp.patchSpec("manual", "image: "+sp.image)
	sp.eventually(func() error {
		sp.workOnce()
		for _, c := range sp.get("manual").Status.Components {
			if c.Name == "processor" && c.Image == sp.image {
				return nil
			}
		}
		return fmt.Errorf("not moved")
	})
}

// A major version of PostgreSQL cannot be reached in place.
func TestMajorUpgradeIsRefused(t *testing.T) {
	sp := newSpace(t)
	sp.twin("major", smallest)
	sp.ready("major")
	sp.patchSpec("major", "timescale: {managed: {version: 2.22.1-pg18}}")
	twin := sp.condition("major", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonMajorUpgrade)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message, "PostgreSQL 17 cannot become 18")
	set := &appsv1.StatefulSet{}
	require.True(t, sp.child(set, "major-timescale"))
	require.Contains(t, set.Spec.Template.Spec.Containers[0].Image, "pg17")
	sp.patchSpec("major", "timescale: {managed: {version: 2.22.2-pg17}}")
	sp.ready("major")
}

// Nor by a detour: the volume knows who wrote it, also when the status does not.
func TestMajorUpgradeIsRefusedByTheVolume(t *testing.T) {
	sp := newSpace(t)
	rejected := func(name string) {
		t.Helper()
		twin := sp.condition(name, v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonMajorUpgrade)
		require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message, "PostgreSQL 17 cannot become 18")
	}
	sp.twin("detour", smallest)
	sp.ready("detour")
	sp.secret("db", "username", "u", "password", "p")
	sp.patchSpec("detour", "timescale: {external: {host: db, database: d, secretRef: {name: db}}}")
	sp.ready("detour")
	sp.patchSpec("detour", "timescale: {external: null, managed: {version: 2.22.1-pg18}}")
	rejected("detour")
	sp.patchSpec("detour", "timescale: {managed: {version: null}}")
	sp.ready("detour")

	require.NoError(t, sp.admin.Delete(sp.ctx, sp.get("detour")))
	sp.eventually(func() error {
		if sp.child(&v1.DigitalTwin{}, "detour") {
			return errStillThere
		}
		return nil
	})
	sp.collectGarbage("detour")
	sp.twin("detour", smallest+"\ntimescale: {managed: {version: 2.22.1-pg18}}")
	rejected("detour")
}
