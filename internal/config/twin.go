// Package config is the one document that all workloads read. The operator
// renders it into a ConfigMap, `energytwin local` builds it in memory; both
// get it from package fromtwin, so that both run the same twin. The document is
// plain: this package knows neither the resource nor Kubernetes.
package config

import (
	"time"

	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dsm"
)

// Twin is a twin as its workloads see it: all defaults filled in, all
// references resolved, no secret in it. Secrets are files; fields ending in
// File name them.
type Twin struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Timezone  string `json:"timezone"` // IANA name
	SpecHash  string `json:"specHash"` // of everything that decides rows: same hash, same forecasts and decisions
	Image     string `json:"image"`

	Dataset   Dataset   `json:"dataset"`
	Generator Generator `json:"generator"`
	Ingest    Ingest    `json:"ingest,omitzero"`
	Processor Processor `json:"processor"`
	API       API       `json:"api"`
	Kafka     Kafka     `json:"kafka"`
	Redis     Redis     `json:"redis"`
	Database  Database  `json:"database"`
	Tracing   *Tracing  `json:"tracing,omitempty"` // nil: no traces are made
}

// Dataset defines where readings come from and which part of them is used.
// Exactly one of Synthetic and Path is set, none if the generator is Off; URLs,
// ConfigMaps and volumes have been turned into a path before.
type Dataset struct {
	Synthetic *Synthetic       `json:"synthetic,omitempty"`
	Path      string           `json:"path,omitempty"`
	Source    string           `json:"source"`           // what it is, for people and for the hash: where a path came from, not where it lies
	SHA256    string           `json:"sha256,omitempty"` // of the file as it was served; "" if not known beforehand
	Layout    *layout.Document `json:"layout,omitempty"` // how the file is read; what it leaves open is found out
	// LayoutUnknown is set in a stored specification of a time without layouts.
	LayoutUnknown bool         `json:"-"`
	Start         time.Time    `json:"start"`            // of the window, its first whole hour; zero: that of the first reading's local day
	Span          Duration     `json:"span"`             // of the window, at most a year
	InvalidRows   string       `json:"invalidRows"`      // Reject | Quarantine
	MaxKW         float64      `json:"maxKW,omitempty"`  // that any meter can draw or feed in; 0 for no limit
	Groups        []MeterGroup `json:"groups,omitempty"` // for a file that names no groups; see GroupOf
}

// Synthetic asks for made-up households.
type Synthetic struct {
	Meters int   `json:"meters"`
	Groups int   `json:"groups"`
	Seed   int64 `json:"seed"`
	Year   int   `json:"year"`
}

// Generator defines how readings are published.
type Generator struct {
	Mode   string   `json:"mode"`   // Replay | Loop | Live | Off
	Speed  float64  `json:"speed"`  // simulated seconds per second; 0 is as fast as the processor takes them
	WarmUp Duration `json:"warmUp"` // history that is written to Redis, not published
	MaxLag int64    `json:"maxLag"` // messages per partition that the processor may be behind before publishing pauses
}

// Ingest defines how readings come in from outside. Nothing does while the generator
// publishes.
type Ingest struct {
	HTTP bool  `json:"http,omitempty"` // the API takes readings
	MQTT *MQTT `json:"mqtt,omitempty"` // a broker that readings come from; nil for none
}

// MQTT defines a broker of MQTT 5 that readings come from, and how a message is one.
type MQTT struct {
	URL      string   `json:"url"`      // mqtt://host:1883, or mqtts://host:8883
	Topics   []string `json:"topics"`   // filters, with + and #
	ClientID string   `json:"clientID"` // the broker keeps messages for it while it is away
	UserFile string   `json:"userFile,omitempty"`
	PassFile string   `json:"passFile,omitempty"`
	TLS      *TLS     `json:"tls,omitempty"`

	Mapping MQTTMapping `json:"mapping,omitzero"`
}

