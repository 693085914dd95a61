package controllers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// gather reads what the objects depend on besides the spec.
func (r *Reconciler) gather(ctx context.Context, s *scope) (resources.Inputs, error) {
	in := resources.Inputs{
		OperatorNamespace: r.Namespace,
		Secrets:           map[string]map[string][]byte{},
		Digests:           map[string]string{},
	}
	var err error
	if err = r.credentials(ctx, s, &in); err != nil {
		return in, err
	}
	in.FinishedReads = s.finishedReads()
	in.Restoring, in.Restored, in.Restarts = s.restoring(), s.restored(), s.restarts()
	in.Backup, _ = s.backupRequest()
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
	if in.Secrets, err = usable(s.spec, in.Secrets); err != nil {
		return in, err
	}
	if in.Kinds, err = r.kinds(); err != nil {
		return in, err
	}
	if err := r.proveImages(ctx, s, &in); err != nil {
		return in, err
	}
	if in.KafkaHelper, err = r.kafkaHelper(ctx, s, in.Images.Workloads); err != nil {
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

// credentials reads the twin's passwords. The Secret is the truth: what it holds
// is kept, whoever wrote it, and only what it lacks or what is to be rotated is
// made.
func (r *Reconciler) credentials(ctx context.Context, s *scope, in *resources.Inputs) error {
	name := resources.CredentialsName(s.twin.Name)
	secret, err := r.secret(ctx, s.twin.Namespace, name)
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if err == nil && !s.owns(secret, true) {
		return stalled(v1.ReasonNameTaken, "Secret %s exists and is not this twin's; rename the twin, or delete that Secret", name)
	}
	if err := r.remember(ctx, s, secret); err != nil {
		return err
	}
	made := map[string]bool{}
	in.Credentials, in.Written, in.WrittenVersion = resources.Credentials{}, map[string][]byte{}, secret.ResourceVersion
	for _, key := range resources.CredentialKeys() {
		if written := secret.Data[key]; len(written) > 0 {
			value, err := credential(key, written)
			if err != nil {
				return stalled(v1.ReasonSecretInvalid, "the Secret %s, key %s: %v, or delete the key for a new value", name, key, err)
			}
			in.Credentials[key], in.Written[key] = value, written
			continue
		}
		made[key] = true
		if in.Credentials[key], err = r.newCredential(key); err != nil {
			return err
		}
	}
	in.Changes, err = r.agesOf(s, secret, in.Credentials, made)
	for _, key := range s.rotated {
		delete(in.Written, key)
	}
	return err
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

// kafkaStopped reports whether brokers are still there that know another password
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
