package resources

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Keys of the connections Secret: what a client or a store reads.
const (
	keyKafkaUser      = "kafka-username"
	keyKafkaPass      = "kafka-password"
	keyKafkaLogin     = "kafka-login.properties" // of brokers among each other
	keyRedisUser      = "redis-username"
	keyRedisPass      = "redis-password"
	keyLiveUser       = "redis-live-username" // of the API, which reads the live streams
	keyLivePass       = "redis-live-password"
	keyRedisAccess    = "users.acl"
	keyDatabaseURL    = "database-url"     // of the owner, who may change the schema
	keyDatabaseURLAPI = "database-url-api" // of the API
	keyAPIKeys        = "api-keys"         // lines name:scope:sha256
	keySession        = "session-secret"   // signs sessions
	keyMQTTUser       = "mqtt-username"
	keyMQTTPass       = "mqtt-password"
	keyOIDCSecret     = "oidc-client-secret"   // of the twin at the issuer at which people sign in
	keyTracingHeaders = "tracing-headers"      // of the collector that traces are sent to
	keyGrafanaSources = "grafana-sources.yaml" // with the password of the database
	keyGrafanaAdmin   = "grafana-admin-password"
)

// connections makes the Secret of what follows from passwords and from Secrets
// that the spec names.
func (b *builder) connections() {
	data := map[string][]byte{}
	for key, value := range b.connectionValues() {
		data[key] = []byte(value)
	}
	name := ConnectionsName(b.twin.Name)
	own(b, StepCredentials, componentSecrets, corev1ac.Secret(name, b.twin.Namespace).WithData(data))
}

// connectionValues are the values of the connections Secret, by key.
func (b *builder) connectionValues() map[string]string {
	values := map[string]string{keyGrafanaAdmin: b.in.Credentials[KeyGrafanaPassword]}
	if b.spec.Monitoring.Grafana.Mode == v1.GrafanaManaged {
		values[keyGrafanaSources] = b.grafanaSources()
	}
	b.kafkaConnection(values)
	b.redisConnection(values)
	b.databaseConnection(values)
	b.apiConnection(values)
	if t := b.spec.Monitoring.Tracing; t != nil && t.HeadersSecretRef != nil {
		values[keyTracingHeaders] = b.secretValue(t.HeadersSecretRef.Name, "headers")
	}
	if m := b.spec.Bridged(); m != nil && m.SecretRef != nil {
		values[keyMQTTUser] = b.secretValue(m.SecretRef.Name, "username")
		values[keyMQTTPass] = b.secretValue(m.SecretRef.Name, "password")
	}
	return values
}

func (b *builder) kafkaConnection(values map[string]string) {
	if e := b.spec.Kafka.External; e != nil {
		if e.SASLSecretRef != nil {
			values[keyKafkaUser] = b.secretValue(e.SASLSecretRef.Name, "username")
			values[keyKafkaPass] = b.secretValue(e.SASLSecretRef.Name, "password")
		}
		return
	}
	values[keyKafkaUser] = StoreUser
	values[keyKafkaPass] = b.in.Credentials[KeyKafkaPassword]
	values[keyKafkaLogin] = kafkaLogin(b.in.Credentials[KeyKafkaInternal])
}

func (b *builder) redisConnection(values map[string]string) {
	if e := b.spec.Redis.External; e != nil {
		if e.SecretRef == nil {
			return
		}
		values[keyRedisPass] = b.secretValue(e.SecretRef.Name, "password")
		if user := b.in.Secrets[e.SecretRef.Name]["username"]; len(user) > 0 {
			values[keyRedisUser] = string(user)
		}
		if live := e.LiveSecretRef; live != nil {
			values[keyLiveUser], values[keyLivePass] = b.secretValue(live.Name, "username"), b.secretValue(live.Name, "password")
		}
		return
	}
	values[keyLiveUser] = LiveUser
	values[keyLivePass] = b.in.Credentials[KeyLivePassword]
	values[keyRedisUser] = StoreUser
	values[keyRedisPass] = b.in.Credentials[KeyRedisPassword]
	values[keyRedisAccess] = b.redisAccess()
}

// redisAccess lets the twin's user at the twin's keys, the API's at the live streams, to
// read them, and nobody else at anything. Whoever reads the file does not learn the passwords.
func (b *builder) redisAccess() string {
	prefix := b.twin.Namespace + "/" + b.twin.Name + "/"
	return "user default off\n" +
		"user " + StoreUser + " on #" + sha256Hex(b.in.Credentials[KeyRedisPassword]) +
		" ~" + prefix + "* &" + prefix + "* +@all -@admin -@dangerous +info\n" +
		"user " + LiveUser + " on #" + sha256Hex(b.in.Credentials[KeyLivePassword]) +
		" resetchannels ~" + prefix + "live/* -@all +@connection -@admin -@dangerous +xread +xrevrange\n"
}

