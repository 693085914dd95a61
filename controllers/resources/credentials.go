package resources

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/apikey"
)

// Keys of the credentials Secret. Each holds a random value; what follows from
// them is in the connections Secret.
const (
	KeyKafkaPassword    = "kafka-password"
	KeyKafkaInternal    = "kafka-internal-password"
	KeyRedisPassword    = "redis-password"
	KeyLivePassword     = "redis-live-password"
	KeyPostgresPassword = "postgres-password"
	KeyOwnerPassword    = "owner-password"
	KeyReaderPassword   = "reader-password"
	KeyAPIKey           = "api-key"
	KeySessionSecret    = "session-secret"
	KeyGrafanaPassword  = "grafana-password"
)

// Users of managed stores.
const (
	StoreUser    = "twin"
	LiveUser     = "live" // of Redis: reads the live streams
	DatabaseName = "twin"
	OwnerRole    = "twin_owner"
	ReaderRole   = "twin_reader"
)

// Credentials are the twin's passwords by key, as stores and clients use them:
// without the line end that a value in the Secret may have.
type Credentials map[string]string

// CredentialKeys are the keys that a complete Secret has.
func CredentialKeys() []string {
	return []string{
		KeyKafkaPassword, KeyKafkaInternal, KeyRedisPassword, KeyLivePassword, KeyPostgresPassword, KeyOwnerPassword,
		KeyReaderPassword, KeyAPIKey, KeySessionSecret, KeyGrafanaPassword,
	}
}

// CredentialBytes is how many random bytes a value is made of.
const CredentialBytes = 32

// CredentialFrom writes random bytes as the value of a key: hexadecimal digits,
// which no shell, URL or configuration file has to quote, and which no program
// takes for a flag. An API key has a form of its own, which begins with a letter.
func CredentialFrom(key string, random []byte) string {
	if key == KeyAPIKey {
		return apikey.From(random)
	}
	return hex.EncodeToString(random)
}

// Change is when a credential got its value.
type Change struct {
	At v1.Instant `json:"at"`
	// Mark recognises the value, to notice that somebody else has changed it. It is
	// too short to find the value by.
	Mark string `json:"mark"`
}

// Changes are the changes of credentials, by key.
type Changes map[string]Change

// MarkOf is the Mark of a twin's value.
func MarkOf(twin *v1.DigitalTwin, key, value string) string {
	return sha256Hex(twin.Namespace + "/" + twin.Name + "/" + key + "/" + value)[:8]
}

func (b *builder) credentials() {
	name := CredentialsName(b.twin.Name)
	data := map[string][]byte{}
	for _, key := range CredentialKeys() {
		data[key] = []byte(b.in.Credentials[key])
		// What somebody wrote stays as it is, line end included: whatever keeps the
		// Secret in step with its source would write it back.
		if written := b.in.Written[key]; len(written) > 0 {
			data[key] = written
		}
	}
	secret := corev1ac.Secret(name, b.twin.Namespace).WithData(data)
	if b.in.WrittenVersion != "" {
		// Who changes a password while the operator works on the one before must not
		// find it put back.
		secret.WithResourceVersion(b.in.WrittenVersion)
	}
	if len(b.in.Changes) > 0 {
		doc, err := json.Marshal(b.in.Changes)
		if err != nil {
			b.fail("ages of the credentials: %w", err)
			return
		}
		secret.WithAnnotations(map[string]string{AnnotationChanges: string(doc)})
	}
	keep(b, StepCredentials, componentSecrets, secret)
}

// KafkaClusterID identifies the brokers of a twin to each other. It follows from
// the twin's name: a recreated twin finds the volumes of the one before.
//
// Kafka writes an id as base64url of 16 bytes, and none that begins with a
// hyphen, which its tools take for a flag. Such an id is replaced by that of the
// next try; all others are what volumes are formatted with.
func KafkaClusterID(namespace, twin string) string {
	text := "kafka cluster of " + namespace + "/" + twin
	for {
		sum := sha256.Sum256([]byte(text))
		if id := base64.RawURLEncoding.EncodeToString(sum[:16]); id[0] != '-' {
			return id
		}
		text += ", another"
	}
}

func sha256Hex(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}
