package v1

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
)

func smallest() *DigitalTwin {
	return &DigitalTwin{Spec: DigitalTwinSpec{Dataset: &Dataset{Synthetic: &SyntheticSource{}}}}
}

func TestDefaultFillsInWhatIsInForce(t *testing.T) {
	twin := smallest()
	twin.Default()
	s := twin.Spec
	require.Equal(t, "UTC", s.Timezone)
	require.Equal(t, int32(200), *s.Dataset.Synthetic.Meters)
	require.Equal(t, int32(8), *s.Dataset.Synthetic.Groups)
	require.Equal(t, Speed("3600"), s.Generator.Speed)
	require.Equal(t, Duration("672h"), s.Generator.Warmup.History)
	require.Equal(t, []Decimal{"0.1", "0.5", "0.9"}, s.Processor.Forecast.Quantiles)
	require.Equal(t, int32(1), *s.Kafka.Managed.Replicas)
	require.Equal(t, int32(12), *s.Kafka.Topics.Partitions)
	require.Equal(t, Size("1Gi"), s.Redis.Managed.Storage.Size)
	require.Equal(t, Size("96Mi"), s.Redis.Managed.MaxMemory)
	require.Equal(t, Size("10Gi"), s.Timescale.Managed.Storage.Size)
	require.Len(t, s.Processor.DSM.Tariff.Periods, 2)

	again := twin.DeepCopy()
	again.Default()
	require.Equal(t, twin, again, "filling in twice changed something")
}

func TestDefaultKeepsWhatIsWritten(t *testing.T) {
	replicas, meters := int32(3), int32(5)
	twin := &DigitalTwin{Spec: DigitalTwinSpec{
		Dataset:   &Dataset{Synthetic: &SyntheticSource{Meters: &meters}},
		Generator: Generator{Mode: GeneratorLive},
		Kafka:     &Kafka{External: &ExternalKafka{BootstrapServers: []string{"a:1"}}},
		Redis:     &Redis{External: &ExternalRedis{Address: "a:1"}},
		Timescale: &Timescale{External: &ExternalTimescale{Host: "a", Database: "d"}},
		Processor: Processor{Replicas: &replicas, DSM: DSM{Tariff: &Tariff{Currency: "EUR", Price: "0.3"}}},
	}}
	twin.Default()
	s := twin.Spec
	require.Nil(t, s.Kafka.Managed, "a managed store beside an external one")
	require.Nil(t, s.Redis.Managed)
	require.Nil(t, s.Timescale.Managed)
	require.Equal(t, int32(3), *s.Kafka.External.ReplicationFactor)
	require.Equal(t, "SCRAM-SHA-512", s.Kafka.External.SASLMechanism)
	require.Equal(t, int32(5432), *s.Timescale.External.Port)
	require.Equal(t, int32(3), *s.Processor.Replicas)
	require.Equal(t, int32(5), *s.Dataset.Synthetic.Groups, "more groups than meters")
	require.Equal(t, Speed("1"), s.Generator.Speed, "a live twin runs by the clock")
	require.Empty(t, s.Processor.DSM.Tariff.Periods, "periods of the default tariff in another one")
}

func TestDefaultOfReadingsFromOutside(t *testing.T) {
	twin := &DigitalTwin{Spec: DigitalTwinSpec{Generator: Generator{Mode: GeneratorOff}}}
	twin.Default()
	require.Nil(t, twin.Spec.Dataset)
	require.Zero(t, twin.Spec.Generator.Warmup.History.Std())
}

// The smallest twin fits on one virtual machine of 4 GiB beside Kubernetes. The
// preparing Job runs for a moment beside everything else.
func TestSmallestTwinIsSmall(t *testing.T) {
	twin := smallest()
	twin.Default()
	s := twin.Spec
	cpu, memory, limit := resource.MustParse("50m"), resource.MustParse("64Mi"), resource.MustParse("64Mi")
	for _, r := range []*Resources{
		s.Kafka.Managed.Resources, s.Redis.Managed.Resources, s.Timescale.Managed.Resources,
		s.Generator.Resources, s.Processor.Resources, s.API.Resources,
		s.Monitoring.Prometheus.Resources, s.Monitoring.Grafana.Resources,
	} {
		cpu.Add(*r.Requests.CPU)
		memory.Add(*r.Requests.Memory)
		limit.Add(*r.Limits.Memory)
		require.LessOrEqual(t, r.Requests.Memory.Cmp(*r.Limits.Memory), 0)
	}
	require.LessOrEqual(t, cpu.MilliValue(), int64(1000))
	require.LessOrEqual(t, memory.Value(), int64(1536<<20))
	require.LessOrEqual(t, limit.Value(), int64(2304<<20))
}

func TestResourcesDefaultAroundWhatIsWritten(t *testing.T) {
	small, big := resource.MustParse("100Mi"), resource.MustParse("4Gi")
	limited := &Resources{Limits: &ResourceAmounts{Memory: &small}}
	limited.setDefaults(kafkaResources)
	require.Equal(t, "100Mi", limited.Requests.Memory.String(), "a request above the limit is rejected by Kubernetes")

	greedy := &Resources{Requests: &ResourceAmounts{Memory: &big}}
	greedy.setDefaults(kafkaResources)
	require.Equal(t, "4Gi", greedy.Limits.Memory.String())
	require.Nil(t, greedy.Limits.CPU)
}

// Rules of the CRD name defaults that only code knows; they must be the same.
func TestRulesNameTheDefaultsOfCode(t *testing.T) {
	var source []byte
	for _, file := range []string{"digitaltwin_types.go", "stores_types.go"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		source = append(source, text...)
	}
	for _, part := range []string{
		"?partitions.orValue(" + strconv.Itoa(DefaultPartitions) + ")",
		"?history.orValue('" + string(DefaultWarmup) + "')",
		"?duration.orValue('" + string(DefaultWindow) + "')",
		"self.spec.kafka.managed.storage.size : '" + string(DefaultKafkaStorage) + "'",
		"self.managed.storage.size : '" + string(DefaultKafkaStorage) + "'",
		"string(self.resources.limits.memory) : '" + redisResources.memoryLimit + "'",
		"self.spec.redis.managed.storage.size : '" + string(DefaultRedisStorage) + "'",
		"self.spec.timescale.managed.storage.size : '" + string(DefaultTimescaleStorage) + "'",
	} {
		require.True(t, strings.Contains(string(source), part), "no rule has %s", part)
	}
}
