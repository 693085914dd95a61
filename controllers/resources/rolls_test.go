package resources

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// templates are the pod templates of a twin by component, as they are sent.
func templates(t *testing.T, twin *v1.DigitalTwin, in Inputs) map[string]string {
	t.Helper()
	w := build(t, twin, in)
	out := map[string]string{}
	for _, o := range w.Objects {
		var template corev1.PodTemplateSpec
		switch o.Kind {
		case KindDeployment:
			template = find[appsv1.Deployment](t, w, o.Kind, o.Name).Spec.Template
		case KindStatefulSet:
			template = find[appsv1.StatefulSet](t, w, o.Kind, o.Name).Spec.Template
		case KindJob:
			template = find[batchv1.Job](t, w, o.Kind, o.Name).Spec.Template
		case KindCronJob:
			template = find[batchv1.CronJob](t, w, o.Kind, o.Name).Spec.JobTemplate.Spec.Template
		default:
			continue
		}
		doc, err := json.Marshal(template)
		require.NoError(t, err)
		out[template.Labels[LabelComponent]] = string(doc)
	}
	return out
}

// rolled are the components whose pods differ, in the order of the table's words.
func rolled(before, after map[string]string) []string {
	var out []string
	for component, template := range after {
		if before[component] != template {
			out = append(out, component)
		}
	}
	for component := range before {
		if _, there := after[component]; !there {
			out = append(out, component)
		}
	}
	return out
}

const managedBase = `  dataset: {configMap: {name: buildings-readings, key: readings.csv.gz}}
  timescale: {managed: {backup: {schedule: "0 3 * * *", s3: {bucket: dumps, endpoint: "https://s3.example.org", secretRef: {name: backup-bucket}}}}}
  processor: {dsm: {tariff: {currency: GBP, price: "0.3", dynamic: {configMap: {name: agile-prices, key: prices.csv.gz}}}}}
  api: {auth: {apiKeysSecretRef: {name: twin-api-keys}, oidc: {issuer: "https://id.example.org", clientID: twin, clientSecretRef: {name: twin-oidc}, publicURL: "https://twin.example.org", groups: [{name: a, scope: read}]}}}
`

