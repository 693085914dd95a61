package controllers

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

func (sp *space) createClass(name string) {
	sp.t.Helper()
	require.NoError(sp.t, sp.admin.Create(sp.ctx, &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: "example.org/none", AllowVolumeExpansion: ptr.To(true),
	}))
}

func (sp *space) secret(name string, pairs ...string) {
	sp.t.Helper()
	data := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		data[pairs[i]] = pairs[i+1]
	}
	require.NoError(sp.t, sp.admin.Create(sp.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: name}, StringData: data}))
}

// What only a person can mend is said with its mend, is not tried again and
// again, and ends when it is mended.
func TestStallsNameTheMend(t *testing.T) {
	sp := newSpace(t)
	sp.twin("zone", smallest+"\ntimezone: Europe/Atlantis")
	sp.twin("secretless", smallest+"\nredis: {external: {address: \"redis:6379\", secretRef: {name: redis-user}}}")
	sp.twin("fileless", "dataset: {configMap: {name: readings, key: readings.csv}}")
	for _, c := range []struct{ name, reason, words string }{
		{"zone", v1.ReasonInvalidSpec, "spec.timezone"},
		{"secretless", v1.ReasonSecretMissing, "the Secret redis-user is not there; create it"},
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
	require.NoError(t, sp.admin.Create(sp.ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "readings"}, BinaryData: map[string][]byte{"readings.csv": {1, 2}},
	}))
	sp.wake("secretless")
	sp.wake("fileless")
	for _, name := range []string{"zone", "secretless", "fileless"} {
		sp.ready(name)
	}
	require.Len(t, sp.get("fileless").Status.Dataset.SHA256, 64)
}

// The preparing Job says which external store does not answer or refuses.
func TestExternalStores(t *testing.T) {
	sp := newSpace(t)
	for _, name := range []string{"kafka-user", "redis-user", "database-user"} {
		sp.secret(name, "username", "twin", "password", "p")
	}
	sp.secret("company-ca", "ca.crt", "certificate")
	sp.sampleTwin("external-stores.yaml")
	const name = "external-stores"
	sp.eventually(func() error {
		if len(sp.jobs()) != 1 {
			return fmt.Errorf("no Job")
		}
		return nil
	})
	sp.conditionWithoutWork(name, v1.ConditionKafkaReady, metav1.ConditionFalse, v1.ReasonWaiting)
	for _, c := range []struct{ said, kind, reason string }{
		{`{"store":"kafka","message":"connection refused"}`, v1.ConditionKafkaReady, v1.ReasonUnreachable},
		{`{"store":"redis","denied":true,"message":"WRONGPASS"}`, v1.ConditionRedisReady, v1.ReasonAccessDenied},
		{`{"store":"timescale","message":"no route to host"}`, v1.ConditionTimescaleReady, v1.ReasonUnreachable},
		{`{"store":"schema","message":"relation exists"}`, v1.ConditionSchemaReady, v1.ReasonPrepareFailed},
		{`killed`, v1.ConditionSchemaReady, v1.ReasonPrepareFailed},
	} {
		sp.failJob(c.said)
		twin := sp.conditionWithoutWork(name, c.kind, metav1.ConditionFalse, c.reason)
		require.False(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady))
	}
	require.False(t, sp.child(&appsv1.StatefulSet{}, name+"-kafka"))
	twin := sp.ready(name)
	require.Equal(t, v1.StoreExternal, twin.Status.Stores.Timescale)
	require.Equal(t, v1.ReasonExternal, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionKafkaReady).Reason)
}

// A store goes from the operator's own to an external one and back, under both
// kinds of apply; the volume stays.
func TestStoreGoesOutAndComesBack(t *testing.T) {
	sp := newSpace(t)
	external := "redis: {external: {address: \"redis.example.org:6379\"}}"
	ways := map[string]func(name, spec string){
		"server": func(name, spec string) {
			u := sp.manifest(name, spec)
			require.NoError(t, sp.admin.Apply(sp.ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("kubectl"), client.ForceOwnership))
		},
		"client": func(name, spec string) {
			u := sp.manifest(name, spec)
			live := &unstructured.Unstructured{}
			live.SetGroupVersionKind(u.GroupVersionKind())
			if err := sp.admin.Get(sp.ctx, client.ObjectKeyFromObject(u), live); client.IgnoreNotFound(err) == nil && err != nil {
				require.NoError(t, sp.admin.Create(sp.ctx, u))
				return
			}
			u.SetResourceVersion(live.GetResourceVersion())
			require.NoError(t, sp.admin.Update(sp.ctx, u))
		},
	}
	for name, apply := range ways {
		apply(name, smallest)
		sp.ready(name)
		require.True(t, sp.child(&appsv1.StatefulSet{}, name+"-redis"))
		apply(name, smallest+"\n"+external)
		sp.eventually(func() error {
			sp.workOnce()
			if sp.child(&appsv1.StatefulSet{}, name+"-redis") {
				return fmt.Errorf("redis still runs")
			}
			return nil
		})
		sp.ready(name)
		require.Equal(t, v1.StoreExternal, sp.get(name).Status.Stores.Redis)
		require.True(t, sp.child(&corev1.PersistentVolumeClaim{}, "data-"+name+"-redis-0"))
		apply(name, smallest)
		sp.ready(name)
		require.True(t, sp.child(&appsv1.StatefulSet{}, name+"-redis"))
		require.Equal(t, v1.StoreManaged, sp.get(name).Status.Stores.Redis)
	}
}

