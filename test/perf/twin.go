package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/config/fromtwin"
	"github.com/energytwin/energytwin/internal/meter"
)

const (
	metersPerGroup = 25
	namespace      = "perf"
	datasetYear    = 2019
	timezone       = "Europe/London"
)

// resourceOf is the twin that is measured: made-up households on feeders of
// 25, the default tariff, and every second feeder with a limit that is tight
// on winter evenings. Nothing is known of the meters beforehand, so that every
// row comes from the topic.
func resourceOf(name string, s size) string {
	var groups strings.Builder
	for g := 0; g < groupsOf(s); g += 2 {
		fmt.Fprintf(&groups, "\n      - {name: feeder-%04d, capacityKW: 30}", g+1)
	}
	return fmt.Sprintf(`
apiVersion: twin.energytwin.dev/v1
kind: DigitalTwin
metadata: {namespace: %s, name: %s}
spec:
  timezone: %s
  dataset:
    synthetic: {meters: %d, groups: %d, seed: 1, year: %d}
  generator:
    mode: Replay
    speed: max
    warmup: {history: 0h}
  processor:
    dsm:
      mode: Advisory
      flexibility: {shiftableShare: "0.15", maxShift: 6h}
      groups:%s
`, namespace, name, timezone, s.Meters, groupsOf(s), datasetYear, groups.String())
}

func groupsOf(s size) int { return (s.Meters + metersPerGroup - 1) / metersPerGroup }

// twinOf is the configuration document of a twin on these stores.
func twinOf(name string, s size, at *stores, database string) (*config.Twin, error) {
	var resource v1.DigitalTwin
	if err := yaml.UnmarshalStrict([]byte(resourceOf(name, s)), &resource); err != nil {
		return nil, fmt.Errorf("twin %s: %w", name, err)
	}
	const unused = "127.0.0.1:0"
	twin, err := fromtwin.Config(&resource, fromtwin.Endpoints{
		Image: "energytwin:perf", Brokers: []string{at.broker}, DatabaseURL: database,
		RedisAddress: at.redis.Address, RedisPassFile: at.redisPassFile,
		Listen: unused, StatusListen: unused, APIKeysFile: "none", JWTSecretFile: "none",
	})
	if err != nil {
		return nil, fmt.Errorf("twin %s: %w", name, err)
	}
	cal, err := meter.NewCalendar(timezone)
	if err != nil {
		return nil, err
	}
	start := time.Date(datasetYear, time.January, 1, 0, 0, 0, 0, cal.Location())
	twin.Dataset.Start = start
	twin.Dataset.Span = config.Duration(time.Duration(s.Days) * meter.HoursPerDay * time.Hour)
	twin.Kafka.Replicas, twin.Kafka.RetentionBytes = 1, -1
	twin.Generator.MaxLag = math.MaxInt64 // nobody reads while the topic is filled
	return twin, nil
}

// save writes the twin's document where its workloads find it.
func save(twin *config.Twin, dir string) (path string, err error) {
	path = filepath.Join(dir, twin.Name+".yaml")
	return path, twin.Save(path)
}
