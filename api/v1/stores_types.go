package v1

// Kafka is the stream of readings and decisions.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.managed) && has(self.external))",message="write at most one of kafka.managed and kafka.external; without both, the operator runs a broker for this twin"
// +kubebuilder:validation:XValidation:rule="has(self.external) || !has(self.topics) || !has(self.topics.retention) || !has(self.topics.retention.size) || quantity(self.topics.retention.size).isLessThan(quantity(has(self.managed) && has(self.managed.storage) && has(self.managed.storage.size) ? self.managed.storage.size : '8Gi'))",message="kafka.topics.retention.size must be smaller than kafka.managed.storage.size (8Gi if left out), as other topics share the volume; write a smaller retention or a greater volume"
type Kafka struct {
	// A broker that the operator runs for this twin.
	// +optional
	Managed *ManagedKafka `json:"managed,omitempty"`

	// A cluster that is there already.
	// +optional
	External *ExternalKafka `json:"external,omitempty"`

	// The twin's topics.
	// +optional
	Topics *Topics `json:"topics,omitempty"`
}

// Topics defines how the twin's topics are made.
type Topics struct {
	// Number of partitions; 12 if left out. Fixed once the topics exist.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	// +optional
	Partitions *int32 `json:"partitions,omitempty"`

	// How long and how much of the stream is kept.
	// +optional
	Retention *TopicRetention `json:"retention,omitempty"`
}

// TopicRetention defines how long and how much of the stream is kept. What is gone
// from the stream stays in the database.
type TopicRetention struct {
	// How long, by the broker's clock; 0s, or left out, is for ever.
	// +optional
	Time Duration `json:"time,omitempty"`

	// How much of the readings, on each broker. If left out, two thirds of a
	// managed broker's volume, and no bound on an external one.
	// +optional
	Size Size `json:"size,omitempty"`
}

// ManagedKafka is a broker that the operator runs, in KRaft mode.
type ManagedKafka struct {
	// 1 or 3 nodes; 1 if left out. Fixed once the volumes exist.
	// +kubebuilder:validation:Enum=1;3
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`

	// Version of Kafka. If left out, the operator's choice when the twin was made.
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]+[.][0-9]+[.][0-9]+$')",message="write a version such as 4.1.0"
	// +optional
	Version string `json:"version,omitempty"`

	// Image in full, by tag or digest, in place of the operator's choice.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Image string `json:"image,omitempty"`

	// The volume of each node; 8Gi if left out.
	// +optional
	Storage *Storage `json:"storage,omitempty"`

	// What each node asks.
	// +optional
	Resources *Resources `json:"resources,omitempty"`
}

// ExternalKafka is a cluster that is there already.
type ExternalKafka struct {
	// Brokers to start from, as host:port.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.all(s, s.matches('^([A-Za-z0-9._-]+|[[][0-9a-fA-F:]+[]]):[0-9]{1,5}$'))",message="write each broker as host:port, such as kafka.example.org:9093"
	BootstrapServers []string `json:"bootstrapServers"`

	// Copies of the twin's topics; 3 if left out.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=9
	// +optional
	ReplicationFactor *int32 `json:"replicationFactor,omitempty"`

	// Encrypts the connection. If left out, it is not.
	// +optional
	TLS *ClientTLS `json:"tls,omitempty"`

	// Secret with the keys username and password. If left out, nobody logs in.
	// +optional
	SASLSecretRef *SecretReference `json:"saslSecretRef,omitempty"`

	// How the user logs in; SCRAM-SHA-512 if left out.
	// +kubebuilder:validation:Enum=SCRAM-SHA-512;SCRAM-SHA-256;PLAIN
	// +optional
	SASLMechanism string `json:"saslMechanism,omitempty"`
}

// Redis is the store of windows and model states.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.managed) && has(self.external))",message="write at most one of redis.managed and redis.external; without both, the operator runs a store for this twin"
type Redis struct {
	// A store that the operator runs for this twin.
	// +optional
	Managed *ManagedRedis `json:"managed,omitempty"`

	// A store that is there already. It must not evict keys.
	// +optional
	External *ExternalRedis `json:"external,omitempty"`
}

// ManagedRedis is a store that the operator runs.
//
// +kubebuilder:validation:XValidation:rule="!has(self.maxMemory) || quantity(self.maxMemory).isLessThan(quantity(has(self.resources) && has(self.resources.limits) && has(self.resources.limits.memory) ? string(self.resources.limits.memory) : '128Mi'))",message="redis.managed.maxMemory must be smaller than redis.managed.resources.limits.memory (128Mi if left out), else the store is killed when it is full; write a smaller one or a greater limit"
type ManagedRedis struct {
	// Version of Redis. If left out, the operator's choice when the twin was made.
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]+([.][0-9]+){0,2}$')",message="write a version such as 7.2.5"
	// +optional
	Version string `json:"version,omitempty"`

	// Image in full, by tag or digest, in place of the operator's choice.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Image string `json:"image,omitempty"`

	// Memory for data. Writes beyond it fail; nothing is evicted. If left out,
	// three quarters of the memory limit.
	// +optional
	MaxMemory Size `json:"maxMemory,omitempty"`

	// The volume; 1Gi if left out.
	// +optional
	Storage *Storage `json:"storage,omitempty"`

	// What it asks of its node.
	// +optional
	Resources *Resources `json:"resources,omitempty"`
}

// ExternalRedis is a store that is there already.
//
// +kubebuilder:validation:XValidation:rule="!has(self.liveSecretRef) || has(self.secretRef)",message="write redis.external.secretRef beside redis.external.liveSecretRef: where nobody logs in, the API does not either"
type ExternalRedis struct {
	// Address as host:port.
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z0-9._-]+|[[][0-9a-fA-F:]+[]]):[0-9]{1,5}$')",message="write the address as host:port, such as redis.example.org:6379"
	Address string `json:"address"`

	// Encrypts the connection. If left out, it is not.
	// +optional
	TLS *ClientTLS `json:"tls,omitempty"`

	// Secret with the key password, and username if the user is not the default
	// one. If left out, nobody logs in.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`

	// Secret with the keys username and password of a user that may read the live
	// streams, and nothing else: the API's. If left out although secretRef is
	// there, the API cannot show live events.
	// +optional
	LiveSecretRef *SecretReference `json:"liveSecretRef,omitempty"`
}