func (sp *space) manifest(name, spec string) *unstructured.Unstructured {
	sp.t.Helper()
	u := &unstructured.Unstructured{Object: map[string]any{}}
	var content map[string]any
	require.NoError(sp.t, yaml.Unmarshal([]byte(spec), &content))
	u.Object["spec"] = content
	u.SetGroupVersionKind(v1.GroupVersion.WithKind(v1.Kind))
	u.SetName(name)
	u.SetNamespace(sp.ns)
	return u
}

// Brokers that come back find the volumes of as many as there were.
func TestKafkaComesBackWithAsManyBrokers(t *testing.T) {
	sp := newSpace(t)
	sp.twin("brokers", smallest)
	sp.ready("brokers")
	sp.patchSpec("brokers", "kafka: {external: {bootstrapServers: [\"kafka:9092\"]}}")
	sp.ready("brokers")
	sp.patchSpec("brokers", "kafka: {external: null, managed: {replicas: 3}}")
	twin := sp.condition("brokers", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonFixedField)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message, "spec.kafka.managed.replicas is 3")
}

// The API server refuses what cannot work, and says what to write instead.
func TestApiServerRefuses(t *testing.T) {
	sp := newSpace(t)
	sp.twin("fixed", smallest+"\nkafka: {managed: {storage: {size: 10Gi}}, topics: {partitions: 12}}")
	for _, c := range []struct{ spec, message string }{
		{"dataset: null", "write where readings come from: dataset: {synthetic: {}} makes up households"},
		{"dataset: {url: {location: \"https://example.org/x\"}}", "write exactly one of dataset.synthetic, dataset.url"},
		{"kafka: {managed: {storage: {size: 9Gi}}}", "kafka.managed.storage.size can only grow"},
		{"kafka: {managed: null}", "kafka.managed.storage.size can only grow"},
		{"kafka: {topics: {partitions: 24}}", "kafka.topics.partitions is fixed when the twin is made"},
		{"kafka: {managed: {replicas: 3}}", "kafka.managed.replicas is fixed when the twin is made"},
		{"kafka: {external: {bootstrapServers: [\"a:1\"]}}", "write at most one of kafka.managed and kafka.external"},
		{"processor: {forecast: {quantiles: [\"0.9\", \"0.5\", \"0.1\"]}}", "write three quantiles in ascending order"},
		{"processor: {replicas: 13}", "processor.replicas must not exceed kafka.topics.partitions"},
	} {
		doc, err := yaml.YAMLToJSON([]byte(c.spec))
		require.NoError(t, err)
		err = sp.admin.Patch(sp.ctx, sp.get("fixed"), client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"spec":%s}`, doc)))
		require.ErrorContains(t, err, c.message, c.spec)
	}
}

// Every sample becomes Ready under the operator's own rights.
func TestSamplesBecomeReady(t *testing.T) {
	sp := newSpace(t)
	for _, name := range []string{"kafka-user", "redis-user", "database-user"} {
		sp.secret(name, "username", "twin", "password", "p")
	}
	sp.secret("company-ca", "ca.crt", "certificate")
	sp.secret("twin-api-keys", "alice", "et_x")
	sp.secret("backup-bucket", "accessKeyID", "a", "secretAccessKey", "b")
	for name, key := range map[string]string{"buildings-readings": "readings.csv.gz", "agile-prices": "prices.csv.gz"} {
		require.NoError(t, sp.admin.Create(sp.ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: name}, BinaryData: map[string][]byte{key: {1}},
		}))
	}
	files, err := os.ReadDir("../config/samples")
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		if f.Name() != "kustomization.yaml" {
			names = append(names, sp.sampleTwin(f.Name()).Name)
		}
	}
	require.GreaterOrEqual(t, len(names), 4)
	for _, name := range names {
		sp.ready(name)
	}
	monitor := &unstructured.Unstructured{}
	monitor.SetGroupVersionKind(gvk{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"})
	require.True(t, sp.child(monitor, "riverside"))
	require.Empty(t, sp.requests.denied)
	sp.quiet()
}
