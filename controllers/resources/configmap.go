package resources

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"path"
	"strconv"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/config/fromtwin"
)

// Folders in the workloads' pods.
const (
	configDir   = "/etc/energytwin"
	secretsDir  = "/run/energytwin" // a folder for each group of secrets
	datasetDir  = "/data/dataset"
	seriesDir   = "/data/series"
	scratchDir  = "/tmp"
	configKey   = "twin.yaml"
	fetchedName = "readings" // of a file fetched over HTTP; layouts are recognised by content
)

// endpoints are where the workloads find everything in the cluster.
func (b *builder) endpoints() fromtwin.Endpoints {
	at := fromtwin.Endpoints{
		Image:           b.in.Images.Workloads,
		DatabaseURLFile: secretFile("database", "url"),
		Listen:          ":" + strconv.Itoa(PortAPI),
		StatusListen:    ":" + strconv.Itoa(PortStatus),
		APIKeysFile:     secretFile("api", keyAPIKeys),
		JWTSecretFile:   secretFile("api", keySession),
		OIDCSecretFile:  secretFile("api", keyOIDCSecret),
		OIDCCAFile:      path.Join(secretsDir, "api-ca", "ca.crt"),

		TracingHeadersFile: secretFile(groupTracing, "headers"),
		TracingCAFile:      path.Join(secretsDir, groupTracing+"-ca", "ca.crt"),
	}
	if m := b.spec.Bridged(); m != nil {
		at.MQTTUserFile, at.MQTTPassFile = secretFile(groupMQTT, "username"), secretFile(groupMQTT, "password")
		at.MQTTTLS = tlsFiles(groupMQTT, m.TLS)
	}
	b.kafkaEndpoint(&at)
	b.redisEndpoint(&at)
	b.datasetEndpoint(&at)
	return at
}

func (b *builder) kafkaEndpoint(at *fromtwin.Endpoints) {
	at.KafkaUserFile, at.KafkaPassFile = secretFile("kafka", "username"), secretFile("kafka", "password")
	e := b.spec.Kafka.External
	if e == nil {
		at.Brokers = b.brokers()
		return
	}
	at.Brokers = e.BootstrapServers
	at.KafkaTLS = tlsFiles("kafka", e.TLS)
	if e.SASLSecretRef == nil {
		at.KafkaUserFile, at.KafkaPassFile = "", ""
	}
}

func (b *builder) redisEndpoint(at *fromtwin.Endpoints) {
	e := b.spec.Redis.External
	if e == nil {
		at.RedisAddress = net.JoinHostPort(b.host(b.name(v1.ComponentRedis)), strconv.Itoa(PortRedis))
		at.RedisUserFile, at.RedisPassFile = secretFile("redis", "username"), secretFile("redis", "password")
		at.LiveUserFile, at.LivePassFile = secretFile("redis", fileLiveUser), secretFile("redis", fileLivePass)
		return
	}
	at.RedisAddress = e.Address
	at.RedisTLS = tlsFiles("redis", e.TLS)
	if e.SecretRef == nil {
		return
	}
	at.RedisPassFile = secretFile("redis", "password")
	if len(b.in.Secrets[e.SecretRef.Name]["username"]) > 0 {
		at.RedisUserFile = secretFile("redis", "username")
	}
	if e.LiveSecretRef != nil {
		at.LiveUserFile, at.LivePassFile = secretFile("redis", fileLiveUser), secretFile("redis", fileLivePass)
	}
}

func (b *builder) datasetEndpoint(at *fromtwin.Endpoints) {
	if d := b.spec.Dataset; d != nil {
		switch {
		case d.URL != nil:
			at.DatasetMount = path.Join(datasetDir, fetchedName)
		case d.ConfigMap != nil:
			at.DatasetMount = path.Join(datasetDir, d.ConfigMap.Key)
			at.DatasetSHA256 = b.in.Digests[ConfigMapKey(d.ConfigMap.Name, d.ConfigMap.Key)]
		case d.PersistentVolumeClaim != nil:
			at.DatasetMount = path.Join(datasetDir, d.PersistentVolumeClaim.Path)
		}
	}
	for _, s := range b.series(v1.ComponentProcessor) {
		p := path.Join(seriesDir, s.name, s.file())
		switch s.name {
		case seriesPrice:
			at.PriceSeriesPath = p
		case seriesCarbon:
			at.CarbonSeriesPath = p
		case seriesTemperature:
			at.TemperatureSeriesPath = p
		}
	}
}

// Names of series.
const (
	seriesPrice       = "price"
	seriesCarbon      = "carbon"
	seriesTemperature = "temperature"
)

// namedSeries is a series of hours that the processor reads.
type namedSeries struct {
	name   string
	source *v1.SeriesSource
}

// file is where the series lies in its volume.
func (s namedSeries) file() string {
	if s.source.ConfigMap != nil {
		return s.source.ConfigMap.Key
	}
	return s.source.PersistentVolumeClaim.Path
}

