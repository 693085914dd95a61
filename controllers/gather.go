package controllers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/apikey"
)

// gather reads what the objects depend on besides the spec.
func (r *Reconciler) gather(ctx context.Context, s *scope) (resources.Inputs, error) {
	in := resources.Inputs{
		OperatorNamespace: r.Namespace,
		Secrets:           map[string]map[string][]byte{},
		Digests:           map[string]string{},
		FinishedReads:     s.finishedReads(),
	}
	in.Restoring, in.Restored, in.Restarts = s.restoring(), s.restored(), s.restarts()
	in.Backup, _ = s.backupRequest()
	var err error
	if in.Credentials, in.Changes, err = r.credentials(ctx, s); err != nil {
		return in, err
	}
	if in.Images, err = r.images(ctx, s); err != nil {
		return in, err
	}
	for _, name := range secretsOf(s.spec) {
		secret, err := r.secret(ctx, s.twin.Namespace, name)
		if apierrors.IsNotFound(err) {
			return in, stalled(v1.ReasonSecretMissing, "the Secret %s is not there; create it", name)
		}
		if err != nil {
			return in, err
		}
		in.Secrets[name] = secret.Data
	}
	if err := r.digests(ctx, s, in.Digests); err != nil {
		return in, err
	}
	if err := missingKeys(s.spec, in.Secrets); err != nil {
		return in, err
	}
	if err := weakKeys(s.spec, in.Secrets); err != nil {
		return in, err
	}
	if in.Kinds, err = r.kinds(); err != nil {
		return in, err
	}
	if err := r.proveImages(ctx, s, &in); err != nil {
		return in, err
	}
	return in, r.gatherLive(ctx, s, &in)
}

// gatherLive reads what depends on the objects that are there.
func (r *Reconciler) gatherLive(ctx context.Context, s *scope, in *resources.Inputs) error {
	var err error
	if in.Sizes, err = r.heldSizes(ctx, s); err != nil {
		return err
	}
	if in.Classes, err = r.heldClasses(ctx, s); err != nil {
		return err
	}
	if in.KafkaStopped, err = r.kafkaStopped(ctx, s, in.Credentials); err != nil {
		return err
	}
	if in.AutoscalerHolds, err = r.autoscalerHolds(ctx, s); err != nil {
		return err
	}
	in.StoresHeld, err = r.workloadsRun(ctx, s)
	return err
}

// credentials are the twin's passwords. The Secret is the truth: what it holds
// is kept, whoever wrote it, and only what it lacks or what is to be rotated is
// made.
func (r *Reconciler) credentials(ctx context.Context, s *scope) (resources.Credentials, resources.Changes, error) {
	name := resources.CredentialsName(s.twin.Name)
	secret, err := r.secret(ctx, s.twin.Namespace, name)
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, nil, err
	}
	if err == nil && !s.owns(secret, true) {
		return nil, nil, stalled(v1.ReasonNameTaken, "Secret %s exists and is not this twin's; rename the twin, or delete that Secret", name)
	}
	values, made := resources.Credentials{}, map[string]bool{}
	for _, key := range resources.CredentialKeys() {
		if value := secret.Data[key]; len(value) > 0 {
			values[key] = string(value)
			continue
		}
		made[key] = true
		if values[key], err = r.newCredential(key); err != nil {
			return nil, nil, err
		}
	}
	changes, err := r.agesOf(s, secret, values, made)
	return values, changes, err
}

// newCredential makes a random value for a key.
func (r *Reconciler) newCredential(key string) (string, error) {
	random := make([]byte, resources.CredentialBytes)
	if _, err := io.ReadFull(r.Random, random); err != nil {
		return "", fmt.Errorf("make a password: %w", err)
	}
	return resources.CredentialFrom(key, random), nil
}

// secret reads one Secret by its name. Secrets are never listed or watched, so
// that the operator need not hold, nor be allowed, those of others.
func (r *Reconciler) secret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	if err := r.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, secret); err != nil {
		return &corev1.Secret{}, fmt.Errorf("read Secret %s: %w", name, err)
	}
	return secret, nil
}

// secretKey is a key that a Secret of the spec must have.
type secretKey struct{ field, secret, key string }