func (b *builder) databaseConnection(values map[string]string) {
	if e := b.spec.Timescale.External; e != nil {
		user, pass := b.secretValue(e.SecretRef.Name, "username"), b.secretValue(e.SecretRef.Name, "password")
		address := databaseURL(net.JoinHostPort(e.Host, strconv.Itoa(int(*e.Port))), e.Database, user, pass, databaseTLS(e.TLS))
		values[keyDatabaseURL], values[keyDatabaseURLAPI] = address, address
		return
	}
	host := net.JoinHostPort(b.host(b.name(v1.ComponentTimescale)), strconv.Itoa(PortPostgres))
	plain := url.Values{"sslmode": {"disable"}}
	c := b.in.Credentials
	values[keyDatabaseURL] = databaseURL(host, DatabaseName, OwnerRole, c[KeyOwnerPassword], plain)
	values[keyDatabaseURLAPI] = databaseURL(host, DatabaseName, ReaderRole, c[KeyReaderPassword], plain)
	for _, key := range rolePasswords() {
		values[key] = c[key]
	}
}

// rolePasswords are the passwords that a managed database sets. They have the
// same names in both Secrets.
func rolePasswords() []string {
	return []string{KeyPostgresPassword, KeyOwnerPassword, KeyReaderPassword}
}

// databaseReader is who Grafana logs in to the database as.
func (b *builder) databaseReader() (user, password string) {
	if e := b.spec.Timescale.External; e != nil {
		return b.secretValue(e.SecretRef.Name, "username"), b.secretValue(e.SecretRef.Name, "password")
	}
	return ReaderRole, b.in.Credentials[KeyReaderPassword]
}

func databaseURL(host, database, user, pass string, options url.Values) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, pass), Host: host, Path: "/" + database, RawQuery: options.Encode()}
	return u.String()
}

// databaseTLS are the options of a connection that is encrypted by the settings
// of a spec.
func databaseTLS(t *v1.ClientTLS) url.Values {
	options := url.Values{"sslmode": {"prefer"}}
	if t == nil {
		return options
	}
	options.Set("sslmode", "verify-full")
	if t.InsecureSkipVerify {
		options.Set("sslmode", "require")
	}
	files := tlsFiles("database", t)
	if files.CAFile != "" {
		options.Set("sslrootcert", files.CAFile)
	}
	if files.CertFile != "" {
		options.Set("sslcert", files.CertFile)
		options.Set("sslkey", files.KeyFile)
	}
	return options
}

func (b *builder) apiConnection(values map[string]string) {
	auth := b.spec.API.Auth
	if ref := auth.APIKeysSecretRef; ref != nil {
		values[keyAPIKeys] = b.keyLines(ref.Name)
	} else {
		values[keyAPIKeys] = keyLine("admin", b.in.Credentials[KeyAPIKey])
	}
	if ref := auth.JWTSecretRef; ref != nil {
		values[keySession] = b.secretValue(ref.Name, "secret")
	} else {
		values[keySession] = b.in.Credentials[KeySessionSecret]
	}
	if o := auth.OIDC; o != nil && o.ClientSecretRef != nil {
		values[keyOIDCSecret] = b.secretValue(o.ClientSecretRef.Name, "clientSecret")
	}
}

// keyLines are the lines of the keys file for a Secret that holds a key under
// each name.
func (b *builder) keyLines(secret string) string {
	keys := b.in.Secrets[secret]
	if len(keys) == 0 {
		b.fail("spec.api.auth.apiKeysSecretRef: the Secret %s holds no key; put a key under each name", secret)
		return ""
	}
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		lines.WriteString(keyLine(name, string(keys[name])))
	}
	return lines.String()
}

// keyLine lets a key in. The ending of its name decides what its holder may do:
// dashboard.read may read, plant.operate may operate, others may do everything.
func keyLine(name, key string) string {
	scope := "admin"
	for _, lesser := range []string{"read", "operate"} {
		if strings.HasSuffix(name, "."+lesser) {
			scope = lesser
		}
	}
	return fmt.Sprintf("%s:%s:%s\n", name, scope, sha256Hex(key))
}

// secretValue is a value of a Secret that the spec names.
func (b *builder) secretValue(secret, key string) string {
	value := b.in.Secrets[secret][key]
	if len(value) == 0 {
		b.fail("the Secret %s has no key %s; add it", secret, key)
	}
	return string(value)
}
