package resources

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const smallest = "  dataset: {synthetic: {}}\n"

// find is an object of the wanted set in its type, nil if it is not there.
func find[T any](t *testing.T, w *Wanted, kind schema.GroupVersionKind, name string) *T {
	t.Helper()
	for _, o := range w.Objects {
		if o.Kind == kind && o.Name == name {
			doc, err := json.Marshal(o.Config)
			require.NoError(t, err)
			out := new(T)
			require.NoError(t, json.Unmarshal(doc, out))
			return out
		}
	}
	return nil
}

// podSpecs are the pods of a twin by component, with their numbers.
func podSpecs(t *testing.T, w *Wanted) map[string]corev1.PodSpec {
	t.Helper()
	out := map[string]corev1.PodSpec{}
	for _, o := range w.Objects {
		var spec corev1.PodSpec
		switch o.Kind {
		case KindDeployment:
			spec = find[appsv1.Deployment](t, w, o.Kind, o.Name).Spec.Template.Spec
		case KindStatefulSet:
			spec = find[appsv1.StatefulSet](t, w, o.Kind, o.Name).Spec.Template.Spec
		case KindJob:
			spec = find[batchv1.Job](t, w, o.Kind, o.Name).Spec.Template.Spec
		default:
			continue
		}
		out[o.Name] = spec
	}
	return out
}

// asks is what the scheduler sets aside for a pod, and what it may use: the
// greatest init container, or all containers and those that stay beside them.
func asks(spec corev1.PodSpec) (cpu, memory, limit resource.Quantity) {
	add := func(into *resource.Quantity, q *resource.Quantity) { into.Add(*q) }
	for _, c := range spec.Containers {
		add(&cpu, c.Resources.Requests.Cpu())
		add(&memory, c.Resources.Requests.Memory())
		add(&limit, c.Resources.Limits.Memory())
	}
	for _, c := range spec.InitContainers {
		if c.RestartPolicy != nil {
			add(&cpu, c.Resources.Requests.Cpu())
			add(&memory, c.Resources.Requests.Memory())
			add(&limit, c.Resources.Limits.Memory())
		}
	}
	for _, c := range spec.InitContainers {
		for into, q := range map[*resource.Quantity]*resource.Quantity{&cpu: c.Resources.Requests.Cpu(), &memory: c.Resources.Requests.Memory(), &limit: c.Resources.Limits.Memory()} {
			if q.Cmp(*into) > 0 {
				*into = q.DeepCopy()
			}
		}
	}
	return cpu, memory, limit
}

// One virtual machine of 4 GiB holds a twin beside Kubernetes, helpers and the
// preparing Job included.
func TestSmallestTwinFitsOnASmallMachine(t *testing.T) {
	twin := twinOf(t, smallest)
	var cpu, memory, limit resource.Quantity
	specs := podSpecs(t, build(t, twin, inputs(twin)))
	require.Len(t, specs, 9)
	for _, spec := range specs {
		c, m, l := asks(spec)
		cpu.Add(c)
		memory.Add(m)
		limit.Add(l)
	}
	require.LessOrEqual(t, cpu.MilliValue(), int64(1000))
	require.LessOrEqual(t, memory.Value(), int64(1536<<20), memory.String())
	require.LessOrEqual(t, limit.Value(), int64(2304<<20), limit.String())
}

func TestEveryContainerIsRestricted(t *testing.T) {
	for _, file := range []string{"quickstart.yaml", "production.yaml", "external-stores.yaml"} {
		twin := sample(t, file)
		for name, spec := range podSpecs(t, build(t, twin, inputs(twin))) {
			require.False(t, *spec.AutomountServiceAccountToken, name)
			require.True(t, *spec.SecurityContext.RunAsNonRoot, name)
			for _, c := range append(spec.InitContainers, spec.Containers...) {
				require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem, "%s/%s", name, c.Name)
				require.False(t, *c.SecurityContext.AllowPrivilegeEscalation, "%s/%s", name, c.Name)
				require.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop)
				require.NotNil(t, c.Resources.Limits.Memory(), "%s/%s", name, c.Name)
				require.NotContains(t, c.Image, ":latest")
			}
		}
	}
}

// No passwords but those in Secrets: a ConfigMap and a pod's template can be
// read by many.
func TestPasswordsAreInSecretsOnly(t *testing.T) {
	for _, file := range []string{"quickstart.yaml", "external-stores.yaml"} {
		twin := sample(t, file)
		in := inputs(twin)
		for _, o := range build(t, twin, in).Objects {
			if o.Kind == KindSecret {
				continue
			}
			doc, err := json.Marshal(o.Config)
			require.NoError(t, err)
			for key, value := range in.Credentials {
				require.NotContains(t, string(doc), value, "%s in %s %s", key, o.Kind.Kind, o.Name)
			}
			require.NotContains(t, string(doc), "pass/word", "%s %s", o.Kind.Kind, o.Name)
		}
	}
}

func TestPasswordsOfExternalDatabasesAreQuoted(t *testing.T) {
	twin := sample(t, "external-stores.yaml")
	secret := find[corev1.Secret](t, build(t, twin, inputs(twin)), KindSecret, "external-stores-connections")
	require.Equal(t,
		"postgres://twin:database%20pass%2Fword@timescale.stores.svc:5432/twin?sslmode=verify-full&sslrootcert=%2Frun%2Fenergytwin%2Fdatabase-ca%2Fca.crt",
		string(secret.Data["database-url"]))
}