// secretKeys are what the spec takes from Secrets.
func secretKeys(s *v1.DigitalTwinSpec) []secretKey {
	var out []secretKey
	add := func(field string, ref *v1.SecretReference, keys ...string) {
		if ref == nil {
			return
		}
		for _, key := range keys {
			out = append(out, secretKey{field, ref.Name, key})
		}
	}
	tls := func(field string, t *v1.ClientTLS) {
		if t != nil {
			add(field+".tls.caSecretRef", t.CASecretRef, "ca.crt")
			add(field+".tls.certSecretRef", t.CertSecretRef, "tls.crt", "tls.key")
		}
	}
	if e := s.Kafka.External; e != nil {
		add("kafka.external.saslSecretRef", e.SASLSecretRef, "username", "password")
		tls("kafka.external", e.TLS)
	}
	if e := s.Redis.External; e != nil {
		add("redis.external.secretRef", e.SecretRef, "password")
		tls("redis.external", e.TLS)
	}
	if e := s.Timescale.External; e != nil {
		add("timescale.external.secretRef", &e.SecretRef, "username", "password")
		tls("timescale.external", e.TLS)
	} else {
		if b := s.Timescale.Managed.Backup; b != nil && b.S3 != nil {
			add("timescale.managed.backup.s3.secretRef", &b.S3.SecretRef, "accessKeyID", "secretAccessKey")
		}
		if from := s.Timescale.Managed.RestoreFrom; from != nil && from.S3 != nil {
			add("timescale.managed.restoreFrom.s3.secretRef", &from.S3.SecretRef, "accessKeyID", "secretAccessKey")
		}
	}
	if d := s.Dataset; d != nil && d.URL != nil {
		add("dataset.url.tokenSecretRef", d.URL.TokenSecretRef, "token")
	}
	add("api.auth.apiKeysSecretRef", s.API.Auth.APIKeysSecretRef, "")
	add("api.auth.jwtSecretRef", s.API.Auth.JWTSecretRef, "secret")
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

func missingKeys(s *v1.DigitalTwinSpec, secrets map[string]map[string][]byte) error {
	for _, k := range secretKeys(s) {
		if k.key != "" && len(secrets[k.secret][k.key]) == 0 {
			return stalled(v1.ReasonSecretMissing, "spec.%s: the Secret %s has no key %s; add it", k.field, k.secret, k.key)
		}
	}
	return nil
}

// weakKeys refuses API keys that the API would not let in.
func weakKeys(s *v1.DigitalTwinSpec, secrets map[string]map[string][]byte) error {
	ref := s.API.Auth.APIKeysSecretRef
	if ref == nil {
		return nil
	}
	for _, name := range sortedKeys(secrets[ref.Name]) {
		if !apikey.Strong(strings.TrimSpace(string(secrets[ref.Name][name]))) {
			return stalled(v1.ReasonSecretInvalid, "spec.api.auth.apiKeysSecretRef: %s of the Secret %s is weak; write et_ and 43 characters of base64url, 32 random bytes", name, ref.Name)
		}
	}
	return nil
}

// digests are checksums of what the spec takes from ConfigMaps.
func (r *Reconciler) digests(ctx context.Context, s *scope, into map[string]string) error {
	sources := map[string]*v1.ConfigMapSource{}
	if d := s.spec.Dataset; d != nil {
		sources["dataset.configMap"] = d.ConfigMap
	}
	dsm := &s.spec.Processor.DSM
	if dsm.Tariff.Dynamic != nil {
		sources["processor.dsm.tariff.dynamic.configMap"] = dsm.Tariff.Dynamic.ConfigMap
	}
	if dsm.CarbonIntensity != nil {
		sources["processor.dsm.carbonIntensity.configMap"] = dsm.CarbonIntensity.ConfigMap
	}
	if t := s.spec.Processor.Forecast.Temperature; t != nil {
		sources["processor.forecast.temperature.configMap"] = t.ConfigMap
	}
	for _, field := range sortedKeys(sources) {
		source := sources[field]
		if source == nil {
			continue
		}
		value, err := r.configMapValue(ctx, s.twin.Namespace, field, source)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(value)
		into[resources.ConfigMapKey(source.Name, source.Key)] = hex.EncodeToString(sum[:])
	}
	return nil
}

func (r *Reconciler) configMapValue(ctx context.Context, namespace, field string, source *v1.ConfigMapSource) ([]byte, error) {
	configMap := &corev1.ConfigMap{}
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: source.Name}, configMap)
	if apierrors.IsNotFound(err) {
		return nil, stalled(v1.ReasonDatasetMissing, "spec.%s: the ConfigMap %s is not there; create it", field, source.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("read ConfigMap %s: %w", source.Name, err)
	}
	if value, ok := configMap.BinaryData[source.Key]; ok {
		return value, nil
	}
	if value, ok := configMap.Data[source.Key]; ok {
		return []byte(value), nil
	}
	return nil, stalled(v1.ReasonDatasetMissing, "spec.%s: the ConfigMap %s has no key %s; add it", field, source.Name, source.Key)
}

// kafkaStopped tells whether brokers are still there that know another password
// than the others will: several could not agree, one by one.
func (r *Reconciler) kafkaStopped(ctx context.Context, s *scope, c resources.Credentials) (bool, error) {
	m := s.spec.Kafka.Managed
	if m == nil || *m.Replicas < 2 {
		return false, nil
	}
	pods, err := r.pods(ctx, s, v1.ComponentKafka)
	if err != nil {
		return false, err
	}
	for _, p := range pods {
		if have := p.Annotations[resources.AnnotationInternal]; have != "" && have != resources.InternalHash(c) {
			return true, nil
		}
	}
	return false, nil
}

// pods are those of a component, from the cache.
func (r *Reconciler) pods(ctx context.Context, s *scope, component string) ([]corev1.Pod, error) {
	list := &corev1.PodList{}
	err := r.List(ctx, list, client.InNamespace(s.twin.Namespace), client.MatchingLabels(resources.SelectorLabels(s.twin.Name, component)))
	return list.Items, err
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
