package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// TestQuickstart: the first twin of everybody becomes Ready, its data flow, its
// pages and API answer, and what it leaves under Retain is what may be needed
// again.
func TestQuickstart(t *testing.T) {
	s := connect(t).space(t, "e2e-quickstart")
	twin := s.sample("quickstart.yaml")
	began := time.Now()
	s.make(twin)
	s.ready(twin.Name)
	untilReady := time.Since(began)
	s.await(twin.Name, "has data flowing", isFlowing)
	t.Logf("MEASURED quickstart: %.0f s to Ready, %.0f s to data flowing (wanted: 120 s)", untilReady.Seconds(), time.Since(began).Seconds())

	answer := s.asked(twin.Name, "")
	require.EqualValues(t, 200, answer.Meters)
	require.Contains(t, s.page(twin.Name, "/ui/"), "<html")
	require.Contains(t, s.page(twin.Name, "/docs"), "<html")
	_, err := s.get(t.Context(), twin.Name, "/api/v1/twin", "et_no-key-at-all")
	require.Error(t, err, "a wrong key was let in")
	s.await(twin.Name, "has its monitoring", func(t *v1.DigitalTwin) bool { return conditionIs(t, v1.ConditionMonitoringReady) })
	s.await(twin.Name, "has decided", func(t *v1.DigitalTwin) bool { return t.Status.Decisions != nil && t.Status.Decisions.Total > 0 })

	gone := s.remove(twin.Name)
	t.Logf("MEASURED quickstart: deleted after %.0f s", gone.Seconds())
	s.nothingIsLeft(twin.Name, retained)
}

// TestBuildings: readings from a compressed file in a ConfigMap. The row that is
// none is set aside, all others are stored.
func TestBuildings(t *testing.T) {
	s := connect(t).space(t, "e2e-buildings")
	twin := s.sample("buildings.yaml")
	file, rows := buildingReadings()
	source := twin.Spec.Dataset.ConfigMap
	s.make(&corev1.ConfigMap{ObjectMeta: s.meta(source.Name), BinaryData: map[string][]byte{source.Key: file}}, twin)
	s.completed(twin.Name)
	s.ready(twin.Name)
	answer := s.asked(twin.Name, "")
	require.EqualValues(t, rows, answer.Counts.Stored)
	require.EqualValues(t, 6, answer.Meters)
	require.EqualValues(t, rows, s.rows(twin.Name)[0].Rows)
}

// buildingReadings is a file as the sample expects it: six buildings over 60
// days, and one row that is none.
func buildingReadings() (file []byte, rows int) {
	var out bytes.Buffer
	pack := gzip.NewWriter(&out)
	fmt.Fprintln(pack, "meter_id,timestamp,kwh")
	start := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	for hour := range 60 * 24 {
		at := start.Add(time.Duration(hour) * time.Hour)
		for building := range 6 {
			// More by day than by night, and each building somewhat greater.
			kwh := 20 + 15*building + 3*(hour%24)*(24-hour%24)/24
			fmt.Fprintf(pack, "ucam-b%03d,%s,%d.5\n", 20+10*building, at.Format(time.RFC3339), kwh)
			rows++
		}
	}
	fmt.Fprintf(pack, "ucam-b020,%s,much\n", start.Add(61*24*time.Hour).Format(time.RFC3339))
	_ = pack.Close() // into memory
	return out.Bytes(), rows
}

// TestProduction: the sample for daily use, as small as it works: three brokers
// that agree on a password, two processors and API servers, https and alerts.
func TestProduction(t *testing.T) {
	s := connect(t).space(t, "e2e-production")
	twin := s.sample("production.yaml")
	s.scaleDown(twin)
	key := string(newPasswords()[resources.KeyAPIKey])
	s.make(
		&corev1.Secret{ObjectMeta: s.meta("twin-oidc"), StringData: map[string]string{"clientSecret": "s3cret"}},
		&corev1.Secret{ObjectMeta: s.meta("twin-tracing"), StringData: map[string]string{"headers": "x-api-key=s3cret"}},
		&corev1.Secret{ObjectMeta: s.meta("twin-api-keys"), StringData: map[string]string{"plant.read": key}},
		&corev1.Secret{ObjectMeta: s.meta("backup-bucket"), StringData: map[string]string{"accessKeyID": "id", "secretAccessKey": "secret"}},
		&corev1.ConfigMap{ObjectMeta: s.meta("agile-prices"), BinaryData: map[string][]byte{"prices.csv.gz": hourlyPrices()}},
	)
	s.fill(twin.Spec.Dataset.PersistentVolumeClaim, halfHours())
	s.make(twin)
	s.ready(twin.Name)
	require.Len(t, s.pods(resources.Name(twin.Name, "kafka-")), 3)
	require.Len(t, s.pods(resources.Name(twin.Name, "api-")), 2)
	s.await(twin.Name, "has data flowing", isFlowing)
	body, err := s.get(t.Context(), twin.Name, "/riverside/api/v1/twin", key)
	require.NoError(t, err)
	require.Contains(t, string(body), `"meters":3`)
}

// scaleDown leaves the sample as it is, but for its size and for what a cluster
// need not have.
func (s *space) scaleDown(twin *v1.DigitalTwin) {
	spec := &twin.Spec
	spec.DeletionPolicy = v1.DeletionDelete
	spec.Pods.PriorityClassName = ""
	spec.Pods.NodeSelector = nil
	spec.Kafka.Managed.Resources, spec.Redis.Managed.Resources, spec.Timescale.Managed.Resources = nil, nil, nil
	spec.Processor.Resources = nil
	spec.Redis.Managed.MaxMemory = ""
	for _, storage := range []*v1.Storage{spec.Kafka.Managed.Storage, spec.Redis.Managed.Storage, spec.Timescale.Managed.Storage} {
		storage.ClassName, storage.Size = "", "1Gi"
	}
	partitions := int32(8) // as many as processors may become
	spec.Kafka.Topics.Partitions = &partitions
}

// fill makes the claim that a twin reads, with a file in it.
func (s *space) fill(source *v1.VolumeSource, content []byte) {
	s.t.Helper()
	s.make(&corev1.PersistentVolumeClaim{ObjectMeta: s.meta(source.ClaimName), Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: mustParse("1Gi")}},
	}})
	filler := s.shell("filler", source.ClaimName)
	_, err := s.run(s.t.Context(), filler.Name, "shell", bytes.NewReader(content), "sh", "-c",
		fmt.Sprintf(`mkdir -p "$(dirname /data/%[1]s)" && cat >/data/%[1]s`, source.Path))
	require.NoError(s.t, err)
	require.NoError(s.t, s.Delete(s.t.Context(), filler, client.GracePeriodSeconds(0)))
}
