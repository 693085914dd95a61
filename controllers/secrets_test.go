package controllers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// authority is a certificate of an authority in PEM.
func authority(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func defaulted(spec v1.DigitalTwinSpec) *v1.DigitalTwinSpec {
	twin := &v1.DigitalTwin{Spec: spec}
	twin.Default()
	return &twin.Spec
}

// Each value that a spec takes from a Secret is either of use, without the line
// end that an editor leaves, or named with what is wrong.
func TestSecretsOfTheSpecAreReadOrRejected(t *testing.T) {
	ref := &v1.SecretReference{Name: "s"}
	tls := &v1.ClientTLS{CASecretRef: ref}
	cert := &v1.ClientTLS{CertSecretRef: ref}
	kafka := v1.DigitalTwinSpec{Kafka: &v1.Kafka{External: &v1.ExternalKafka{SASLSecretRef: ref}}}
	redis := v1.DigitalTwinSpec{Redis: &v1.Redis{External: &v1.ExternalRedis{SecretRef: ref}}}
	database := v1.DigitalTwinSpec{Timescale: &v1.Timescale{External: &v1.ExternalTimescale{SecretRef: *ref}}}
	bucket := v1.DigitalTwinSpec{Timescale: &v1.Timescale{Managed: &v1.ManagedTimescale{Backup: &v1.Backup{S3: &v1.S3{SecretRef: *ref}}}}}
	file := v1.DigitalTwinSpec{Dataset: &v1.Dataset{URL: &v1.URLSource{TokenSecretRef: ref}}}
	keys := v1.DigitalTwinSpec{API: v1.API{Auth: v1.Auth{APIKeysSecretRef: ref}}}
	signing := v1.DigitalTwinSpec{API: v1.API{Auth: v1.Auth{JWTSecretRef: ref}}}
	traces := v1.DigitalTwinSpec{Monitoring: v1.Monitoring{Tracing: &v1.Tracing{Endpoint: "https://collector:4318", HeadersSecretRef: ref}}}
	user := func(password string) map[string]string {
		return map[string]string{"username": "u\n", "password": password}
	}
	random := strings.Repeat("\x00\xff", 16)
	for name, c := range map[string]struct {
		spec    v1.DigitalTwinSpec
		data    map[string]string
		key     string
		used    string
		reason  string
		message string
	}{
		"Kafka":                    {spec: kafka, data: user("p/a,s's\n"), key: "password", used: "p/a,s's"},
		"a user's name":            {spec: kafka, data: user("p"), key: "username", used: "u"},
		"Kafka, tab":               {spec: kafka, data: user("a\tb"), reason: v1.ReasonSecretInvalid, message: "spec.kafka.external.saslSecretRef: the Secret s, key password: it holds the control character U+0009 at byte 2"},
		"Kafka, none":              {spec: kafka, data: map[string]string{"username": "u"}, reason: v1.ReasonSecretMissing, message: "the Secret s has no key password; add it"},
		"Redis":                    {spec: redis, data: user(" p \r\n"), key: "password", used: " p "},
		"Redis, no user":           {spec: redis, data: map[string]string{"password": "p"}, key: "password", used: "p"},
		"Redis, an odd user":       {spec: redis, data: map[string]string{"password": "p", "username": "a\nb"}, reason: v1.ReasonSecretInvalid, message: "key username"},
		"database":                 {spec: database, data: user("p@:/?#\n"), key: "password", used: "p@:/?#"},
		"database, empty":          {spec: database, data: user("\n"), reason: v1.ReasonSecretInvalid, message: "key password: it is empty"},
		"bucket":                   {spec: bucket, data: map[string]string{"accessKeyID": "i\n", "secretAccessKey": "k/+\n"}, key: "secretAccessKey", used: "k/+"},
		"bucket, not UTF-8":        {spec: bucket, data: map[string]string{"accessKeyID": "i", "secretAccessKey": "\xff"}, reason: v1.ReasonSecretInvalid, message: "key secretAccessKey: it is not UTF-8"},
		"token":                    {spec: file, data: map[string]string{"token": strings.Repeat("t", 9000) + "\n"}, key: "token", used: strings.Repeat("t", 9000)},
		"token, two lines":         {spec: file, data: map[string]string{"token": "a\nb"}, reason: v1.ReasonSecretInvalid, message: "key token: it holds the control character U+000A"},
		"token, too long":          {spec: file, data: map[string]string{"token": strings.Repeat("t", 20000)}, reason: v1.ReasonSecretInvalid, message: "it has 20000 bytes; write at most 16384"},
		"API keys":                 {spec: keys, data: map[string]string{"alice": strongKey + "\n"}, key: "alice", used: strongKey},
		"API keys, weak":           {spec: keys, data: map[string]string{"alice": "hunter2"}, reason: v1.ReasonSecretInvalid, message: "key alice: it is weak; write et_ and"},
		"API keys, none":           {spec: keys, data: map[string]string{}, reason: v1.ReasonSecretInvalid, message: "holds no key; put a key under each name"},
		"signing secret, any byte": {spec: signing, data: map[string]string{"secret": random}, key: "secret", used: random},
		"signing secret, short":    {spec: signing, data: map[string]string{"secret": "short\n"}, reason: v1.ReasonSecretInvalid, message: "key secret: it has 5 bytes; write at least 32 random ones"},
		"headers":                  {spec: traces, data: map[string]string{"headers": "x-api-key=a,b=c%20d\n"}, key: "headers", used: "x-api-key=a,b=c%20d"},
		"headers, none":            {spec: traces, data: map[string]string{}, reason: v1.ReasonSecretMissing, message: "spec.monitoring.tracing.headersSecretRef: the Secret s has no key headers; add it"},
		"headers, a token alone":   {spec: traces, data: map[string]string{"headers": "s3cret"}, reason: v1.ReasonSecretInvalid, message: "key headers: header 1 has no =; write name=value"},
		"authority":                {spec: v1.DigitalTwinSpec{Redis: &v1.Redis{External: &v1.ExternalRedis{TLS: tls}}}, data: map[string]string{"ca.crt": "# ours\n" + authority(t)}, key: "username"},
		"authority, no PEM":        {spec: v1.DigitalTwinSpec{Redis: &v1.Redis{External: &v1.ExternalRedis{TLS: tls}}}, data: map[string]string{"ca.crt": "certificate"}, reason: v1.ReasonSecretInvalid, message: "key ca.crt: it holds no certificate"},
		"authority, broken":        {spec: v1.DigitalTwinSpec{Redis: &v1.Redis{External: &v1.ExternalRedis{TLS: tls}}}, data: map[string]string{"ca.crt": strings.Replace(authority(t), "MI", "MA", 1)}, reason: v1.ReasonSecretInvalid, message: "key ca.crt: certificate 1 in it cannot be read"},
		"certificate without key":  {spec: v1.DigitalTwinSpec{Redis: &v1.Redis{External: &v1.ExternalRedis{TLS: cert}}}, data: map[string]string{"tls.crt": authority(t), "tls.key": "x"}, reason: v1.ReasonSecretInvalid, message: "keys tls.crt and tls.key"},
	} {
		t.Run(name, func(t *testing.T) {
			data := map[string][]byte{}
			for key, value := range c.data {
				data[key] = []byte(value)
			}
			got, err := usable(defaulted(c.spec), map[string]map[string][]byte{"s": data})
			if c.reason == "" {
				require.NoError(t, err)
				require.Equal(t, c.used, string(got["s"][c.key]))
				return
			}
			var stall *stalledError
			require.ErrorAs(t, err, &stall)
			require.Equal(t, c.reason, stall.reason)
			require.Contains(t, stall.message, c.message)
		})
	}
}

// A password of the twin's own may be written as people write them. What is
// written stays as it is; what is used has no line end.
func TestPasswordsAsPeopleWriteThem(t *testing.T) {
	sp := newSpace(t)
	const name = "vault"
	sp.twin(name, smallest)
	sp.ready(name)
	credentials, connections := &corev1.Secret{}, &corev1.Secret{}
	require.True(t, sp.child(credentials, resources.CredentialsName(name)))
	written := "p/a,s's\"w\\o#r$d\n"
	sp.patch(credentials, fmt.Sprintf(`{"stringData":{%q:%q,%q:%q}}`, resources.KeyKafkaPassword, written, resources.KeyOwnerPassword, written))
	sp.wake(name)
	sp.eventually(func() error {
		sp.workOnce()
		if sp.child(connections, resources.ConnectionsName(name)); string(connections.Data["kafka-password"]) != strings.TrimSuffix(written, "\n") {
			return fmt.Errorf("kafka-password is %q", connections.Data["kafka-password"])
		}
		return nil
	})
	require.Contains(t, string(connections.Data["database-url"]), "p%2Fa,s%27s%22w%5Co%23r$d@")
	sp.ready(name)
	require.True(t, sp.child(credentials, resources.CredentialsName(name)))
	require.Equal(t, written, string(credentials.Data[resources.KeyKafkaPassword]), "what somebody wrote was overwritten")

	for _, c := range []struct{ key, value, message string }{
		{resources.KeyKafkaPassword, "a\tb", "the Secret vault-credentials, key kafka-password: it holds the control character U+0009 at byte 2"},
		{resources.KeyAPIKey, "hunter2", "the Secret vault-credentials, key api-key: it is weak"},
		{resources.KeySessionSecret, "short", "the Secret vault-credentials, key session-secret: it has 5 bytes"},
		{resources.KeyGrafanaPassword, "a${HOME}", "the Secret vault-credentials, key grafana-password: it contains a variable of Grafana"},
	} {
		before := append([]byte(nil), credentials.Data[c.key]...)
		sp.patch(credentials, fmt.Sprintf(`{"stringData":{%q:%q}}`, c.key, c.value))
		sp.wake(name)
		twin := sp.condition(name, v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonSecretInvalid)
		require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message, c.message)
		sp.patch(credentials, fmt.Sprintf(`{"stringData":{%q:%q}}`, c.key, before))
		sp.wake(name)
		sp.ready(name)
	}
}