// A setting rolls the pods that use it and no other: each line would fail if a
// pod read the configuration as a whole, or if one did not notice what it reads.
func TestSettingsRollWhoUsesThem(t *testing.T) {
	all := "kafka redis timescale backup prepare generator processor api prometheus grafana"
	workloads := "prepare generator processor api backup"
	twin := twinOf(t, managedBase)
	before := templates(t, twin, inputs(twin))
	for spec, rolls := range map[string]string{
		"state: Suspended": "",
		"monitoring: {tracing: {endpoint: 'https://collector.example.org:4318'}}": "generator processor api",
		"state: Hibernated":            "",
		"deletionPolicy: Delete":       "",
		"updatePolicy: Automatic":      "",
		"networkPolicy: Disabled":      "",
		"image: example.org/mine:2":    workloads + " kafka",
		"imagePullPolicy: Always":      all,
		"pods: {labels: {a: b}}":       all,
		"pods: {nodeSelector: {a: b}}": all,
		"timezone: Europe/Paris":       "prepare generator processor api",

		"generator: {speed: 7200}":                                                       "generator api",
		"generator: {speed: max}":                                                        "generator api",
		"generator: {maxLag: 9000}":                                                      "generator",
		"generator: {mode: Loop}":                                                        "prepare generator processor api",
		"generator: {warmup: {history: 336h}}":                                           "prepare generator processor api",
		"generator: {resources: {limits: {memory: 1Gi}}}":                                "generator",
		"dataset: {window: {duration: 2000h}}":                                           "prepare generator processor api",
		"dataset: {groups: [{name: north, meters: [a]}]}":                                "prepare generator processor api",
		"processor: {replicas: 3}":                                                       "",
		"processor: {autoscaling: {minReplicas: 1, maxReplicas: 3}}":                     "",
		"processor: {allowedLateness: 1h}":                                               "processor api",
		"processor: {forecast: {issueAt: \"06:00\"}}":                                    "processor api",
		"processor: {forecast: {temperature: {configMap: {name: weather, key: t.csv}}}}": "processor api",

		"processor: {dsm: {mode: \"Off\"}}":                            "processor api",
		"processor: {dsm: {groups: [{name: north, capacityKW: 250}]}}": "processor api",
		"processor: {resources: {limits: {memory: 1Gi}}}":              "processor",

		"api: {replicas: 3}":                        "",
		"api: {ingress: {host: twin.example.org}}":  "",
		"api: {basePath: /riverside}":               "api",
		"api: {trustedProxies: [10.0.0.0/8]}":       "api",
		"api: {auth: {sessionTTL: 8h}}":             "api",
		"api: {resources: {limits: {memory: 1Gi}}}": "api",

		"kafka: {managed: {resources: {limits: {memory: 3Gi}}}}":         "kafka",
		"kafka: {managed: {version: 4.9.0}}":                             "kafka",
		"kafka: {managed: {storage: {size: 20Gi}}}":                      "prepare",
		"redis: {managed: {maxMemory: 64Mi}}":                            "redis",
		"redis: {managed: {version: 7.9.9}}":                             "redis",
		"redis: {managed: {storage: {size: 2Gi}}}":                       "",
		"timescale: {managed: {storage: {size: 20Gi}}}":                  "",
		"timescale: {managed: {resources: {limits: {memory: 3Gi}}}}":     "timescale",
		"timescale: {retention: {raw: 9000h}}":                           "processor",
		"timescale: {retention: {decisions: 9000h}}":                     "processor",
		"timescale: {managed: {backup: {keep: 2}}}":                      "backup",
		"timescale: {managed: {backup: {schedule: \"0 4 * * *\"}}}":      "",
		"monitoring: {prometheus: {retention: 24h}}":                     "prometheus",
		"monitoring: {prometheus: {resources: {limits: {memory: 1Gi}}}}": "prometheus",
		"monitoring: {grafana: {resources: {limits: {memory: 1Gi}}}}":    "grafana",
	} {
		t.Run(spec, func(t *testing.T) {
			after := merged(t, managedBase, spec)
			got := rolled(before, templates(t, after, inputs(after)))
			require.ElementsMatch(t, strings.Fields(rolls), got)
		})
	}
}

// So does a secret: of the twin's own, and those that the spec names.
func TestSecretsRollWhoUsesThem(t *testing.T) {
	managed, external := twinOf(t, managedBase), sample(t, "external-stores.yaml")
	traced := twinOf(t, managedBase+`  monitoring: {tracing: {endpoint: "https://collector.example.org", headersSecretRef: {name: twin-tracing}, caSecretRef: {name: company-ca}}}`)
	type change struct {
		twin  *v1.DigitalTwin
		apply func(*Inputs)
		rolls string
	}
	own := func(key string) func(*Inputs) {
		return func(in *Inputs) { in.Credentials[key] = "another" }
	}
	named := func(secret, key string) func(*Inputs) {
		return func(in *Inputs) { in.Secrets[secret][key] = []byte("another") }
	}
	digest := func(key string) func(*Inputs) {
		return func(in *Inputs) { in.Digests[key] = strings.Repeat("9", 64) }
	}
	changes := map[string]change{
		KeyKafkaPassword:    {managed, own(KeyKafkaPassword), "kafka prepare generator processor"},
		KeyKafkaInternal:    {managed, own(KeyKafkaInternal), "kafka"},
		KeyRedisPassword:    {managed, own(KeyRedisPassword), "redis prepare generator processor"},
		KeyLivePassword:     {managed, own(KeyLivePassword), "redis api"},
		KeyPostgresPassword: {managed, own(KeyPostgresPassword), "timescale"},
		KeyOwnerPassword:    {managed, own(KeyOwnerPassword), "timescale prepare processor"},
		KeyReaderPassword:   {managed, own(KeyReaderPassword), "timescale api grafana"},
		KeySessionSecret:    {managed, own(KeySessionSecret), "api"},
		KeyGrafanaPassword:  {managed, own(KeyGrafanaPassword), "grafana"},

		"an API key":                {managed, named("twin-api-keys", "alice"), "api"},
		"the client's secret":       {managed, named("twin-oidc", "clientSecret"), "api"},
		"headers of traces":         {traced, named("twin-tracing", "headers"), "generator processor api"},
		"authority of a collector":  {traced, named("company-ca", "ca.crt"), "generator processor api"},
		"an own API key, unused":    {managed, own(KeyAPIKey), ""},
		"the bucket's key":          {managed, named("backup-bucket", "secretAccessKey"), ""}, // each backup reads it
		"prices":                    {managed, digest("agile-prices/prices.csv.gz"), "processor api"},
		"the dataset":               {managed, digest("buildings-readings/readings.csv.gz"), "prepare generator processor api"},
		"external Kafka's password": {external, named("kafka-user", "password"), "prepare generator processor"},
		"external Redis's password": {external, named("redis-user", "password"), "prepare generator processor"},
		"external database":         {external, named("database-user", "password"), "prepare processor api grafana"},
	}
	for _, key := range CredentialKeys() {
		if key != KeyAPIKey {
			require.Contains(t, changes, key)
		}
	}
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			before, after := inputs(c.twin), inputs(c.twin)
			c.apply(&after)
			require.ElementsMatch(t, strings.Fields(c.rolls), rolled(templates(t, c.twin, before), templates(t, c.twin, after)))
		})
	}
}

