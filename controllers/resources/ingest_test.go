package resources

import (
	"testing"

	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// The API reads the password of the stream, and reaches it, where it takes readings.
func TestTheAPIReachesTheStreamWhereItTakesReadings(t *testing.T) {
	for spec, takes := range map[string]bool{
		"  generator: {mode: \"Off\"}":                                     true,
		"  generator: {mode: \"Off\"}\n  ingest: {http: {enabled: true}}":  true,
		"  generator: {mode: \"Off\"}\n  ingest: {http: {enabled: false}}": false,
		"  dataset: {synthetic: {}}":                                       false,
		"  dataset: {synthetic: {}}\n  ingest: {http: {enabled: false}}":   false,
		"  dataset: {synthetic: {}}\n  generator: {mode: \"Off\"}":         true,
	} {
		twin := twinOf(t, spec)
		w, err := Build(twin, inputs(twin))
		require.NoError(t, err)
		api := podSpecs(t, w)["small-api"]
		mounted := false
		for _, m := range api.Containers[0].VolumeMounts {
			mounted = mounted || m.Name == groupKafka
		}
		require.Equal(t, takes, mounted, spec)

		reached := false
		for _, rule := range find[networkingv1.NetworkPolicy](t, w, KindNetworkPolicy, "small-api").Spec.Egress {
			for _, p := range rule.Ports {
				reached = reached || p.Port.IntVal == PortKafka
			}
		}
		require.Equal(t, takes, reached, spec)
		let := false
		for _, from := range find[networkingv1.NetworkPolicy](t, w, KindNetworkPolicy, "small-kafka").Spec.Ingress[0].From {
			let = let || from.PodSelector.MatchLabels[LabelComponent] == v1.ComponentAPI
		}
		require.Equal(t, takes, let, spec)
	}
}

// The bridge of MQTT reads the Secrets of its broker and of the stream, and reaches these two
// and nothing else.
func TestTheBridgeReachesItsBrokerAndTheStream(t *testing.T) {
	twin := sample(t, "mqtt.yaml")
	w := build(t, twin, inputs(twin))
	pod := podSpecs(t, w)["metered-bridge"]
	require.Equal(t, []string{"bridge", "mqtt", "--log-format", "json"}, pod.Containers[0].Args)
	require.False(t, *pod.AutomountServiceAccountToken)
	var mounts []string
	for _, m := range pod.Containers[0].VolumeMounts {
		mounts = append(mounts, m.MountPath)
	}
	require.Equal(t, []string{"/etc/energytwin", "/tmp", "/run/energytwin/kafka", "/run/energytwin/mqtt", "/run/energytwin/mqtt-ca"}, mounts)

	policy := find[networkingv1.NetworkPolicy](t, w, KindNetworkPolicy, "metered-bridge").Spec
	var reached []int32
	for _, rule := range policy.Egress {
		for _, p := range rule.Ports {
			reached = append(reached, p.Port.IntVal)
		}
	}
	require.Equal(t, []int32{PortKafka, 8883, 53, 53}, reached)
	for _, rule := range policy.Ingress {
		require.Len(t, rule.Ports, 1)
		require.Equal(t, int32(PortStatus), rule.Ports[0].Port.IntVal)
	}
	for component, spec := range podSpecs(t, w) {
		for _, m := range spec.Containers[0].VolumeMounts {
			if component != "metered-bridge" {
				require.NotContains(t, m.MountPath, "mqtt", component)
			}
		}
	}
}

// Addresses of all kinds lead to their port.
func TestTheBridgeReachesThePortOfItsAddress(t *testing.T) {
	for address, port := range map[string]int32{
		"mqtt://a.example.org:1883": 1883, "mqtts://[2001:db8::1]:8884": 8884, "wss://a.example.org:443/mqtt": 443, "ws://a:9001": 9001,
	} {
		twin := twinOf(t, "  generator: {mode: \"Off\"}\n  ingest: {mqtt: {url: \""+address+"\", topics: [a]}}")
		policy := find[networkingv1.NetworkPolicy](t, build(t, twin, inputs(twin)), KindNetworkPolicy, "small-bridge")
		require.Equal(t, port, policy.Spec.Egress[1].Ports[0].Port.IntVal, address)
	}
}
