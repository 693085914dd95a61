package fromtwin_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/admission"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/config/fromtwin"
	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// newChecker compiles the rules of the resource once for all tests.
var newChecker = sync.OnceValues(admission.New)

var update = flag.Bool("update", false, "write the golden files")

// Each sample gives the configuration that stands in testdata. Run with -update
// after a wanted change and read the difference.
func TestSamplesGiveGoldenConfigurations(t *testing.T) {
	for _, name := range []string{"quickstart", "buildings", "external-stores", "production", "mqtt"} {
		t.Run(name, func(t *testing.T) {
			got, err := fromtwin.Config(sample(t, name), inCluster(name))
			require.NoError(t, err)
			doc, err := got.Marshal()
			require.NoError(t, err)

			golden := filepath.Join("..", "testdata", name+".yaml")
			if *update {
				require.NoError(t, os.WriteFile(golden, doc, 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), string(doc))

			again, err := config.Load(golden)
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
}

// The hash changes with what decides rows, and with nothing else.
func TestSpecHash(t *testing.T) {
	base := hashOf(t, func(*v1.DigitalTwinSpec, *fromtwin.Endpoints) {})
	for name, change := range map[string]func(*v1.DigitalTwinSpec, *fromtwin.Endpoints){
		"timezone":    func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Timezone = "Europe/Berlin" },
		"seed":        func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Dataset.Synthetic.Seed = new(int64) },
		"dataset":     func(_ *v1.DigitalTwinSpec, at *fromtwin.Endpoints) { at.DatasetPath = "/data/readings.csv" },
		"window":      func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Dataset.Window.Start = "2025-02-01" },
		"mode":        func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Generator.Mode = v1.GeneratorLoop },
		"warm-up":     func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Generator.Warmup.History = "700h" },
		"lateness":    func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Processor.AllowedLateness = "1h" },
		"issue time":  func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Processor.Forecast.IssueAt = "12:00" },
		"horizon":     func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Processor.Forecast.Horizon = "36h" },
		"re-issue":    func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Processor.Forecast.Reissue.Meters = "6h" },
		"price":       func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Processor.DSM.Tariff.Price = "0.26" },
		"capacity":    func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Processor.DSM.Groups[0].CapacityKW = "33" },
		"flexibility": func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Processor.DSM.Flexibility.MaxShift = "5h" },
	} {
		require.NotEqual(t, base, hashOf(t, change), name)
	}
	for name, change := range map[string]func(*v1.DigitalTwinSpec, *fromtwin.Endpoints){
		"replicas":  func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { *s.Processor.Replicas = 3 },
		"speed":     func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Generator.Speed = v1.SpeedMax },
		"image":     func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Image = "other" },
		"brokers":   func(_ *v1.DigitalTwinSpec, at *fromtwin.Endpoints) { at.Brokers = []string{"elsewhere:9092"} },
		"database":  func(_ *v1.DigitalTwinSpec, at *fromtwin.Endpoints) { at.DatabaseURLFile = "/elsewhere" },
		"retention": func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Timescale.Retention.Raw = "8760h" },
		"API":       func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.API.BasePath = "/x" },
		"traces": func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) {
			s.Monitoring.Tracing = &v1.Tracing{Endpoint: "https://collector:4318"}
		},
		"spelling": func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Processor.DSM.Tariff.Price = "0.250" },
	} {
		require.Equal(t, base, hashOf(t, change), name)
	}
}

// A file is known by what it is: the same content elsewhere is the same twin.
func TestSpecHashOfAFile(t *testing.T) {
	file := func(path, sum string) string {
		return hashOf(t, func(_ *v1.DigitalTwinSpec, at *fromtwin.Endpoints) { at.DatasetPath, at.DatasetSHA256 = path, sum })
	}
	require.Equal(t, file("/a/x.csv", ""), file("/b/x.csv", ""))
	require.NotEqual(t, file("/a/x.csv", ""), file("/a/y.csv", ""))
	require.Equal(t, file("/a/x.csv", "5a"), file("/b/y.csv", "5a"))
	require.NotEqual(t, file("/a/x.csv", "5a"), file("/a/x.csv", "5b"))
}

