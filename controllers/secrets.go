package controllers

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/apikey"
	"github.com/energytwin/energytwin/internal/config"
)

// reader makes of the bytes in a Secret what is used of them, or reports what is
// wrong with them and how to fix it.
type reader func(raw []byte) (string, error)

// secretKey is a value that the spec takes from a Secret.
type secretKey struct {
	field, secret string
	key           string // "" is every key of the Secret
	optional      bool
	read          reader
}

// secretKeys are what the spec takes from Secrets.
func secretKeys(s *v1.DigitalTwinSpec) []secretKey {
	var out []secretKey
	add := func(field string, ref *v1.SecretReference, read reader, keys ...string) {
		if ref == nil {
			return
		}
		for _, key := range keys {
			out = append(out, secretKey{field: field, secret: ref.Name, key: key, read: read})
		}
	}
	tls := func(field string, t *v1.ClientTLS) {
		if t != nil {
			add(field+".tls.caSecretRef", t.CASecretRef, certificates, "ca.crt")
			add(field+".tls.certSecretRef", t.CertSecretRef, asIs, "tls.crt", "tls.key")
		}
	}
	if e := s.Kafka.External; e != nil {
		add("kafka.external.saslSecretRef", e.SASLSecretRef, config.Password, "username", "password")
		tls("kafka.external", e.TLS)
	}
	if e := s.Redis.External; e != nil {
		add("redis.external.secretRef", e.SecretRef, config.Password, "password")
		if e.SecretRef != nil {
			out = append(out, secretKey{"redis.external.secretRef", e.SecretRef.Name, "username", true, config.Password})
		}
		add("redis.external.liveSecretRef", e.LiveSecretRef, config.Password, "username", "password")
		tls("redis.external", e.TLS)
	}
	if e := s.Timescale.External; e != nil {
		add("timescale.external.secretRef", &e.SecretRef, config.Password, "username", "password")
		tls("timescale.external", e.TLS)
	} else {
		if b := s.Timescale.Managed.Backup; b != nil && b.S3 != nil {
			add("timescale.managed.backup.s3.secretRef", &b.S3.SecretRef, config.Password, "accessKeyID", "secretAccessKey")
		}
		if from := s.Timescale.Managed.RestoreFrom; from != nil && from.S3 != nil {
			add("timescale.managed.restoreFrom.s3.secretRef", &from.S3.SecretRef, config.Password, "accessKeyID", "secretAccessKey")
		}
	}
	if d := s.Dataset; d != nil && d.URL != nil {
		add("dataset.url.tokenSecretRef", d.URL.TokenSecretRef, bearerToken, "token")
	}
	if m := s.Bridged(); m != nil {
		add("ingest.mqtt.secretRef", m.SecretRef, config.Password, "username", "password")
		tls("ingest.mqtt", m.TLS)
	}
	add("api.auth.apiKeysSecretRef", s.API.Auth.APIKeysSecretRef, apiKey, "")
	if o := s.API.Auth.OIDC; o != nil {
		add("api.auth.oidc.clientSecretRef", o.ClientSecretRef, bearerToken, "clientSecret")
		add("api.auth.oidc.caSecretRef", o.CASecretRef, certificates, "ca.crt")
	}
	if t := s.Monitoring.Tracing; t != nil {
		add("monitoring.tracing.headersSecretRef", t.HeadersSecretRef, headers, "headers")
		add("monitoring.tracing.caSecretRef", t.CASecretRef, certificates, "ca.crt")
	}
	add("api.auth.jwtSecretRef", s.API.Auth.JWTSecretRef, signingSecret, "secret")
	return out
}

// secretsOf are the names of the Secrets whose content the twin needs.
func secretsOf(s *v1.DigitalTwinSpec) []string {
	var names []string
	for _, k := range secretKeys(s) {
		if !slices.Contains(names, k.secret) {
			names = append(names, k.secret)
		}
	}
	return names
}

