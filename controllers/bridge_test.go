package controllers

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// A twin that takes readings from a broker of MQTT has a bridge: its status is part of the
// twin's, it follows its Secrets, and it goes when the spec leaves it out.
func TestBridgeOfMQTT(t *testing.T) {
	sp := newSpace(t)
	sp.secret("company-ca", "ca.crt", authority(t))
	name := sp.sampleTwin("mqtt.yaml").Name
	twin := sp.conditionWithoutWork(name, v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonSecretMissing)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message, "mqtt-user")

	sp.secret("mqtt-user", "username", "twin", "password", "p")
	sp.wake(name)
	require.True(t, hasBridge(sp.ready(name)))
	require.False(t, sp.child(&appsv1.Deployment{}, name+"-generator"))
	policy := &networkingv1.NetworkPolicy{}
	require.True(t, sp.child(policy, name+"-bridge"))

	before := sp.templates(name)
	user := &corev1.Secret{}
	require.True(t, sp.child(user, "mqtt-user"))
	sp.patch(user, `{"stringData":{"password":"another"}}`)
	sp.wake(name)
	sp.eventually(func() error {
		sp.workOnce()
		if sp.templates(name)["bridge"] == before["bridge"] {
			return fmt.Errorf("the bridge has the password before")
		}
		return nil
	})
	sp.ready(name)
	after := sp.templates(name)
	before["bridge"] = after["bridge"]
	require.Equal(t, before, after, "others are replaced")

	// What the broker answers stands where people look.
	sp.runPod(name, "bridge", "192.0.2.171", map[string]any{"problem": "the broker of MQTT is not connected: bad user name or password"})
	d := &appsv1.Deployment{}
	require.True(t, sp.child(d, name+"-bridge"))
	d.Status.ReadyReplicas, d.Status.AvailableReplicas, d.Status.UnavailableReplicas = 0, 0, 1
	sp.writeStatus(d)
	twin = sp.conditionWithoutWork(name, v1.ConditionWorkloadsReady, metav1.ConditionFalse, v1.ReasonUnavailable)
	require.Equal(t, "waiting for bridge: the broker of MQTT is not connected: bad user name or password",
		meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionWorkloadsReady).Message)

	sp.patchSpec(name, "ingest: {mqtt: null}")
	sp.eventually(func() error {
		sp.workOnce()
		if sp.child(&appsv1.Deployment{}, name+"-bridge") || sp.child(policy, name+"-bridge") {
			return fmt.Errorf("the bridge is there")
		}
		return nil
	})
	require.False(t, hasBridge(sp.ready(name)))
	sp.quiet()
}

func hasBridge(twin *v1.DigitalTwin) bool {
	return slices.ContainsFunc(twin.Status.Components, func(c v1.ComponentStatus) bool {
		return c.Name == v1.ComponentBridge && c.Ready == 1 && c.Replicas == 1
	})
}