func hashOf(t *testing.T, change func(*v1.DigitalTwinSpec, *fromtwin.Endpoints)) string {
	t.Helper()
	twin := sample(t, "quickstart")
	twin.Default()
	at := inCluster("quickstart")
	change(&twin.Spec, &at)
	got, err := fromtwin.Config(twin, at)
	require.NoError(t, err)
	require.Len(t, got.SpecHash, 32)
	return got.SpecHash
}

func TestTheTwinIsLeftAlone(t *testing.T) {
	twin := &v1.DigitalTwin{Spec: v1.DigitalTwinSpec{Dataset: &v1.Dataset{Synthetic: &v1.SyntheticSource{}}}}
	twin.Name = "a"
	before := twin.DeepCopy()
	got, err := fromtwin.Config(twin, inCluster("quickstart"))
	require.NoError(t, err)
	require.Equal(t, before, twin)
	require.Equal(t, "default", got.Namespace)
	require.Equal(t, "UTC", got.Timezone)
	require.Equal(t, 200, got.Dataset.Synthetic.Meters)
	require.Equal(t, "GBP", got.Processor.Policy.Tariff.Currency)
}

func TestFileReplacesASyntheticDataset(t *testing.T) {
	at := inCluster("quickstart")
	at.DatasetPath = "/data/readings.csv.gz"
	got, err := fromtwin.Config(sample(t, "quickstart"), at)
	require.NoError(t, err)
	require.Nil(t, got.Dataset.Synthetic)
	require.Equal(t, "/data/readings.csv.gz", got.Dataset.Path)
	require.Equal(t, "file readings.csv.gz", got.Dataset.Source)
}

func TestFileReplacesAnotherFile(t *testing.T) {
	at := inCluster("buildings")
	own, err := fromtwin.Config(sample(t, "buildings"), at)
	require.NoError(t, err)
	at.DatasetPath = "/home/me/other.csv"
	got, err := fromtwin.Config(sample(t, "buildings"), at)
	require.NoError(t, err)
	require.Equal(t, "/home/me/other.csv", got.Dataset.Path)
	require.Equal(t, "file other.csv", got.Dataset.Source)
	require.NotEqual(t, own.SpecHash, got.SpecHash)
}

func TestReadingsFromOutside(t *testing.T) {
	twin := &v1.DigitalTwin{Spec: v1.DigitalTwinSpec{Generator: v1.Generator{Mode: v1.GeneratorOff}}}
	twin.Name = "a"
	got, err := fromtwin.Config(twin, inCluster("quickstart"))
	require.NoError(t, err)
	require.Zero(t, got.Dataset)
	require.Zero(t, got.Generator.WarmUp)

	at := inCluster("quickstart")
	at.DatasetPath = "/data/readings.csv"
	got, err = fromtwin.Config(twin, at)
	require.NoError(t, err)
	require.Equal(t, "/data/readings.csv", got.Dataset.Path)
}

func TestConfigRejects(t *testing.T) {
	series := &v1.SeriesSource{ConfigMap: &v1.ConfigMapSource{Name: "c", Key: "k"}}
	for says, change := range map[string]func(*v1.DigitalTwinSpec, *fromtwin.Endpoints){
		"spec.timezone: \"Europe/Londres\" is no known time zone": func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Timezone = "Europe/Londres" },
		"spec.dataset.layout.time.zone: \"Mars/North\" is no known": func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) {
			s.Dataset.Layout = &layout.Document{Time: &layout.Time{Zone: "Mars/North"}}
		},
		"spec.dataset.layout.from: no layout is called \"octopuss\"": func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) {
			s.Dataset.Layout = &layout.Document{From: "octopuss"}
		},
		"spec.dataset.window.start: \"2019-02-30\" is no day": func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) {
			s.Dataset.Window.Start = "2019-02-30"
		},
		"name the file with --readings": func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) {
			s.Dataset = &v1.Dataset{URL: &v1.URLSource{Location: "https://example.org/a.csv"}}
		},
		"spec.processor.dsm.tariff.dynamic reads a file":   func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Processor.DSM.Tariff.Dynamic = series },
		"spec.processor.dsm.carbonIntensity reads a file":  func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Processor.DSM.CarbonIntensity = series },
		"spec.processor.forecast.temperature reads a file": func(s *v1.DigitalTwinSpec, _ *fromtwin.Endpoints) { s.Processor.Forecast.Temperature = series },
		"kafka.brokers: is empty":                          func(_ *v1.DigitalTwinSpec, at *fromtwin.Endpoints) { at.Brokers = nil },
		"redis.address: is empty":                          func(_ *v1.DigitalTwinSpec, at *fromtwin.Endpoints) { at.RedisAddress = "" },
		"database: needs exactly one of url and urlFile":   func(_ *v1.DigitalTwinSpec, at *fromtwin.Endpoints) { at.DatabaseURLFile = "" },
		"api.listen: is empty":                             func(_ *v1.DigitalTwinSpec, at *fromtwin.Endpoints) { at.Listen = "" },
	} {
		twin := sample(t, "quickstart")
		twin.Default()
		at := inCluster("quickstart")
		change(&twin.Spec, &at)
		_, err := fromtwin.Config(twin, at)
		require.ErrorContains(t, err, says)
	}
}

