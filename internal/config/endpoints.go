package config

// Endpoints is what differs between a cluster and one machine: addresses and
// the places of files. Nothing in it decides a row. It carries no secret.
type Endpoints struct {
	Image string // of the workloads

	Brokers       []string
	KafkaUserFile string // "" if nobody logs in
	KafkaPassFile string
	KafkaTLS      *TLS

	RedisAddress  string
	RedisUserFile string
	RedisPassFile string
	RedisTLS      *TLS

	DatabaseURL     string // without a password; "" if DatabaseURLFile is set
	DatabaseURLFile string

	Listen        string // of the API and the UI
	StatusListen  string // of /metrics and probes
	APIKeysFile   string
	JWTSecretFile string
	GrafanaURL    string

	// DatasetPath is where the file of readings lies, "" for a synthetic dataset.
	// Given beside one, the file replaces it.
	DatasetPath string
	// DatasetSHA256 is the file's checksum, "" if it is not known.
	DatasetSHA256 string

	PriceSeriesPath  string // where the tariff's dynamic series lies, if it has one
	CarbonSeriesPath string // where the carbon intensities lie, if there are any
}
