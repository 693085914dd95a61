package resources

import (
	"strings"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Images are references in full, by tag or digest.
type Images struct {
	Workloads  string
	Kafka      string
	Redis      string
	Timescale  string
	Prometheus string
	Grafana    string
}

// DefaultImages are the operator's choice; workloads is its own image.
func DefaultImages(workloads string) Images {
	return Images{
		Workloads:  workloads,
		Kafka:      "docker.io/apache/kafka:4.1.1",
		Redis:      "docker.io/library/redis:7.4.6",
		Timescale:  "docker.io/timescale/timescaledb:2.22.1-pg17",
		Prometheus: "docker.io/prom/prometheus:v3.5.0",
		Grafana:    "docker.io/grafana/grafana:12.2.0",
	}
}

// Of is the image of a component.
func (i Images) Of(component string) string {
	switch component {
	case v1.ComponentKafka:
		return i.Kafka
	case v1.ComponentRedis:
		return i.Redis
	case v1.ComponentTimescale, ComponentBackup:
		return i.Timescale
	case v1.ComponentPrometheus:
		return i.Prometheus
	case v1.ComponentGrafana:
		return i.Grafana
	}
	return i.Workloads
}

// PinnedImages are the images that a twin's status holds.
func PinnedImages(twin *v1.DigitalTwin) Images {
	var p Images
	for _, c := range twin.Status.Components {
		switch c.Name {
		case v1.ComponentProcessor:
			p.Workloads = c.Image
		case v1.ComponentKafka:
			p.Kafka = c.Image
		case v1.ComponentRedis:
			p.Redis = c.Image
		case v1.ComponentTimescale:
			p.Timescale = c.Image
		case v1.ComponentPrometheus:
			p.Prometheus = c.Image
		case v1.ComponentGrafana:
			p.Grafana = c.Image
		}
	}
	return p
}

// ResolveImages says which images a twin runs: what the spec names in full,
// else the spec's version, else what the twin is pinned to, else the operator's
// choice. Pass no pins to take up the operator's choice.
func ResolveImages(twin *v1.DigitalTwin, chosen, pinned Images) Images {
	s := &twin.Spec
	r := resolver{registry: s.ImageRegistry}
	out := Images{
		Workloads:  r.image(s.Image, "", pinned.Workloads, chosen.Workloads),
		Prometheus: r.image("", "", pinned.Prometheus, chosen.Prometheus),
		Grafana:    r.image("", "", pinned.Grafana, chosen.Grafana),
	}
	var kafka v1.ManagedKafka
	if s.Kafka != nil && s.Kafka.Managed != nil {
		kafka = *s.Kafka.Managed
	}
	var redis v1.ManagedRedis
	if s.Redis != nil && s.Redis.Managed != nil {
		redis = *s.Redis.Managed
	}
	var timescale v1.ManagedTimescale
	if s.Timescale != nil && s.Timescale.Managed != nil {
		timescale = *s.Timescale.Managed
	}
	out.Kafka = r.image(kafka.Image, kafka.Version, pinned.Kafka, chosen.Kafka)
	out.Redis = r.image(redis.Image, redis.Version, pinned.Redis, chosen.Redis)
	out.Timescale = r.image(timescale.Image, timescale.Version, pinned.Timescale, chosen.Timescale)
	return out
}

type resolver struct{ registry string }

func (r resolver) image(full, version, pinned, chosen string) string {
	if full != "" {
		return full
	}
	repository, suffix := splitImage(chosen)
	switch {
	case version != "":
		suffix = ":" + version
	case pinned != "":
		// What was pinned from another registry stays at its version. A pin on
		// another repository was the spec's, which names it no more.
		if p, s := splitImage(pinned); sameRepository(p, repository) {
			suffix = s
		}
	}
	return r.place(repository) + suffix
}

// place puts a repository below the twin's registry.
func (r resolver) place(repository string) string {
	if r.registry == "" {
		return repository
	}
	return r.registry + "/" + withoutHost(repository)
}

// splitImage cuts a reference before its tag or digest.
func splitImage(image string) (repository, suffix string) {
	if i := strings.IndexByte(image, '@'); i >= 0 {
		return image[:i], image[i:]
	}
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		return image[:i], image[i:]
	}
	return image, ""
}

func withoutHost(repository string) string {
	host, path, found := strings.Cut(repository, "/")
	if found && (strings.ContainsAny(host, ".:") || host == "localhost") {
		return path
	}
	return repository
}

func sameRepository(a, b string) bool {
	a, b = withoutHost(a), withoutHost(b)
	return a == b || strings.HasSuffix(a, "/"+b) || strings.HasSuffix(b, "/"+a)
}

// PostgresMajor is the major version of PostgreSQL that a TimescaleDB image's
// tag names, "" if it names none: 17 for 2.22.1-pg17.
func PostgresMajor(image string) string {
	_, suffix := splitImage(image)
	_, after, found := strings.Cut(suffix, "pg")
	if !found {
		return ""
	}
	end := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(after)
	}
	return after[:end]
}

// List is every image that a twin needs, each once, in the order of components.
func (i Images) List(twin *v1.DigitalTwin) []string {
	s := &twin.Spec
	out := []string{i.Workloads}
	add := func(needed bool, image string) {
		if needed {
			out = append(out, image)
		}
	}
	add(s.Kafka == nil || s.Kafka.External == nil, i.Kafka)
	add(s.Redis == nil || s.Redis.External == nil, i.Redis)
	add(s.Timescale == nil || s.Timescale.External == nil, i.Timescale)
	add(s.Monitoring.Prometheus.Mode == "" || s.Monitoring.Prometheus.Mode == v1.PrometheusManaged, i.Prometheus)
	add(s.Monitoring.Grafana.Mode == "" || s.Monitoring.Grafana.Mode == v1.GrafanaManaged, i.Grafana)
	return out
}