func TestKafkaRetention(t *testing.T) {
	for name, c := range map[string]struct {
		kafka v1.Kafka
		want  int64
	}{
		"two thirds of the volume": {v1.Kafka{}, (8 << 30) / 1000 * 667 / 12},
		"of a greater volume":      {v1.Kafka{Managed: &v1.ManagedKafka{Storage: &v1.Storage{Size: "80Gi"}}}, (80 << 30) / 1000 * 667 / 12},
		"a size":                   {v1.Kafka{Topics: &v1.Topics{Retention: &v1.TopicRetention{Size: "12Gi"}}}, 1 << 30},
		"external":                 {v1.Kafka{External: &v1.ExternalKafka{BootstrapServers: []string{"a:1"}}}, -1},
	} {
		twin := sample(t, "quickstart")
		twin.Spec.Kafka = &c.kafka
		got, err := fromtwin.Config(twin, inCluster("quickstart"))
		require.NoError(t, err)
		require.Equal(t, c.want, got.Kafka.RetentionBytes, name)
		require.Zero(t, got.Kafka.RetentionTime)
	}
}

func TestWindowStartsAtLocalMidnight(t *testing.T) {
	twin := sample(t, "quickstart")
	twin.Spec.Timezone = "America/New_York"
	twin.Spec.Dataset.Window = &v1.DatasetWindow{Start: "2025-07-01"}
	got, err := fromtwin.Config(twin, inCluster("quickstart"))
	require.NoError(t, err)
	require.Equal(t, time.Date(2025, 7, 1, 4, 0, 0, 0, time.UTC), got.Dataset.Start)
}

func sample(t *testing.T, name string) *v1.DigitalTwin {
	t.Helper()
	file := filepath.Join("..", "..", "..", "config", "samples", name+".yaml")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	checker, err := newChecker()
	require.NoError(t, err)
	twin, err := checker.Read(file, content)
	require.NoError(t, err)
	return twin
}

// inCluster is what the operator would write for the sample's stores.
func inCluster(name string) fromtwin.Endpoints {
	at := fromtwin.Endpoints{
		Image:   "energytwin:test",
		Brokers: []string{name + "-kafka:9092"}, KafkaUserFile: "/secrets/kafka/username", KafkaPassFile: "/secrets/kafka/password",
		RedisAddress: name + "-redis:6379", RedisUserFile: "/secrets/redis/username", RedisPassFile: "/secrets/redis/password",
		DatabaseURLFile: "/secrets/database/url",
		Listen:          ":8080", StatusListen: ":9090",
		APIKeysFile: "/secrets/api/keys", JWTSecretFile: "/secrets/jwt/secret",
		TracingHeadersFile: "/secrets/tracing/headers",
	}
	if strings.HasPrefix(name, "external") {
		at.KafkaTLS = &config.TLS{CAFile: "/secrets/kafka-ca/ca.crt"}
	}
	if name == "mqtt" {
		at.MQTTUserFile, at.MQTTPassFile = "/secrets/mqtt/username", "/secrets/mqtt/password"
		at.MQTTTLS = &config.TLS{CAFile: "/secrets/mqtt-ca/ca.crt"}
	}
	if name == "buildings" || name == "production" {
		at.DatasetMount = "/data/readings.csv.gz"
	}
	if name == "production" {
		at.PriceSeriesPath = "/data/prices.csv.gz"
	}
	return at
}
