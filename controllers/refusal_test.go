package controllers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

func (sp *space) configMap(name, key, value string) {
	sp.t.Helper()
	require.NoError(sp.t, sp.admin.Create(sp.ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: name}, BinaryData: map[string][]byte{key: []byte(value)},
	}))
}

// strongKey is an API key as the operator makes them.
const strongKey = "et_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

// What only a person can fix is reported with its fix, is not tried again and
// again, and ends when it is fixed.
func TestStallsNameTheMend(t *testing.T) {
	sp := newSpace(t)
	sp.twin("zone", smallest+"\ntimezone: Europe/Atlantis")
	sp.twin("secretless", smallest+"\nredis: {external: {address: \"redis:6379\", secretRef: {name: redis-user}}}")
	sp.secret("weak-keys", "alice", "et_secret")
	sp.twin("weak", smallest+"\napi: {auth: {apiKeysSecretRef: {name: weak-keys}}}")
	sp.twin("fileless", "dataset: {configMap: {name: readings, key: readings.csv}}")
	for _, c := range []struct{ name, reason, words string }{
		{"zone", v1.ReasonInvalidSpec, "spec.timezone"},
		{"secretless", v1.ReasonSecretMissing, "the Secret redis-user is not there; create it"},
		{"weak", v1.ReasonSecretInvalid, "the Secret weak-keys, key alice: it is weak; write et_ and"},
		{"fileless", v1.ReasonDatasetMissing, "spec.dataset.configMap: the ConfigMap readings is not there; create it"},
	} {
		twin := sp.condition(c.name, v1.ConditionStalled, metav1.ConditionTrue, c.reason)
		require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message, c.words)
		require.Equal(t, v1.PhaseStalled, twin.Status.Phase)
		require.False(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady))
	}
	sp.quiet()

	sp.patchSpec("zone", "timezone: Europe/Athens")
	sp.secret("redis-user", "username", "u")
	sp.wake("secretless")
	sp.eventually(func() error {
		c := meta.FindStatusCondition(sp.get("secretless").Status.Conditions, v1.ConditionStalled)
		if c == nil || c.Message != "spec.redis.external.secretRef: the Secret redis-user has no key password; add it" {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	secret := &corev1.Secret{}
	require.True(t, sp.child(secret, "redis-user"))
	sp.patch(secret, `{"stringData":{"password":"p"}}`)
	sp.configMap("readings", "readings.csv", "\x01\x02")
	sp.wake("secretless")
	sp.wake("fileless")
	require.True(t, sp.child(secret, "weak-keys"))
	sp.patch(secret, fmt.Sprintf(`{"stringData":{"alice":%q}}`, strongKey))
	sp.wake("weak")
	for _, name := range []string{"zone", "secretless", "weak", "fileless"} {
		sp.ready(name)
	}
	require.Len(t, sp.get("fileless").Status.Dataset.SHA256, 64)
}

func (sp *space) secret(name string, pairs ...string) {
	sp.t.Helper()
	data := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		data[pairs[i]] = pairs[i+1]
	}
	require.NoError(sp.t, sp.admin.Create(sp.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: name}, StringData: data}))
}

// The API server rejects what cannot work, and says what to write instead.
func TestApiServerRefuses(t *testing.T) {
	sp := newSpace(t)
	sp.twin("fixed", smallest+"\nkafka: {managed: {storage: {size: 10Gi}}, topics: {partitions: 12}}")
	sp.ready("fixed")
	for _, c := range []struct{ spec, message string }{
		{"dataset: null", "write where readings come from: dataset: {synthetic: {}} makes up households"},
		{"dataset: {url: {location: \"https://example.org/x\"}}", "write exactly one of dataset.synthetic, dataset.url"},
		{"kafka: {managed: {storage: {size: 9Gi}}}", "kafka.managed.storage.size can only grow"},
		{"kafka: {managed: null}", "kafka.managed.storage.size can only grow"},
		{"kafka: {topics: {partitions: 24}}", "kafka.topics.partitions is fixed once the topics exist"},
		{"kafka: {managed: {replicas: 3}}", "kafka.managed.replicas is fixed once the volumes exist"},
		{"kafka: {external: {bootstrapServers: [\"a:1\"]}}", "write at most one of kafka.managed and kafka.external"},
		{"processor: {forecast: {quantiles: [\"0.9\", \"0.5\", \"0.1\"]}}", "models give the quantiles 0.1, 0.5 and 0.9"},
		{"processor: {replicas: 13}", "processor.replicas must not exceed kafka.topics.partitions"},
	} {
		doc, err := yaml.YAMLToJSON([]byte(c.spec))
		require.NoError(t, err)
		err = sp.admin.Patch(sp.ctx, sp.get("fixed"), client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"spec":%s}`, doc)))
		require.ErrorContains(t, err, c.message, c.spec)
	}
}
