// Package fromtwin turns a DigitalTwin into the configuration of its workloads. The
// operator, `energytwin local` and the other commands that read a manifest map it
// here, so that they all run the same twin. The configuration itself knows no
// Kubernetes.
package fromtwin

import (
	"cmp"
	"fmt"
	"path/filepath"
	"time"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/meter"
)

// topicShare is the part of a broker's volume that the readings may fill, per
// mille; the rest is for the other topics and for segments that wait for
// deletion.
const topicShare = 667

// Config is the configuration of a twin's workloads. It fills in all
// defaults, on a copy. An error names the field of the resource and the fix.
func Config(twin *v1.DigitalTwin, at Endpoints) (*config.Twin, error) {
	twin = twin.DeepCopy()
	if twin.Spec.Dataset == nil && at.DatasetPath != "" {
		twin.Spec.Dataset = &v1.Dataset{}
	}
	twin.Default()
	s := &twin.Spec

	zone, err := time.LoadLocation(s.Timezone)
	if err != nil {
		return nil, fmt.Errorf("spec.timezone: %q is no known time zone; write an IANA name such as Europe/London", s.Timezone)
	}
	data, err := datasetOf(s, zone, at)
	if err != nil {
		return nil, err
	}
	processor, err := processorOf(&s.Processor, at)
	if err != nil {
		return nil, err
	}
	t := &config.Twin{
		Namespace: cmp.Or(twin.Namespace, "default"),
		Name:      twin.Name,
		Timezone:  s.Timezone,
		Image:     cmp.Or(s.Image, at.Image),
		Dataset:   data,
		Generator: generatorOf(&s.Generator),
		Ingest:    config.Ingest{HTTP: s.TakesHTTP(), MQTT: mqttOf(s.Bridged(), twin, at)},
		Processor: processor,
		API:       apiOf(&s.API, at),
		Kafka:     kafkaOf(s.Kafka, at),
		Redis:     config.Redis{Address: at.RedisAddress, TLS: at.RedisTLS, UserFile: at.RedisUserFile, PassFile: at.RedisPassFile, LiveUserFile: at.LiveUserFile, LivePassFile: at.LivePassFile},
		Database:  databaseOf(s.Timescale, at),
		Tracing:   tracingOf(s.Monitoring.Tracing, at),
	}
	t.HashRows()
	if err := t.Validate(); err != nil {
		return nil, err
	}
	return t, nil
}

func datasetOf(s *v1.DigitalTwinSpec, zone *time.Location, at Endpoints) (config.Dataset, error) {
	d := s.Dataset
	if d == nil {
		return config.Dataset{}, nil // readings come from outside
	}
	out, err := readingOf(d)
	if err != nil {
		return config.Dataset{}, err
	}
	out.Span = config.Duration(d.Window.Duration.Std())
	if err := setStart(&out, d, zone); err != nil {
		return config.Dataset{}, err
	}
	return out, setSource(&out, d, zone, at)
}

// ReadingOf is how the dataset of a twin is read, whatever file it is: its layout,
// groups, limit and treatment of bad rows. A twin without a dataset leaves all open.
func ReadingOf(twin *v1.DigitalTwin) (config.Dataset, error) {
	if twin.Spec.Dataset == nil {
		return config.Dataset{}, nil
	}
	return readingOf(twin.Spec.Dataset)
}

func readingOf(d *v1.Dataset) (config.Dataset, error) {
	if err := checkLayout(d.Layout); err != nil {
		return config.Dataset{}, err
	}
	out := config.Dataset{Layout: d.Layout, InvalidRows: string(d.InvalidRows), MaxKW: d.MaxKW.Float()}
	for _, g := range d.Groups {
		out.Groups = append(out.Groups, config.MeterGroup{Name: g.Name, Meters: g.Meters})
	}
	return out, nil
}

