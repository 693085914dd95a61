package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

const brokerPort = 8883

// TestReadingsOverMQTT: the sample on a broker in the cluster, encrypted, under its network
// policies. Readings are stored, those too that come while there is no bridge.
func TestReadingsOverMQTT(t *testing.T) {
	image := os.Getenv("ENERGYTWIN_E2E_BROKER_IMAGE")
	if image == "" {
		t.Skip("no broker of MQTT: ENERGYTWIN_E2E_BROKER_IMAGE names an image of test/e2e/mqttbroker")
	}
	s := connect(t).space(t, "e2e-mqtt")
	ca := s.startBroker(image)
	twin := s.sample("mqtt.yaml")
	twin.Spec.DeletionPolicy = v1.DeletionDelete
	twin.Spec.Kafka = &v1.Kafka{Topics: &v1.Topics{Partitions: ptr.To[int32](2)}}
	twin.Spec.Monitoring = v1.Monitoring{Prometheus: v1.Prometheus{Mode: v1.PrometheusOff}, Grafana: v1.Grafana{Mode: v1.GrafanaOff}}
	twin.Spec.Ingest.MQTT.URL = fmt.Sprintf("mqtts://broker.%s.svc:%d", s.name, brokerPort)
	s.make(
		&corev1.Secret{ObjectMeta: s.meta("mqtt-user"), StringData: map[string]string{"username": "twin", "password": storesPassword}},
		&corev1.Secret{ObjectMeta: s.meta("company-ca"), Data: map[string][]byte{"ca.crt": ca}},
	)
	s.make(twin)
	s.ready(twin.Name)
	s.publish(ca, 0, 10)
	s.stores(twin.Name, 10)

	s.change(twin.Name, func(spec *v1.DigitalTwinSpec) { spec.State = v1.StateSuspended })
	eventually(t, "end of the bridge", func() (string, bool) {
		pods := s.pods(resources.Name(twin.Name, "bridge-"))
		return fmt.Sprintf("%d pods", len(pods)), len(pods) == 0
	})
	s.publish(ca, 10, 10)
	s.change(twin.Name, func(spec *v1.DigitalTwinSpec) { spec.State = v1.StateRunning })
	s.stores(twin.Name, 20)
}

// stores waits until a twin has stored so many readings, and no other.
func (s *space) stores(twin string, want int64) {
	s.t.Helper()
	var count int64
	eventually(s.t, fmt.Sprintf("%d readings stored", want), func() (string, bool) {
		count = s.asked(twin, "").Counts.Stored
		return fmt.Sprintf("%d stored", count), count >= want
	})
	require.Equal(s.t, want, count)
}

// startBroker starts a broker of MQTT, and gives the certificate that its clients have to trust.
func (s *space) startBroker(image string) (ca []byte) {
	s.t.Helper()
	ca, certificate, key := s.certificate()
	labels := map[string]string{"app": "broker"}
	pod := &corev1.Pod{ObjectMeta: s.meta("broker"), Spec: corev1.PodSpec{
		AutomountServiceAccountToken: ptr.To(false),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To[int64](65532), FSGroup: ptr.To[int64](65532),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{
			Name: "broker", Image: image,
			Env:            []corev1.EnvVar{{Name: "CERTIFICATE", Value: "/certificate"}, {Name: "PASSWORD", Value: storesPassword}},
			ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(brokerPort)}}},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(true), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
			VolumeMounts: []corev1.VolumeMount{{Name: "certificate", MountPath: "/certificate"}},
		}},
		Volumes: []corev1.Volume{{Name: "certificate", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "broker"}}}},
	}}
	pod.Labels = labels
	s.make(
		&corev1.Secret{ObjectMeta: s.meta("broker"), Data: map[string][]byte{"tls.crt": certificate, "tls.key": key}},
		&corev1.Service{ObjectMeta: s.meta("broker"), Spec: corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Port: brokerPort}}}},
		pod,
	)
	s.runs(pod.Name)
	return ca
}

// publish publishes whole hours of a meter, in quarters of an hour, with QoS 1, and all of them
// again if one is not acknowledged: each is at the broker when it returns.
func (s *space) publish(ca []byte, from, hours int) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("%d hours at the broker", hours), func() (string, bool) {
		err := s.tryToPublish(ca, from, hours)
		return fmt.Sprint(err), err == nil
	})
}

func (s *space) tryToPublish(ca []byte, from, hours int) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	address, closeIt, err := s.forward(ctx, "broker", brokerPort)
	if err != nil {
		return err
	}
	defer closeIt()
	trusted := x509.NewCertPool()
	require.True(s.t, trusted.AppendCertsFromPEM(ca))
	client, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls: []*url.URL{{Scheme: "mqtts", Host: address}}, KeepAlive: 30, ConnectUsername: "meters", ConnectPassword: []byte(storesPassword),
		TlsCfg:       &tls.Config{RootCAs: trusted, ServerName: fmt.Sprintf("broker.%s.svc", s.name), MinVersion: tls.VersionTLS12},
		ClientConfig: paho.ClientConfig{ClientID: "meters"},
	})
	if err != nil {
		return err
	}
	if err := client.AwaitConnection(ctx); err != nil {
		return err
	}
	for quarter := 4 * from; quarter < 4*(from+hours); quarter++ {
		at := time.Date(2026, 1, 5, 0, 15*quarter, 0, 0, time.UTC)
		_, err := client.Publish(ctx, &paho.Publish{QoS: 1, Topic: "area/north/meter-17/energy", Payload: fmt.Appendf(nil, `{"time":%d,"wh":410}`, at.Unix())})
		if err != nil {
			return fmt.Errorf("quarter %d: %w", quarter, err)
		}
	}
	return client.Disconnect(ctx)
}