// MQTTMapping defines where the parts of a reading are. Fields of the payload, a JSON object,
// are named by their path, such as Body.energy. The zero value is that of the messages of the
// readings topic.
type MQTTMapping struct {
	Topic    string `json:"topic,omitempty"`    // such as area/{group}/{meter}/energy: levels that are parts of the reading
	Meter    string `json:"meter,omitempty"`    // field; "" is meter
	Group    string `json:"group,omitempty"`    // field; "" is group
	Time     string `json:"time,omitempty"`     // field, of RFC 3339 or Unix seconds; "" is ts
	Energy   string `json:"energy,omitempty"`   // field; "" is kwh
	Unit     string `json:"unit,omitempty"`     // kWh or Wh; "" is kWh
	Interval string `json:"interval,omitempty"` // PT1H, PT30M or PT15M of all messages; "" is the field interval
}

// Processor defines how the stream is turned into forecasts and decisions.
type Processor struct {
	AllowedLateness Duration   `json:"allowedLateness"`
	HistoryWindow   Duration   `json:"historyWindow"`
	IssueAt         string     `json:"issueAt"` // local HH:MM
	Horizon         Duration   `json:"horizon"` // whole hours, of the local clock; 0, as in documents from before the field, is 24h
	Reissue         Reissue    `json:"reissue"`
	Quantiles       []float64  `json:"quantiles"` // lower, median, upper
	Policy          dsm.Policy `json:"policy"`

	// Files from which series.Read fills in the policy's dynamic prices and carbon
	// intensities, and Temperatures; nil if there are none.
	PriceSeries       *Series `json:"priceSeries,omitempty"`
	CarbonSeries      *Series `json:"carbonSeries,omitempty"`
	TemperatureSeries *Series `json:"temperatureSeries,omitempty"`

	// Temperatures are outdoor temperatures, °C; none if the twin has no series of them.
	// They are written with the rest, as prices are, so that a document holds all
	// that decides rows.
	Temperatures []dsm.Point `json:"temperatures,omitempty"`
}

// Reissue defines how often forecasts are issued.
type Reissue struct {
	Meters Duration `json:"meters"` // from one forecast of a meter to the next, whole hours; 0, as in documents from before the field, is 24h
	Groups Duration `json:"groups"` // from one forecast of a group to the next, likewise; 0, as in documents from before the field, is no forecasts of groups
}

// Series is a file with the values of a signal; package series reads it.
type Series struct {
	Path        string `json:"path"`
	Source      string `json:"source"` // what it is, for people and for the hash
	TimeColumn  string `json:"timeColumn"`
	ValueColumn string `json:"valueColumn"`
}

// API defines how the REST API is served.
type API struct {
	BasePath       string    `json:"basePath"`
	TrustedProxies []string  `json:"trustedProxies,omitempty"`
	Listen         string    `json:"listen"`       // address of the API and the UI
	StatusListen   string    `json:"statusListen"` // address of /metrics and probes
	APIKeysFile    string    `json:"apiKeysFile"`
	JWTSecretFile  string    `json:"jwtSecretFile"`
	SessionTTL     Duration  `json:"sessionTTL"`
	OIDC           *OIDC     `json:"oidc,omitempty"` // by which people sign in; nil: with an API key only
	GrafanaURL     string    `json:"grafanaURL,omitempty"`
	Webhooks       Webhooks  `json:"webhooks,omitzero"`
	SlowQuery      *Duration `json:"slowQuery,omitempty"` // from when a statement of the database is logged as slow; nil: 1s, 0: none is
}

// Webhooks defines how receivers are sent what is stored.
type Webhooks struct {
	Enabled      bool     `json:"enabled"`
	AllowPrivate bool     `json:"allowPrivate,omitempty"` // receivers on addresses that are not public, by http too
	GiveUpAfter  Duration `json:"giveUpAfter"`            // a webhook that delivers nothing for as long is turned off
	Max          int      `json:"max"`                    // webhooks
}

// OIDC defines an issuer of OpenID Connect, and this twin as its client.
type OIDC struct {
	Name             string      `json:"name"` // of the issuer, for people
	Issuer           string      `json:"issuer"`
	ClientID         string      `json:"clientID"`
	ClientSecretFile string      `json:"clientSecretFile,omitempty"` // "" for a public client
	TLS              *TLS        `json:"tls,omitempty"`
	Scopes           []string    `json:"scopes,omitempty"` // beside openid
	NameClaim        string      `json:"nameClaim,omitempty"`
	GroupsClaim      string      `json:"groupsClaim"`
	Groups           []OIDCGroup `json:"groups"`
	PublicURL        string      `json:"publicURL"` // scheme and host under which browsers reach the API
}