// Timescale is the database of readings, forecasts and decisions: PostgreSQL
// with the TimescaleDB extension, or without it.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.managed) && has(self.external))",message="write at most one of timescale.managed and timescale.external; without both, the operator runs a database for this twin"
type Timescale struct {
	// A database that the operator runs for this twin.
	// +optional
	Managed *ManagedTimescale `json:"managed,omitempty"`

	// A database that is there already.
	// +optional
	External *ExternalTimescale `json:"external,omitempty"`

	// How long rows are kept.
	// +optional
	Retention *Retention `json:"retention,omitempty"`

	// Age, in the readings' own time, at which rows are compressed; 168h if left
	// out, 0s for never.
	// +optional
	CompressAfter Duration `json:"compressAfter,omitempty"`
}

// Retention defines how long rows are kept, in the readings' own time.
type Retention struct {
	// Readings and forecasts; 0s, or left out, is for ever. Hourly totals of
	// groups are kept.
	// +kubebuilder:validation:XValidation:rule="duration(self) == duration('0s') || duration(self) >= duration('168h')",message="write at least 168h, or 0s for ever"
	// +optional
	Raw Duration `json:"raw,omitempty"`

	// Decisions and what became of them; 0s, or left out, is for ever.
	// +kubebuilder:validation:XValidation:rule="duration(self) == duration('0s') || duration(self) >= duration('168h')",message="write at least 168h, or 0s for ever"
	// +optional
	Decisions Duration `json:"decisions,omitempty"`
}

