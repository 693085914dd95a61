package e2e

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// TestOnlyWhatChangesRestarts: neither a restart nor an upgrade of the operator
// restarts a pod of a twin; a changed secret or setting rolls the pods that use
// it, and no other.
func TestOnlyWhatChangesRestarts(t *testing.T) {
	c := connect(t)
	s := c.space(t, "e2e-upgrade")
	require.NoError(t, c.install(t.Context(), c.image)) // a run that was stopped may have left the other
	c.operatorWorks(t)
	const name = "steady"
	twin := s.synthetic(name, 20, 365, "3600")
	twin.Spec.Monitoring = v1.Monitoring{} // all of it
	s.make(twin)
	s.ready(name)
	s.await(name, "has its monitoring", func(t *v1.DigitalTwin) bool { return conditionIs(t, v1.ConditionMonitoringReady) })

	t.Log("restart the operator")
	s.rolls(name, nil, func() { c.killOperator(t, 1); s.newOperatorLooked(name) })

	if next := os.Getenv("ENERGYTWIN_E2E_NEXT_IMAGE"); next != "" {
		t.Log("upgrade the operator")
		t.Cleanup(func() { require.NoError(t, c.install(context.WithoutCancel(t.Context()), c.image)) })
		s.rolls(name, nil, func() {
			require.NoError(t, c.install(t.Context(), next))
			s.newOperatorLooked(name)
		})
		t.Log("let the twin follow the operator")
		// The broker's helper runs from the same image as the workloads.
		s.rolls(name, []string{"kafka", "generator", "processor", "api"}, func() {
			s.change(name, func(spec *v1.DigitalTwinSpec) { spec.UpdatePolicy = v1.UpdateAutomatic })
		})
		require.Equal(t, next, s.twin(name).Status.Components[componentAt(s.twin(name), "processor")].Image)
	}

	for _, change := range []struct {
		what  string
		roll  []string
		spec  func(*v1.DigitalTwinSpec)
		write map[string][]byte
	}{
		{what: "how long sessions last", roll: []string{"api"}, spec: func(spec *v1.DigitalTwinSpec) { spec.API.Auth.SessionTTL = "11h" }},
		{what: "the speed", roll: []string{"generator", "api"}, spec: func(spec *v1.DigitalTwinSpec) { spec.Generator.Speed = "1800" }},
		{what: "how long metrics are kept", roll: []string{"prometheus"}, spec: func(spec *v1.DigitalTwinSpec) { spec.Monitoring.Prometheus.Retention = "48h" }},
		{what: "the secret of sessions", roll: []string{"api"}, write: one(resources.KeySessionSecret)},
		{what: "the password of Redis", roll: []string{"redis", "generator", "processor"}, write: one(resources.KeyRedisPassword)},
		{what: "the password of who reads the live streams", roll: []string{"redis", "api"}, write: one(resources.KeyLivePassword)},
		{what: "the password of who reads the database", roll: []string{"timescale", "api", "grafana"}, write: one(resources.KeyReaderPassword)},
	} {
		t.Logf("change %s", change.what)
		s.rolls(name, change.roll, func() {
			if change.spec != nil {
				s.change(name, change.spec)
				return
			}
			s.writeSecret(name, change.write)
		})
	}
}

// one is a new value for one key of the credentials.
func one(key string) map[string][]byte { return map[string][]byte{key: newPasswords()[key]} }

func componentAt(twin *v1.DigitalTwin, name string) int {
	return slices.IndexFunc(twin.Status.Components, func(c v1.ComponentStatus) bool { return c.Name == name })
}

// install lets the operator run from another image, as an upgrade does.
func (c *cluster) install(ctx context.Context, image string) error {
	d, err := c.operator(ctx)
	if err != nil {
		return err
	}
	before := d.DeepCopy()
	container := &d.Spec.Template.Spec.Containers[0]
	container.Image = image
	for i := range container.Env {
		if container.Env[i].Name == "ENERGYTWIN_IMAGE" {
			container.Env[i].Value = image
		}
	}
	return c.Patch(ctx, d, client.MergeFrom(before))
}

// newOperatorLooked waits until an operator that started after now has brought
// news of a twin whose data flow.
func (s *space) newOperatorLooked(twin string) {
	s.t.Helper()
	s.operatorWorks(s.t)
	before := s.twin(twin).Status.Stream
	s.await(twin, "has news", func(t *v1.DigitalTwin) bool {
		now := t.Status.Stream
		return now != nil && now.LastEventTime != nil && (before == nil || before.LastEventTime == nil || before.LastEventTime.Time.Before(now.LastEventTime.Time))
	})
}

// rolls makes a change and checks that it replaces the pods of some components,
// and of no other. Containers do not restart either.
func (s *space) rolls(twin string, components []string, change func()) {
	s.t.Helper()
	before := s.stable(twin)
	change()
	for _, component := range components {
		s.replaced(twin, before, component+"-")
	}
	s.ready(twin)
	now := s.stable(twin)
	for name, pod := range before {
		component := pod.Labels[resources.LabelComponent]
		if slices.Contains(components, component) {
			continue
		}
		require.Contains(s.t, now, name, "a pod of %s was replaced", component)
		require.Equal(s.t, pod.UID, now[name].UID, "a pod of %s was replaced", component)
		require.Equal(s.t, restarts(pod), restarts(now[name]), "a container of %s was restarted", component)
	}
}

// stable are the pods of a twin when none comes or goes. Those of Jobs, which
// end, are left out.
func (s *space) stable(twin string) map[string]corev1.Pod {
	s.t.Helper()
	var pods map[string]corev1.Pod
	steady := 0
	eventually(s.t, "pods of "+twin+" stable", func() (string, bool) {
		var moving []string
		pods = s.pods(resources.Name(twin, ""))
		for name, pod := range pods {
			if slices.Contains([]string{v1.ComponentPrepare, resources.ComponentProof}, pod.Labels[resources.LabelComponent]) {
				delete(pods, name)
			} else if !podReady(&pod) {
				moving = append(moving, name)
			}
		}
		if steady++; len(moving) > 0 {
			steady = 0
		}
		return strings.Join(moving, " "), steady > int(5*time.Second/pause)
	})
	return pods
}

func restarts(p corev1.Pod) int32 {
	var n int32
	for _, c := range p.Status.ContainerStatuses {
		n += c.RestartCount
	}
	return n
}