// OIDCGroup defines what the members of a group may do.
type OIDCGroup struct {
	Name  string `json:"name"`
	Scope string `json:"scope"` // read, operate or admin
}

// Kafka defines where the stream is.
type Kafka struct {
	Brokers        []string `json:"brokers"`
	TLS            *TLS     `json:"tls,omitempty"`
	UserFile       string   `json:"userFile,omitempty"` // logs in with SASL when set
	PassFile       string   `json:"passFile,omitempty"`
	Mechanism      string   `json:"mechanism,omitempty"` // SCRAM-SHA-512 | SCRAM-SHA-256 | PLAIN, when UserFile is set
	Partitions     int      `json:"partitions"`
	Replicas       int      `json:"replicas"`
	RetentionBytes int64    `json:"retentionBytes"` // per partition; -1 is unbounded
	RetentionTime  Duration `json:"retentionTime"`  // 0 is unbounded
}

// Redis defines where windows and model states are kept.
type Redis struct {
	Address  string `json:"address"`
	TLS      *TLS   `json:"tls,omitempty"`
	UserFile string `json:"userFile,omitempty"`
	PassFile string `json:"passFile,omitempty"`

	// Of a user that reads the live streams only: the API's.
	LiveUserFile string `json:"liveUserFile,omitempty"`
	LivePassFile string `json:"livePassFile,omitempty"`
}

// ForLive is Redis as the API sees it. It reports false where others log in and the API has
// no user of its own.
func (r Redis) ForLive() (Redis, bool) {
	if r.LivePassFile == "" {
		return r, r.PassFile == ""
	}
	r.UserFile, r.PassFile = r.LiveUserFile, r.LivePassFile
	return r, true
}

// Database defines where the authoritative store is, and how long rows stay.
type Database struct {
	URLFile         string   `json:"urlFile,omitempty"` // a file with a postgres:// URL
	URL             string   `json:"url,omitempty"`     // a URL without a password, for local sockets
	RetainRaw       Duration `json:"retainRaw"`         // 0 is for ever
	RetainDecisions Duration `json:"retainDecisions"`   // 0 is for ever
	CompressAfter   Duration `json:"compressAfter"`     // 0 is never
}

// Protocols of collectors.
const (
	TracingHTTP = "HTTP" // OTLP over HTTP, in protobuf
	TracingGRPC = "GRPC" // OTLP over gRPC
)

// Tracing defines where traces are sent.
type Tracing struct {
	Protocol    string  `json:"protocol"`
	Endpoint    string  `json:"endpoint"`              // https://host:port, or http without encryption; over HTTP with a path to which /v1/traces is added
	Ratio       float64 `json:"ratio"`                 // of the traces that begin here that are recorded, 0 to 1
	HeadersFile string  `json:"headersFile,omitempty"` // see Headers; "" for none
	TLS         *TLS    `json:"tls,omitempty"`
}

// TLS defines how to trust and be trusted.
type TLS struct {
	CAFile     string `json:"caFile,omitempty"`
	CertFile   string `json:"certFile,omitempty"`
	KeyFile    string `json:"keyFile,omitempty"`
	SkipVerify bool   `json:"skipVerify,omitempty"`
}

// TakesReadings reports whether the API takes readings.
func (t *Twin) TakesReadings() bool { return t.Generator.Mode == "Off" && t.Ingest.HTTP }

// Topic names of the twin.
func (t *Twin) Topic(kind string) string { return t.Namespace + "." + t.Name + "." + kind }

// ConsumerGroup is the Kafka group of the twin's processors.
func (t *Twin) ConsumerGroup() string { return t.Namespace + "." + t.Name + ".processor" }

// KeyPrefix starts every Redis key of the twin.
func (t *Twin) KeyPrefix() string { return t.Namespace + "/" + t.Name + "/" }
