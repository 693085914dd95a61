package resources

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Where the API and the processor may connect to beyond the stores of the twin, by what the
// spec asks for: addresses, exceptions and ports are in the golden file.
func TestEgressOfWhatASpecAsksFor(t *testing.T) {
	const oidc = `  api: {auth: {oidc: {issuer: "https://id.example.org%s", clientID: twin, publicURL: "https://twin.example.org", groups: [{name: a, scope: read}]}}}`
	issuer := func(port string) string { return string(bytes.Replace([]byte(oidc), []byte("%s"), []byte(port), 1)) }
	var out bytes.Buffer
	rules := map[string][]networkingv1.NetworkPolicyEgressRule{}
	for _, c := range []struct{ name, spec, component string }{
		{"nothing beside the stores", ``, v1.ComponentAPI},
		{"webhooks to public addresses", `  api: {webhooks: {enabled: true}}`, v1.ComponentAPI},
		{"webhooks to any address", `  api: {webhooks: {enabled: true, allowPrivate: true}}`, v1.ComponentAPI},
		{"webhooks that are off", `  api: {webhooks: {enabled: false, allowPrivate: true}}`, v1.ComponentAPI},
		{"an issuer", issuer(""), v1.ComponentAPI},
		{"an issuer on a port of its own", issuer(":8443"), v1.ComponentAPI},
		{"a collector of traces", `  monitoring: {tracing: {endpoint: "https://collector.example.org:4318"}}`, v1.ComponentAPI},
		{"a collector of traces, of the processor", `  monitoring: {tracing: {endpoint: "http://collector.monitoring:4317", protocol: GRPC, insecure: true}}`, v1.ComponentProcessor},
		{"a collector without a port", `  monitoring: {tracing: {endpoint: "https://otlp.example.org"}}`, v1.ComponentGenerator},
	} {
		twin := twinOf(t, "  dataset: {synthetic: {}}\n"+c.spec)
		egress := find[networkingv1.NetworkPolicy](t, build(t, twin, inputs(twin)), KindNetworkPolicy, "small-"+c.component).Spec.Egress
		rules[c.name] = egress
		doc, err := yaml.Marshal(egress)
		require.NoError(t, err)
		out.WriteString("---\n# " + c.component + ": " + c.name + "\n")
		out.Write(doc)
	}
	require.Equal(t, rules["nothing beside the stores"], rules["webhooks that are off"])
	golden := filepath.Join("testdata", "egress", "rules.yaml")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err, "run go test ./controllers/resources -run Egress -update, and look at what it wrote")
	require.Equal(t, string(want), out.String())
}

// Tasks and stores make no traces, and reach no collector.
func TestOnlyWorkloadsReachTheCollector(t *testing.T) {
	twin := twinOf(t, `  dataset: {synthetic: {}}
  monitoring: {tracing: {endpoint: "https://collector.example.org:4318", headersSecretRef: {name: twin-tracing}, caSecretRef: {name: company-ca}}}`)
	w := build(t, twin, inputs(twin))
	reach := map[string]bool{}
	for _, o := range w.Objects {
		if o.Kind != KindNetworkPolicy {
			continue
		}
		for _, rule := range find[networkingv1.NetworkPolicy](t, w, KindNetworkPolicy, o.Name).Spec.Egress {
			for _, p := range rule.Ports {
				reach[o.Name] = reach[o.Name] || p.Port.IntVal == 4318
			}
		}
	}
	require.Equal(t, map[string]bool{"small-api": true, "small-generator": true, "small-processor": true, "small-kafka": false, "small-redis": false,
		"small-timescale": false, "small-prepare": false, "small-prometheus": false, "small-grafana": false}, reach)
	for name, pod := range podSpecs(t, w) {
		mounted := map[string]string{}
		for _, c := range pod.Containers {
			for _, m := range c.VolumeMounts {
				mounted[m.Name] = m.MountPath
			}
		}
		if !reach[name] {
			require.NotContains(t, mounted, "tracing", name)
			require.NotContains(t, mounted, "tracing-ca", name)
			continue
		}
		require.Equal(t, "/run/energytwin/tracing", mounted["tracing"], name)
		require.Equal(t, "/run/energytwin/tracing-ca", mounted["tracing-ca"], name)
	}
}