// ManagedTimescale is a database that the operator runs.
//
// +kubebuilder:validation:XValidation:rule="!has(self.restoreFrom) || has(self.restoreFrom.claimName) || has(self.restoreFrom.s3) || has(self.backup)",message="write where the dump is: restoreFrom.claimName or restoreFrom.s3; only a twin with timescale.managed.backup can leave out both"
type ManagedTimescale struct {
	// Version of PostgreSQL and TimescaleDB as the image's tag has it. If left out,
	// the operator's choice when the twin was made. A change of PostgreSQL's major
	// version is rejected; it needs dump and restore.
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_][A-Za-z0-9_.-]*$')",message="write an image tag such as 2.22.1-pg17"
	// +optional
	Version string `json:"version,omitempty"`

	// Image in full, by tag or digest, in place of the operator's choice.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Image string `json:"image,omitempty"`

	// The volume; 10Gi if left out.
	// +optional
	Storage *Storage `json:"storage,omitempty"`

	// What it asks of its node. Its memory limit sizes its caches.
	// +optional
	Resources *Resources `json:"resources,omitempty"`

	// Scheduled backups. If left out, there are none.
	// +optional
	Backup *Backup `json:"backup,omitempty"`

	// Dump that is restored before the workloads start, once for each dump and
	// time. What the database held before is kept under another name.
	// +optional
	RestoreFrom *RestoreFrom `json:"restoreFrom,omitempty"`
}

// Backup is a scheduled dump of the database.
//
// +kubebuilder:validation:XValidation:rule="[has(self.volume), has(self.s3)].filter(x, x).size() == 1",message="write exactly one of backup.volume and backup.s3 as the place of the dumps"
type Backup struct {
	// When, as five cron fields in UTC.
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9*/,-]+ [0-9*/,-]+ [0-9*/,-]+ [0-9A-Za-z*/,-]+ [0-9A-Za-z*/,-]+$')",message="write five cron fields, such as \"30 2 * * *\" for 02:30 every night"
	Schedule string `json:"schedule"`

	// Number of dumps that are kept; 7 if left out.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	Keep *int32 `json:"keep,omitempty"`

	// A volume of its own for the dumps; 10Gi if its size is left out.
	// +optional
	Volume *Storage `json:"volume,omitempty"`

	// A bucket for the dumps.
	// +optional
	S3 *S3 `json:"s3,omitempty"`
}

// S3 is a place in a bucket.
type S3 struct {
	// Name of the bucket.
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=63
	Bucket string `json:"bucket"`

	// What the dumps' names start with.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Prefix string `json:"prefix,omitempty"`

	// Region of the bucket.
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Region string `json:"region,omitempty"`

	// Address of a service that speaks S3. If left out, AWS.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^ /?#@]+/?$')",message="write an http or https address, such as https://minio.example.org"
	// +optional
	Endpoint string `json:"endpoint,omitempty"`

	// Secret with the keys accessKeyID and secretAccessKey.
	SecretRef SecretReference `json:"secretRef"`
}

// ExternalTimescale is a database that is there already.
type ExternalTimescale struct {
	// Host name or address.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z0-9._-]+|[0-9a-fA-F:]+)$')",message="write a host name or address without a port, such as db.example.org"
	Host string `json:"host"`

	// Port; 5432 if left out.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	Port *int32 `json:"port,omitempty"`

	// Name of the database. It is there already, and the user may make tables in
	// it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Database string `json:"database"`

	// Encrypts the connection and checks the server's name. If left out, it is
	// encrypted only if the server offers it.
	// +optional
	TLS *ClientTLS `json:"tls,omitempty"`

	// Secret with the keys username and password.
	SecretRef SecretReference `json:"secretRef"`
}

// ClientTLS defines how to trust and be trusted.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.caSecretRef) && has(self.insecureSkipVerify) && self.insecureSkipVerify)",message="tls.insecureSkipVerify lets any server pass, which makes tls.caSecretRef useless; remove one of them"
type ClientTLS struct {
	// Secret with the key ca.crt, the authority that signed the server's
	// certificate. If left out, those that the image trusts.
	// +optional
	CASecretRef *SecretReference `json:"caSecretRef,omitempty"`

	// Secret of type kubernetes.io/tls with which the twin shows who it is. If left
	// out, it shows nothing.
	// +optional
	CertSecretRef *SecretReference `json:"certSecretRef,omitempty"`

	// Takes any certificate. For tests only.
	// +optional
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`
}