// checkLayout finds what the schema of the resource does not: names of layouts and
// time zones that do not exist.
func checkLayout(d *layout.Document) error {
	if d == nil {
		return nil
	}
	if _, err := d.Complete(); err != nil {
		return fmt.Errorf("spec.dataset.layout.%w", err)
	}
	return nil
}

func setStart(out *config.Dataset, d *v1.Dataset, zone *time.Location) error {
	if d.Window.Start == "" {
		return nil
	}
	start, err := time.Parse(time.DateOnly, d.Window.Start)
	if err != nil {
		return fmt.Errorf("spec.dataset.window.start: %q is no day of the calendar; write year-month-day, such as 2019-01-01", d.Window.Start)
	}
	out.Start = meter.DayStart(start.Year(), start.Month(), start.Day(), zone).Time()
	return nil
}

// setSource sets what is read. The name of a file that takes the dataset's
// place, not its folder, identifies it. The year of made-up households is known
// beforehand, that of a file only to who reads it.
func setSource(out *config.Dataset, d *v1.Dataset, zone *time.Location, at Endpoints) error {
	out.SHA256 = at.DatasetSHA256
	if at.DatasetPath != "" {
		out.Path = at.DatasetPath
		out.Source = "file " + filepath.Base(at.DatasetPath)
		return nil
	}
	if y := d.Synthetic; y != nil {
		out.Synthetic = &config.Synthetic{Meters: int(*y.Meters), Groups: int(*y.Groups), Seed: *y.Seed, Year: int(*y.Year)}
		out.Source = "synthetic households"
		if out.Start.IsZero() {
			out.Start = meter.DayStart(int(*y.Year), time.January, 1, zone).Time()
		}
		return nil
	}
	switch {
	case d.URL != nil:
		out.Source = "url " + d.URL.Location
		out.SHA256 = cmp.Or(out.SHA256, d.URL.SHA256)
	case d.ConfigMap != nil:
		out.Source = configMapSource(d.ConfigMap)
	case d.PersistentVolumeClaim != nil:
		out.Source = volumeSource(d.PersistentVolumeClaim)
	}
	if at.DatasetMount == "" {
		return fmt.Errorf("spec.dataset: %s is not at hand here; on one machine name the file with --readings", out.Source)
	}
	out.Path = at.DatasetMount
	return nil
}

func configMapSource(c *v1.ConfigMapSource) string { return "configMap " + c.Name + "/" + c.Key }

func volumeSource(v *v1.VolumeSource) string {
	return "persistentVolumeClaim " + v.ClaimName + "/" + v.Path
}

func generatorOf(g *v1.Generator) config.Generator {
	return config.Generator{
		Mode:   string(g.Mode),
		Speed:  g.Speed.Factor(),
		WarmUp: config.Duration(g.Warmup.History.Std()),
		MaxLag: g.MaxLag,
	}
}

// mqttOf maps a broker of MQTT; nil for none. Its client id is the twin's, unless the spec
// names one.
func mqttOf(m *v1.MQTTIngest, twin *v1.DigitalTwin, at Endpoints) *config.MQTT {
	if m == nil {
		return nil
	}
	out := &config.MQTT{
		URL: m.URL, Topics: m.Topics, TLS: at.MQTTTLS,
		ClientID: cmp.Or(m.ClientID, "energytwin-"+cmp.Or(twin.Namespace, "default")+"-"+twin.Name+at.MQTTIDEnding),
		Mapping:  config.MQTTMapping(*m.Mapping),
	}
	if m.SecretRef != nil {
		out.UserFile, out.PassFile = at.MQTTUserFile, at.MQTTPassFile
	}
	return out
}

func apiOf(a *v1.API, at Endpoints) config.API {
	return config.API{
		BasePath:       a.BasePath,
		TrustedProxies: a.TrustedProxies,
		Listen:         at.Listen,
		StatusListen:   at.StatusListen,
		APIKeysFile:    at.APIKeysFile,
		JWTSecretFile:  at.JWTSecretFile,
		SessionTTL:     config.Duration(a.Auth.SessionTTL.Std()),
		OIDC:           oidcOf(a, at),
		GrafanaURL:     at.GrafanaURL,
		Webhooks:       webhooksOf(a.Webhooks),
		SlowQuery:      slowQueryOf(a.SlowQuery),
	}
}

