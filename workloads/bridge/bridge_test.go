package bridge

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
)

const (
	patience = 2 * time.Minute
	clientID = "ns-twin-bridge"
	topic    = "ns.twin.readings"
)

// certificate is one for 127.0.0.1, and the file that a client trusts it by.
func certificate(t *testing.T) (tls.Certificate, string) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.crt")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return server.TLS.Certificates[0], file
}

func secret(t *testing.T, text string) string {
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// broker is a broker of MQTT over TLS that one user may log in to.
func broker(t *testing.T) (*mqtt.Server, *config.MQTT) {
	pair, ca := certificate(t)
	server := mqtt.New(&mqtt.Options{InlineClient: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(t, server.AddHook(new(auth.Hook), &auth.Options{Ledger: &auth.Ledger{
		Auth: auth.AuthRules{{Username: "bridge", Password: "secret", Allow: true}},
		ACL:  auth.ACLRules{{Username: "bridge", Filters: auth.Filters{"meters/#": auth.ReadOnly}}},
	}}))
	listener := listeners.NewTCP(listeners.Config{ID: "tls", Address: "127.0.0.1:0", TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}})
	require.NoError(t, server.AddListener(listener))
	require.NoError(t, server.Serve())
	t.Cleanup(func() { _ = server.Close() })
	return server, &config.MQTT{
		URL: "mqtts://" + listener.Address(), Topics: []string{"meters/+/energy"}, ClientID: clientID,
		UserFile: secret(t, "bridge"), PassFile: secret(t, "secret"), TLS: &config.TLS{CAFile: ca},
		Mapping: config.MQTTMapping{Topic: "meters/{meter}/energy", Interval: "PT1H"},
	}
}

func kafka(t *testing.T) (*stream.Client, *kafkatest.Broker) {
	b := kafkatest.Start(t, kafkatest.Options{})
	client, err := stream.Connect(config.Kafka{Brokers: []string{b.Address}})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopic(t.Context(), stream.Topic{Name: topic, Partitions: 3, Replicas: 1}))
	return client, b
}

// start runs a bridge until stop is called, or the test ends.
func start(t *testing.T, client *stream.Client, from *config.MQTT) (b *Bridge, stop func()) {
	twin := &config.Twin{Namespace: "ns", Name: "twin", Generator: config.Generator{Mode: "Off"}, Ingest: config.Ingest{MQTT: from}, Kafka: config.Kafka{Partitions: 3}}
	b, err := New(twin, client, prometheus.NewRegistry(), slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	stop = func() {
		cancel()
		if err, open := <-done; open {
			require.NoError(t, err)
			close(done)
		}
	}
	t.Cleanup(stop)
	return b, stop
}

func subscribed(t *testing.T, b *Bridge) {
	require.Eventually(t, func() bool { return b.Ready(context.Background()) == nil }, patience, 10*time.Millisecond)
}

func send(t *testing.T, server *mqtt.Server, number int) {
	at := time.Date(2026, 1, 1, number, 0, 0, 0, time.UTC)
	require.NoError(t, server.Publish(fmt.Sprintf("meters/m%d/energy", number%7), fmt.Appendf(nil, `{"ts":%d,"kwh":%d}`, at.Unix(), number), false, 1))
}

// readings counts the energies in the stream.
func readings(t *testing.T, client *stream.Client) map[string]int {
	out := map[string]int{}
	logs, err := client.Offsets(context.Background(), topic)
	require.NoError(t, err)
	for partition, log := range logs {
		r := client.PartitionReader(topic, partition, stream.ReaderOptions{})
		for from := log.Start; from < log.End; {
			batch, err := r.Fetch(context.Background(), from)
			require.NoError(t, err)
			for rec := (stream.Record{}); batch.Next(&rec); {
				_, rest, _ := strings.Cut(string(rec.Value), `"kwh":`)
				kwh, _, _ := strings.Cut(rest, ",")
				out[kwh]++
			}
			require.NoError(t, batch.Err())
			from = batch.NextOffset()
		}
	}
	return out
}

// unacknowledged is how many messages the broker has to send, or to send again.
func unacknowledged(server *mqtt.Server) int {
	client, ok := server.Clients.Get(clientID)
	if !ok {
		return -1
	}
	return client.State.Inflight.Len()
}

// Every message is in the stream, though bridges are stopped at any moment and messages are
// sent while there is none.
func TestBridgesThatAreStopped(t *testing.T) {
	server, from := broker(t)
	client, _ := kafka(t)
	number := 0
	for range 4 {
		b, stop := start(t, client, from)
		subscribed(t, b)
		for range 200 {
			send(t, server, number)
			number++
		}
		stop()
		for range 20 {
			send(t, server, number)
			number++
		}
	}
	b, _ := start(t, client, from)
	subscribed(t, b)
	require.Eventually(t, func() bool { return len(readings(t, client)) == number }, patience, 100*time.Millisecond)
	require.Eventually(t, func() bool { return unacknowledged(server) == 0 }, patience, 10*time.Millisecond)
}

// What the stream does not have is not acknowledged.
func TestMessagesAreAcknowledgedOnceTheStreamHasThem(t *testing.T) {
	server, from := broker(t)
	client, stopped := kafka(t)
	b, _ := start(t, client, from)
	subscribed(t, b)
	send(t, server, 0)
	require.Eventually(t, func() bool { return len(readings(t, client)) == 1 && unacknowledged(server) == 0 }, patience, 10*time.Millisecond)

	stopped.Kill()
	for number := range 50 {
		send(t, server, number+1)
	}
	require.NoError(t, server.Publish("meters/m1/energy", []byte(`broken`), false, 1))
	require.Eventually(t, func() bool { return unacknowledged(server) == 51 }, patience, 10*time.Millisecond)
	before := testutil.ToFloat64(b.failures)
	require.Eventually(t, func() bool { return testutil.ToFloat64(b.failures) > before }, patience, 10*time.Millisecond, "it tries again")
	require.Equal(t, 51, unacknowledged(server))

	stopped.Run()
	require.Eventually(t, func() bool { return unacknowledged(server) == 0 }, patience, 100*time.Millisecond)
	found := readings(t, client)
	require.Len(t, found, 52, "the broken one too, to be quarantined")
	require.Equal(t, 1.0, testutil.ToFloat64(b.messages.WithLabelValues("rejected")))
}

func TestABridgeThatCannotBe(t *testing.T) {
	twin := &config.Twin{Generator: config.Generator{Mode: "Replay"}, Ingest: config.Ingest{MQTT: &config.MQTT{}}}
	_, err := New(twin, nil, prometheus.NewRegistry(), slog.Default())
	require.ErrorContains(t, err, "generator")
	twin.Generator.Mode = "Off"
	for _, address := range []string{"", "broker", "mqtt://me:pw@broker:1883"} {
		twin.Ingest.MQTT.URL = address
		b, err := New(twin, nil, prometheus.NewRegistry(), slog.Default())
		require.NoError(t, err)
		require.ErrorContains(t, b.Run(t.Context()), "ingest.mqtt.url")
	}
}