func TestDatasetsReachTheGenerator(t *testing.T) {
	for _, c := range []struct{ name, dataset, path string }{
		{"url", "{url: {location: \"https://example.org/r.csv\", sha256: " + strings.Repeat("a", 64) + "}}", "/data/dataset/readings"},
		{"configMap", "{configMap: {name: buildings-readings, key: readings.csv.gz}}", "/data/dataset/readings.csv.gz"},
		{"claim", "{persistentVolumeClaim: {claimName: archive, path: 2019/r.csv}}", "/data/dataset/2019/r.csv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			twin := twinOf(t, "  dataset: "+c.dataset+"\n")
			w := build(t, twin, inputs(twin))
			require.Equal(t, c.path, w.Config.Dataset.Path)
			spec := find[appsv1.Deployment](t, w, KindDeployment, "small-generator").Spec.Template.Spec
			require.Equal(t, c.name == "url", len(spec.InitContainers) == 1)
			if c.name == "url" {
				require.Equal(t, []string{"dataset", "fetch", "https://example.org/r.csv", "--out", "/data/dataset/readings",
					"--log-format", "json", "--sha256", strings.Repeat("a", 64)}, spec.InitContainers[0].Args)
			}
			processor := find[appsv1.Deployment](t, w, KindDeployment, "small-processor").Spec.Template.Spec
			for _, v := range processor.Volumes {
				require.NotEqual(t, "dataset", v.Name, "the processor needs no file")
			}
		})
	}
}

// The API computes what energy costs, and needs no weather.
func TestSeriesReachWhoReadsThem(t *testing.T) {
	twin := twinOf(t, "  dataset: {synthetic: {}}\n  processor: {forecast: {temperature: {configMap: {name: weather, key: t.csv}}}, dsm: {carbonIntensity: {persistentVolumeClaim: {claimName: archive, path: c.csv}}}}\n")
	w := build(t, twin, inputs(twin))
	require.Equal(t, "/data/series/temperature/t.csv", w.Config.Processor.TemperatureSeries.Path)
	mounted := func(deployment string) (names []string) {
		for _, v := range find[appsv1.Deployment](t, w, KindDeployment, deployment).Spec.Template.Spec.Volumes {
			if strings.HasPrefix(v.Name, "series-") {
				names = append(names, v.Name)
			}
		}
		return names
	}
	require.Equal(t, []string{"series-carbon", "series-temperature"}, mounted("small-processor"))
	require.Empty(t, mounted("small-api"))
}

// Nobody reaches the address behind which clouds keep a node's credentials.
func TestNetworkPoliciesKeepTheMetadataAddressOut(t *testing.T) {
	for _, file := range []string{"external-stores.yaml", "production.yaml"} {
		twin := sample(t, file)
		w := build(t, twin, inputs(twin))
		policies := 0
		for _, o := range w.Objects {
			if o.Kind != KindNetworkPolicy {
				continue
			}
			policies++
			p := find[networkingv1.NetworkPolicy](t, w, o.Kind, o.Name)
			require.Len(t, p.Spec.PolicyTypes, 2)
			for _, rule := range p.Spec.Egress {
				open := len(rule.To) == 0
				for _, port := range rule.Ports {
					require.False(t, open && port.Port.IntValue() != 53, "%s lets everything out at %s", o.Name, port.Port)
				}
				for _, to := range rule.To {
					if to.IPBlock != nil && to.IPBlock.CIDR == "0.0.0.0/0" {
						require.Equal(t, []string{"169.254.0.0/16"}, to.IPBlock.Except)
					}
				}
			}
		}
		require.Greater(t, policies, 3)
	}
}

func TestThreeBrokersKnowEachOther(t *testing.T) {
	twin := sample(t, "production.yaml")
	w := build(t, twin, inputs(twin))
	conf := find[corev1.ConfigMap](t, w, KindConfigMap, "riverside-kafka").Data["server.properties"]
	require.Contains(t, conf, "controller.quorum.voters=0@riverside-kafka-0.riverside-kafka.demo.svc:9093,1@riverside-kafka-1.riverside-kafka.demo.svc:9093,2@")
	require.Contains(t, conf, "min.insync.replicas=2\n")
	require.Len(t, w.Config.Kafka.Brokers, 3)
	in := inputs(twin)
	in.KafkaStopped = true
	set := find[appsv1.StatefulSet](t, build(t, twin, in), KindStatefulSet, "riverside-kafka")
	require.Zero(t, *set.Spec.Replicas)
}

func TestWhatKedaFollows(t *testing.T) {
	twin := sample(t, "production.yaml")
	in := inputs(twin)
	in.Kinds.ScaledObject = true
	kinds := map[string]bool{}
	for _, o := range build(t, twin, in).Objects {
		kinds[o.Kind.Kind] = true
	}
	require.True(t, kinds["ScaledObject"])
	require.True(t, kinds["TriggerAuthentication"])
	require.False(t, kinds["HorizontalPodAutoscaler"])
}

func TestInvalidSpecNamesTheField(t *testing.T) {
	twin := twinOf(t, smallest)
	twin.Spec.Timezone = "Europe/Atlantis"
	_, err := Build(twin, inputs(twin))
	require.ErrorContains(t, err, "spec.timezone")
}