// What an operator knows besides the spec and the secrets rolls nothing.
func TestOperatorsOwnKnowledgeRollsNothing(t *testing.T) {
	twin := twinOf(t, managedBase)
	for name, apply := range map[string]func(*Inputs){
		"its namespace":   func(in *Inputs) { in.OperatorNamespace = "elsewhere" },
		"an ended replay": func(in *Inputs) { in.FinishedReads = "1" },
		"an autoscaler":   func(in *Inputs) { in.AutoscalerHolds = true },
		"volumes that are old": func(in *Inputs) {
			in.Sizes = map[string]v1.Size{v1.ComponentTimescale: "5Gi", v1.ComponentRedis: "5Gi"}
		},
		"other kinds": func(in *Inputs) { in.Kinds = Kinds{ServiceMonitor: true, ScaledObject: true} },
		"held stores": func(in *Inputs) { in.StoresHeld = true },
	} {
		after := inputs(twin)
		apply(&after)
		require.Empty(t, rolled(templates(t, twin, inputs(twin)), templates(t, twin, after)), name)
	}
}

// merged is a twin whose spec is a base with a change merged into it.
func merged(t *testing.T, base, change string) *v1.DigitalTwin {
	t.Helper()
	var into, from map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(base), &into))
	require.NoError(t, yaml.Unmarshal([]byte(change), &from))
	doc, err := yaml.Marshal(map[string]any{"spec": mergeMaps(into, from)})
	require.NoError(t, err)
	twin := twinOf(t, base)
	twin.Spec = v1.DigitalTwinSpec{}
	require.NoError(t, yaml.UnmarshalStrict(doc, twin))
	return twin
}

func mergeMaps(into, from map[string]any) map[string]any {
	for k, v := range from {
		below, isMap := v.(map[string]any)
		there, wasMap := into[k].(map[string]any)
		if isMap && wasMap {
			into[k] = mergeMaps(there, below)
			continue
		}
		into[k] = v
	}
	return into
}

// A pod of a template that is taken back is replaced although it is not ready, which the
// controller of an ordered StatefulSet does not do: docs/adr/0037.
func TestStoresReplacePodsThatAreNotReady(t *testing.T) {
	twin := twinOf(t, smallest+"  kafka: {managed: {replicas: 3}}\n")
	w := build(t, twin, inputs(twin))
	for store, replicas := range map[string]int32{"kafka": 3, "redis": 1, "timescale": 1} {
		set := find[appsv1.StatefulSet](t, w, KindStatefulSet, "small-"+store)
		require.NotNil(t, set, store)
		require.Equal(t, appsv1.ParallelPodManagement, set.Spec.PodManagementPolicy, store)
		require.Equal(t, replicas, *set.Spec.Replicas, store)
		// The defaults: one pod after the other.
		require.Empty(t, set.Spec.UpdateStrategy, store)
	}
}
