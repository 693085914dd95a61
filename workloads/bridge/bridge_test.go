package bridge

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
	"github.com/energytwin/energytwin/workloads/bridge/mqtttest"
)

const (
	patience = 2 * time.Minute
	clientID = "ns-twin-bridge"
	topic    = "ns.twin.readings"
)

// broker is a broker of MQTT over TLS, and how a bridge connects to it.
func broker(t *testing.T) (*mqtttest.Broker, *config.MQTT) {
	return brokerAt(t, mqtttest.Options{})
}

func brokerAt(t *testing.T, o mqtttest.Options) (*mqtttest.Broker, *config.MQTT) {
	b := mqtttest.Start(t, o)
	from := &config.MQTT{
		URL: b.URL, Topics: []string{"meters/+/energy"}, ClientID: clientID,
		UserFile: b.File("username"), PassFile: b.File("password"),
		Mapping: config.MQTTMapping{Topic: "meters/{meter}/energy", Interval: "PT1H"},
	}
	if !o.Plain {
		from.TLS = &config.TLS{CAFile: b.File("ca.crt")}
	}
	if o.ClientCertificate {
		from.TLS.CertFile, from.TLS.KeyFile = b.File("client.crt"), b.File("client.key")
	}
	return b, from
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

func send(server *mqtttest.Broker, number int) {
	at := time.Date(2026, 1, 1, number, 0, 0, 0, time.UTC)
	server.Publish(fmt.Sprintf("meters/m%d/energy", number%7), fmt.Sprintf(`{"ts":%d,"kwh":%d}`, at.Unix(), number))
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

// Every message is in the stream, though bridges are stopped at any moment and messages are
// sent while there is none. Those that only a filter of an earlier configuration selects,
// which the session of the broker keeps, are acknowledged and not published.
func TestBridgesThatAreStopped(t *testing.T) {
	server, from := broker(t)
	client, _ := kafka(t)
	number := 0
	earlier := *from
	earlier.Topics = append(slices.Clone(from.Topics), "area/#")
	for _, from := range []*config.MQTT{&earlier, from, from, from} {
		b, stop := start(t, client, from)
		subscribed(t, b)
		for range 200 {
			send(server, number)
			number++
		}
		stop()
		server.Publish("area/north/energy", `{"meter":"m","ts":1767225600,"kwh":-1}`)
		for range 20 {
			send(server, number)
			number++
		}
	}
	b, _ := start(t, client, from)
	subscribed(t, b)
	require.Eventually(t, func() bool { return len(readings(t, client)) == number }, patience, 100*time.Millisecond)
	require.Eventually(t, func() bool { return server.Unacknowledged(clientID) == 0 }, patience, 10*time.Millisecond)
	require.Positive(t, testutil.ToFloat64(b.messages.WithLabelValues("unwanted")))
	require.NotContains(t, readings(t, client), "-1")
}

// A broker is reached over TCP and over WebSocket, encrypted or not, with a certificate of
// the client where it wants one.
func TestWaysToABroker(t *testing.T) {
	client, _ := kafka(t)
	number := 0
	for scheme, o := range map[string]mqtttest.Options{
		"mqtt": {Plain: true}, "mqtts": {ClientCertificate: true}, "ws": {Plain: true, WebSocket: true}, "wss": {WebSocket: true, ClientCertificate: true},
	} {
		t.Run(scheme, func(t *testing.T) {
			server, from := brokerAt(t, o)
			require.Contains(t, from.URL, scheme+"://")
			if o.ClientCertificate {
				stranger := *from
				stranger.TLS = &config.TLS{CAFile: from.TLS.CAFile}
				b, stop := start(t, client, &stranger)
				reports(t, b, "certificate required")
				stop()
			}
			b, stop := start(t, client, from)
			subscribed(t, b)
			send(server, number)
			number++
			require.Eventually(t, func() bool { return len(readings(t, client)) == number && server.Unacknowledged(clientID) == 0 }, patience, 10*time.Millisecond)
			stop()
		})
	}
}

// What the stream does not have is not acknowledged.
func TestMessagesAreAcknowledgedOnceTheStreamHasThem(t *testing.T) {
	server, from := broker(t)
	client, stopped := kafka(t)
	b, _ := start(t, client, from)
	subscribed(t, b)
	send(server, 0)
	require.Eventually(t, func() bool { return len(readings(t, client)) == 1 && server.Unacknowledged(clientID) == 0 }, patience, 10*time.Millisecond)

	stopped.Kill()
	for number := range 50 {
		send(server, number+1)
	}
	server.Publish("meters/m1/energy", `broken`)
	require.Eventually(t, func() bool { return server.Unacknowledged(clientID) == 51 }, patience, 10*time.Millisecond)
	before := testutil.ToFloat64(b.failures)
	require.Eventually(t, func() bool { return testutil.ToFloat64(b.failures) > before }, patience, 10*time.Millisecond, "it tries again")
	require.Equal(t, 51, server.Unacknowledged(clientID))

	stopped.Run()
	require.Eventually(t, func() bool { return server.Unacknowledged(clientID) == 0 }, patience, 100*time.Millisecond)
	found := readings(t, client)
	require.Len(t, found, 52, "the broken one too, to be quarantined")
	require.Equal(t, 1.0, testutil.ToFloat64(b.messages.WithLabelValues("rejected")))
}

// Why no message comes is reported, until they do.
func TestWhatTheBrokerAnswersIsReported(t *testing.T) {
	server, from := broker(t)
	client, err := stream.Connect(config.Kafka{Brokers: []string{"127.0.0.1:1"}}) // is not asked
	require.NoError(t, err)
	t.Cleanup(client.Close)
	wrong := *from
	wrong.PassFile = server.File("username")
	b, stop := start(t, client, &wrong)
	reports(t, b, "failed to connect")
	require.ErrorIs(t, b.Ready(t.Context()), ErrNotConnected)
	stop()

	stranger := *from
	stranger.TLS = nil
	b, stop = start(t, client, &stranger)
	reports(t, b, "certificate")
	stop()

	b, _ = start(t, client, from)
	subscribed(t, b)
	require.Empty(t, b.Figures().Problem)
	server.Stop()
	reports(t, b, "connect: connection")
	server.Run()
	subscribed(t, b)
}

func reports(t *testing.T, b *Bridge, problem string) {
	require.Eventually(t, func() bool { return strings.Contains(b.Figures().Problem, problem) }, patience, 10*time.Millisecond)
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
