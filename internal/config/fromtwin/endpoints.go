package fromtwin

import "github.com/energytwin/energytwin/internal/config"

// Endpoints is what differs between a cluster and one machine: addresses and
// the places of files. Nothing in it decides a row. It carries no secret.
type Endpoints struct {
	Image string // of the workloads

	Brokers       []string
	KafkaUserFile string // "" if nobody logs in
	KafkaPassFile string
	KafkaTLS      *config.TLS

	RedisAddress  string
	RedisUserFile string
	RedisPassFile string
	LiveUserFile  string // of who reads the live streams only
	LivePassFile  string
	RedisTLS      *config.TLS

	DatabaseURL     string // without a password; "" if DatabaseURLFile is set
	DatabaseURLFile string

	MQTTUserFile string // of a broker at which somebody logs in
	MQTTPassFile string
	MQTTTLS      *config.TLS // nil if the spec leaves it out
	MQTTIDEnding string      // of the client id, where the spec does not name one

	Listen        string // of the API and the UI
	StatusListen  string // of /metrics and probes
	APIKeysFile   string
	JWTSecretFile string
	GrafanaURL    string

	OIDCSecretFile string // of a client that has one
	OIDCCAFile     string // "" if the image trusts the issuer
	PublicURL      string // where browsers reach the API if the spec does not name it

	TracingHeadersFile string // of a collector that wants headers
	TracingCAFile      string // "" if the image trusts the collector

	// DatasetMount is where the file lies that the resource names, "" if it names
	// none.
	DatasetMount string
	// DatasetPath is a file that takes the place of the resource's dataset,
	// whatever that is; "" if none does.
	DatasetPath string
	// DatasetSHA256 is the checksum of either, "" if it is not known.
	DatasetSHA256 string

	PriceSeriesPath       string // where the tariff's dynamic series lies, if it has one
	CarbonSeriesPath      string // where the carbon intensities lie, if there are any
	TemperatureSeriesPath string // where the temperatures lie, if there are any
}
