package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// TestFetched: readings from a file of a web server. Another file than the
// checksum's is rejected and named; with the right checksum all rows are stored.
func TestFetched(t *testing.T) {
	c := connect(t)
	s := c.space(t, "e2e-fetched")
	files := c.space(t, "e2e-files")
	file, rows := buildingReadings()
	address := files.serve("readings.csv.gz", file)

	twin := s.sample("buildings.yaml")
	right, wrong := sha256.Sum256(file), sha256.Sum256(nil)
	twin.Spec.Dataset.ConfigMap = nil
	twin.Spec.Dataset.URL = &v1.URLSource{Location: address, SHA256: hex.EncodeToString(wrong[:])}
	twin.Spec.Monitoring = v1.Monitoring{Prometheus: v1.Prometheus{Mode: v1.PrometheusOff}, Grafana: v1.Grafana{Mode: v1.GrafanaOff}}
	s.make(twin)
	s.await(twin.Name, "tells of the checksum", func(t *v1.DigitalTwin) bool {
		c := meta.FindStatusCondition(t.Status.Conditions, v1.ConditionReady)
		return c != nil && strings.Contains(c.Message, hex.EncodeToString(right[:]))
	})

	s.change(twin.Name, func(spec *v1.DigitalTwinSpec) { spec.Dataset.URL.SHA256 = hex.EncodeToString(right[:]) })
	s.completed(twin.Name)
	require.EqualValues(t, rows, s.asked(twin.Name, "").Counts.Stored)
}

// serve starts a web server for a file and gives the file's address. It is
// Prometheus, which hands out a folder: its image is among those of twins.
func (s *space) serve(name string, content []byte) string {
	s.t.Helper()
	const port = 9090 // the Service's too: a policy for it is one for the pod's port
	labels := map[string]string{"app": "files"}
	s.make(
		&corev1.ConfigMap{ObjectMeta: s.meta("files"), BinaryData: map[string][]byte{name: content, "prometheus.yml": {}}},
		&corev1.Service{ObjectMeta: s.meta("files"), Spec: corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Port: port}}}},
	)
	pod := &corev1.Pod{ObjectMeta: s.meta("files"), Spec: corev1.PodSpec{
		AutomountServiceAccountToken: ptr.To(false),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To[int64](65534),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{
			Name: "files", Image: resources.DefaultImages(s.image).Prometheus,
			Args: []string{"--config.file=/files/prometheus.yml", "--web.user-assets=/files", "--storage.tsdb.path=/tmp/data"},
			ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
				HTTPGet: &corev1.HTTPGetAction{Path: "/-/ready", Port: intstr.FromInt32(port)},
			}},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
			VolumeMounts: []corev1.VolumeMount{{Name: "files", MountPath: "/files"}},
		}},
		Volumes: []corev1.Volume{{Name: "files", VolumeSource: corev1.VolumeSource{
			ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "files"}},
		}}},
	}}
	pod.Labels = labels
	s.make(pod)
	s.runs(pod.Name)
	return fmt.Sprintf("http://files.%s.svc:%d/user/%s", s.name, port, name)
}
