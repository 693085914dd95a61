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
