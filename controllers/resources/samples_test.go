package resources

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/admission"
)

var update = flag.Bool("update", false, "write the golden files")

const samplesDir = "../../config/samples"

// sample reads a twin as the API server admits it.
func sample(t *testing.T, file string) *v1.DigitalTwin {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(samplesDir, file))
	require.NoError(t, err)
	return admitted(t, string(content))
}

// newChecker compiles the CRD's rules once: it takes a while.
var newChecker = sync.OnceValues(admission.New)

func admitted(t *testing.T, content string) *v1.DigitalTwin {
	t.Helper()
	checker, err := newChecker()
	require.NoError(t, err)
	twin, err := checker.Read("twin.yaml", []byte(content))
	require.NoError(t, err)
	twin.Namespace = "demo"
	twin.UID = "11111111-2222-3333-4444-555555555555"
	return twin
}

// twinOf is a twin with a spec in YAML, indented by two spaces.
func twinOf(t *testing.T, spec string) *v1.DigitalTwin {
	t.Helper()
	return admitted(t, "apiVersion: twin.energytwin.dev/v1\nkind: DigitalTwin\nmetadata: {name: small}\nspec:\n"+spec)
}

// inputs are what the samples need besides their spec.
func inputs(twin *v1.DigitalTwin) Inputs {
	credentials := Credentials{}
	for i, key := range CredentialKeys() {
		credentials[key] = CredentialFrom(key, bytes.Repeat([]byte{byte(i), 0x5a}, CredentialBytes/2))
	}
	secret := func(pairs ...string) map[string][]byte {
		out := map[string][]byte{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = []byte(pairs[i+1])
		}
		return out
	}
	user := func(name string) map[string][]byte { return secret("username", "twin", "password", name+" pass/word") }
	images, err := ResolveImages(twin, DefaultImages("ghcr.io/energytwin/energytwin:v1.0.0"))
	if err != nil {
		panic(err) // of a test's own spec
	}
	return Inputs{
		Images:      images,
		Credentials: credentials,
		Secrets: map[string]map[string][]byte{
			"kafka-user": user("kafka"), "redis-user": user("redis"), "database-user": user("database"),
			"mqtt-user":     user("mqtt"),
			"company-ca":    secret("ca.crt", "certificate"),
			"twin-oidc":     secret("clientSecret", "s3cret"),
			"twin-tracing":  secret("headers", "x-api-key=s3cret"),
			"twin-api-keys": secret("alice", "et_"+strings.Repeat("a", 43), "dashboard.read", "et_"+strings.Repeat("b", 43)),
			"backup-bucket": secret("accessKeyID", "id", "secretAccessKey", "key"),
		},
		Digests: map[string]string{
			"agile-prices/prices.csv.gz":         strings.Repeat("1", 64),
			"buildings-readings/readings.csv.gz": strings.Repeat("2", 64),
		},
		Kinds:             Kinds{ServiceMonitor: true},
		OperatorNamespace: "energytwin-system",
	}
}

func build(t *testing.T, twin *v1.DigitalTwin, in Inputs) *Wanted {
	t.Helper()
	w, err := Build(twin, in)
	require.NoError(t, err)
	return w
}

// The objects of every sample, in YAML. A change of a template restarts pods of
// running twins: these files show it.
func TestSamplesMakeTheirObjects(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(samplesDir, "*.yaml"))
	require.NoError(t, err)
	for _, path := range files {
		file := filepath.Base(path)
		if file == "kustomization.yaml" {
			continue
		}
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			twin := sample(t, file)
			got := rendered(t, build(t, twin, inputs(twin)))
			golden := filepath.Join("testdata", file)
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(golden, got, 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err, "run go test ./controllers/resources -update, and look at what it wrote")
			require.Equal(t, string(want), string(got))
		})
	}
}

// rendered is the wanted set in YAML; long texts that are files of their own
// elsewhere are cut.
func rendered(t *testing.T, w *Wanted) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, o := range w.Objects {
		doc, err := yaml.Marshal(o.Config)
		require.NoError(t, err)
		if strings.HasSuffix(o.Name, "-dashboards") {
			doc, _, _ = bytes.Cut(doc, []byte("  flow.json"))
			doc = append(doc, "  # the files of config/grafana/dashboards\n"...)
		}
		out.WriteString("---\n# step: " + string(o.Step) + "\n")
		out.Write(doc)
	}
	return out.Bytes()
}

func TestBuildIsTheSameEachTime(t *testing.T) {
	twin := sample(t, "production.yaml")
	first := rendered(t, build(t, twin, inputs(twin)))
	for range 20 {
		require.Equal(t, first, rendered(t, build(t, twin, inputs(twin))))
	}
}