// usable are the Secrets of the spec with each value as it is used: without the
// line end of a text. It reports the first key that is missing or of no use.
func usable(s *v1.DigitalTwinSpec, secrets map[string]map[string][]byte) (map[string]map[string][]byte, error) {
	out := map[string]map[string][]byte{}
	for name, data := range secrets {
		out[name] = maps.Clone(data)
	}
	for _, k := range secretKeys(s) {
		keys := []string{k.key}
		if k.key == "" {
			if keys = sortedKeys(secrets[k.secret]); len(keys) == 0 {
				return nil, stalled(v1.ReasonSecretInvalid, "spec.%s: the Secret %s holds no key; put a key under each name", k.field, k.secret)
			}
		}
		for _, key := range keys {
			raw, there := secrets[k.secret][key]
			switch {
			case !there && k.optional:
				continue
			case !there:
				return nil, stalled(v1.ReasonSecretMissing, "spec.%s: the Secret %s has no key %s; add it", k.field, k.secret, key)
			}
			value, err := k.read(raw)
			if err != nil {
				return nil, stalled(v1.ReasonSecretInvalid, "spec.%s: the Secret %s, key %s: %v", k.field, k.secret, key, err)
			}
			out[k.secret][key] = []byte(value)
		}
	}
	if err := matchingCertificates(s, secrets); err != nil {
		return nil, err
	}
	return out, nil
}

// credential is one of the twin's own passwords.
func credential(key string, raw []byte) (string, error) {
	switch key {
	case resources.KeyAPIKey:
		return apiKey(raw)
	case resources.KeySessionSecret:
		return signingSecret(raw)
	case resources.KeyGrafanaPassword:
		return grafanaPassword(raw)
	}
	return config.Password(raw)
}

// asIs takes any bytes but none.
func asIs(raw []byte) (string, error) {
	if len(raw) == 0 {
		return "", errors.New("it is empty; write a value")
	}
	return string(raw), nil
}

func bearerToken(raw []byte) (string, error) { return config.SecretText(raw, config.MaxToken) }

// headers rejects what the workloads could not send along.
func headers(raw []byte) (string, error) {
	if _, err := config.Headers(raw); err != nil {
		return "", err
	}
	return string(config.WithoutLineEnd(raw)), nil
}

// apiKey rejects keys that the API would not let in.
func apiKey(raw []byte) (string, error) {
	key, err := config.SecretText(raw, config.MaxPassword)
	if err != nil {
		return "", err
	}
	if !apikey.Strong(key) {
		return "", errors.New("it is weak; write et_ and 43 characters of base64url, 32 random bytes")
	}
	return key, nil
}

// signingSecret takes any bytes: keys of a cipher are often no text.
func signingSecret(raw []byte) (string, error) {
	secret := config.WithoutLineEnd(raw)
	if len(secret) < config.MinSigningSecret {
		return "", fmt.Errorf("it has %d bytes; write at least %d random ones", len(secret), config.MinSigningSecret)
	}
	return string(secret), nil
}

// grafanaVariable is what Grafana expands in the value of a setting. It offers no
// way to quote one.
var grafanaVariable = regexp.MustCompile(`\$(__\w+)?{[^}]+}|%\(.+?\)s`)

func grafanaPassword(raw []byte) (string, error) {
	password, err := config.Password(raw)
	if err == nil && grafanaVariable.MatchString(password) {
		return "", errors.New("it contains a variable of Grafana; write it without ${…}, $__file{…} and %(…)s")
	}
	return password, err
}

// certificates takes what holds certificates in PEM and nothing that is broken.
func certificates(raw []byte) (string, error) {
	found := 0
	for rest := raw; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return "", fmt.Errorf("certificate %d in it cannot be read (%w); write the authority's certificates in PEM", found+1, err)
		}
		found++
	}
	if found == 0 {
		return "", errors.New("it holds no certificate; write the authority's certificates in PEM, which begin with -----BEGIN CERTIFICATE-----")
	}
	return string(raw), nil
}

// matchingCertificates rejects client certificates that their keys do not belong
// to.
func matchingCertificates(s *v1.DigitalTwinSpec, secrets map[string]map[string][]byte) error {
	for _, k := range secretKeys(s) {
		if k.key != "tls.crt" {
			continue
		}
		data := secrets[k.secret]
		if _, err := tls.X509KeyPair(data["tls.crt"], data["tls.key"]); err != nil {
			return stalled(v1.ReasonSecretInvalid, "spec.%s: the Secret %s, keys tls.crt and tls.key: %v; write a certificate and its key in PEM", k.field, k.secret, err)
		}
	}
	return nil
}