func (s namedSeries) volume() *corev1ac.VolumeApplyConfiguration {
	name := "series-" + s.name
	if c := s.source.ConfigMap; c != nil {
		return configMapVolume(name, c.Name, c.Key)
	}
	return claimVolume(name, s.source.PersistentVolumeClaim.ClaimName)
}

// series are those that a component reads: what energy costs, and for the
// processor the weather.
func (b *builder) series(component string) []namedSeries {
	var out []namedSeries
	d := &b.spec.Processor.DSM
	if d.Tariff != nil && d.Tariff.Dynamic != nil {
		out = append(out, namedSeries{seriesPrice, d.Tariff.Dynamic})
	}
	if d.CarbonIntensity != nil {
		out = append(out, namedSeries{seriesCarbon, d.CarbonIntensity})
	}
	if t := b.spec.Processor.Forecast.Temperature; t != nil && component == v1.ComponentProcessor {
		out = append(out, namedSeries{seriesTemperature, t})
	}
	return out
}

// ConfigMapKey names one value of a ConfigMap.
func ConfigMapKey(name, key string) string { return name + "/" + key }

func secretFile(group, file string) string { return path.Join(secretsDir, group, file) }

// tlsFiles are the places of a store's certificates in a pod; nil for none.
func tlsFiles(store string, t *v1.ClientTLS) *config.TLS {
	if t == nil {
		return nil
	}
	out := &config.TLS{SkipVerify: t.InsecureSkipVerify}
	if t.CASecretRef != nil {
		out.CAFile = path.Join(secretsDir, store+"-ca", "ca.crt")
	}
	if t.CertSecretRef != nil {
		out.CertFile = path.Join(secretsDir, store+"-cert", "tls.crt")
		out.KeyFile = path.Join(secretsDir, store+"-cert", "tls.key")
	}
	return out
}

func (b *builder) configMap() {
	doc, err := b.conf.Marshal()
	if err != nil {
		b.fail("%w", err)
		return
	}
	name := ConfigName(b.twin.Name)
	own(b, StepConfig, componentConfig, corev1ac.ConfigMap(name, b.twin.Namespace).WithData(map[string]string{configKey: string(doc)}))
}

// configRead is the part of the configuration that a component's process acts
// on: what is left out may change without rolling its pods. The image is left
// out as it is in the pod's template.
func (b *builder) configRead(component string) config.Twin {
	c := *b.conf
	c.Image = ""
	if component != v1.ComponentAPI {
		c.Redis.LiveUserFile, c.Redis.LivePassFile = "", ""
	}
	switch component {
	case v1.ComponentPrepare:
		// What decides whether the twin goes on with the readings that are stored.
		c.Generator.Speed, c.Generator.MaxLag, c.Dataset.InvalidRows = 0, 0, ""
		return config.Twin{
			Namespace: c.Namespace, Name: c.Name, Timezone: c.Timezone, Dataset: c.Dataset, Generator: c.Generator,
			Kafka: c.Kafka, Redis: c.Redis, Database: config.Database{URL: c.Database.URL, URLFile: c.Database.URLFile},
		}
	case v1.ComponentGenerator:
		c.SpecHash, c.Processor, c.Database, c.Ingest = "", config.Processor{}, config.Database{}, config.Ingest{}
		c.Kafka = joined(c.Kafka)
		c.API = config.API{StatusListen: c.API.StatusListen}
	case v1.ComponentProcessor:
		c.Generator.Speed, c.Generator.MaxLag, c.Ingest = 0, 0, config.Ingest{}
		c.Kafka = joined(c.Kafka)
		c.API = config.API{StatusListen: c.API.StatusListen}
	case v1.ComponentBridge:
		return config.Twin{
			Namespace: c.Namespace, Name: c.Name, Generator: config.Generator{Mode: c.Generator.Mode}, Ingest: config.Ingest{MQTT: c.Ingest.MQTT},
			Processor: config.Processor{Policy: c.Processor.Policy.Nesting()}, API: config.API{StatusListen: c.API.StatusListen}, Kafka: joined(c.Kafka),
		}
	case v1.ComponentAPI:
		c.Generator.MaxLag, c.Ingest.MQTT = 0, nil
		c.Redis.UserFile, c.Redis.PassFile = "", ""
		if c.Kafka = joined(c.Kafka); !c.TakesReadings() {
			c.Kafka = config.Kafka{Partitions: c.Kafka.Partitions}
		}
		c.Database = config.Database{URL: c.Database.URL, URLFile: c.Database.URLFile}
	}
	return c
}

// joined is what matters of a stream to those who use topics that are there.
func joined(k config.Kafka) config.Kafka {
	k.Replicas, k.RetentionBytes, k.RetentionTime = 0, 0, 0
	return k
}

// hashOf is a hash of values, 32 hexadecimal digits. Maps are written in order
// of their keys.
func hashOf(values ...any) string {
	h := sha256.New()
	for _, v := range values {
		doc, err := json.Marshal(v)
		if err != nil {
			// Only numbers that are not finite cannot be written; fromtwin rejects them.
			doc = []byte(err.Error())
		}
		h.Write(doc)
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