func slowQueryOf(after v1.Duration) *config.Duration {
	if after == "" {
		return nil
	}
	d := config.Duration(after.Std())
	return &d
}

func webhooksOf(w *v1.Webhooks) config.Webhooks {
	if w == nil || !w.Enabled {
		return config.Webhooks{}
	}
	return config.Webhooks{Enabled: true, AllowPrivate: w.AllowPrivate, GiveUpAfter: config.Duration(w.GiveUpAfter.Std()), Max: int(*w.Max)}
}

func oidcOf(a *v1.API, at Endpoints) *config.OIDC {
	o := a.Auth.OIDC
	if o == nil {
		return nil
	}
	out := &config.OIDC{
		Name: o.DisplayName, Issuer: o.Issuer, ClientID: o.ClientID, Scopes: o.Scopes, NameClaim: o.NameClaim, GroupsClaim: o.GroupsClaim,
		PublicURL: cmp.Or(a.Address(), at.PublicURL),
	}
	if o.ClientSecretRef != nil {
		out.ClientSecretFile = at.OIDCSecretFile
	}
	if o.CASecretRef != nil {
		out.TLS = &config.TLS{CAFile: at.OIDCCAFile}
	}
	for _, g := range o.Groups {
		out.Groups = append(out.Groups, config.OIDCGroup{Name: g.Name, Scope: g.Scope})
	}
	return out
}

func tracingOf(t *v1.Tracing, at Endpoints) *config.Tracing {
	if t == nil {
		return nil
	}
	out := &config.Tracing{Protocol: string(t.Protocol), Endpoint: t.Endpoint, Ratio: t.SamplingRatio.Float()}
	if t.HeadersSecretRef != nil {
		out.HeadersFile = at.TracingHeadersFile
	}
	if t.CASecretRef != nil {
		out.TLS = &config.TLS{CAFile: at.TracingCAFile}
	}
	return out
}

func kafkaOf(k *v1.Kafka, at Endpoints) config.Kafka {
	out := config.Kafka{
		Brokers:        at.Brokers,
		TLS:            at.KafkaTLS,
		UserFile:       at.KafkaUserFile,
		PassFile:       at.KafkaPassFile,
		Partitions:     int(*k.Topics.Partitions),
		RetentionBytes: retentionBytes(k),
		RetentionTime:  config.Duration(k.Topics.Retention.Time.Std()),
	}
	mechanism := "SCRAM-SHA-512"
	if k.External != nil {
		out.Replicas = int(*k.External.ReplicationFactor)
		mechanism = k.External.SASLMechanism
	} else {
		out.Replicas = int(*k.Managed.Replicas)
	}
	if out.UserFile != "" {
		out.Mechanism = mechanism
	}
	return out
}

// retentionBytes is how much of the readings is kept per partition, -1 for no
// bound. Each managed node holds every partition, as there are as many copies
// as nodes.
func retentionBytes(k *v1.Kafka) int64 {
	partitions := int64(*k.Topics.Partitions)
	if size := k.Topics.Retention.Size; size != "" {
		q := size.Quantity()
		return max(1, q.Value()/partitions)
	}
	if k.External != nil {
		return -1
	}
	q := k.Managed.Storage.Size.Quantity()
	return max(1, q.Value()/1000*topicShare/partitions)
}

func databaseOf(t *v1.Timescale, at Endpoints) config.Database {
	return config.Database{
		URL:             at.DatabaseURL,
		URLFile:         at.DatabaseURLFile,
		RetainRaw:       config.Duration(t.Retention.Raw.Std()),
		RetainDecisions: config.Duration(t.Retention.Decisions.Std()),
		CompressAfter:   config.Duration(t.CompressAfter.Std()),
	}
}
