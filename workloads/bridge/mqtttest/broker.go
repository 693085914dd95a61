// Package mqtttest runs a broker of MQTT 5 for tests: mochi-mqtt over TLS, with users. Its sessions
// end with a restart: Mosquitto is the broker of the test that restarts one.
package mqtttest

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/stretchr/testify/require"
)

// MeterPassword is that of the user meter-17, who may publish the energy of a meter of that
// name under area.
const MeterPassword = "of the meter"

// Broker is a broker at which a bridge may read topics under meters and area.
type Broker struct {
	URL     string
	Secrets string // folder with the files username, password and ca.crt

	t       *testing.T
	address string
	pair    tls.Certificate
	server  *mqtt.Server
}

// Start runs a broker until the test ends.
func Start(t *testing.T) *Broker {
	t.Helper()
	b := &Broker{t: t, Secrets: t.TempDir(), address: "127.0.0.1:0"}
	web := httptest.NewUnstartedServer(nil) // has a certificate for 127.0.0.1
	web.StartTLS()
	defer web.Close()
	b.pair = web.TLS.Certificates[0]
	for name, text := range map[string]string{
		"username": "bridge", "password": "secret",
		"ca.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})),
	} {
		require.NoError(t, os.WriteFile(b.File(name), []byte(text), 0o600))
	}
	b.Run()
	b.URL = "mqtts://" + b.address
	t.Cleanup(b.Stop)
	return b
}

// File is the path of a file of Secrets.
func (b *Broker) File(name string) string { return filepath.Join(b.Secrets, name) }

// Run runs a broker that was stopped, at the same address.
func (b *Broker) Run() {
	b.t.Helper()
	b.server = mqtt.New(&mqtt.Options{InlineClient: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(b.t, b.server.AddHook(new(auth.Hook), &auth.Options{Ledger: &auth.Ledger{
		Auth: auth.AuthRules{{Username: "bridge", Password: "secret", Allow: true}, {Username: "meter-17", Password: MeterPassword, Allow: true}},
		ACL: auth.ACLRules{
			{Username: "bridge", Filters: auth.Filters{"meters/#": auth.ReadOnly, "area/#": auth.ReadOnly}},
			{Username: "meter-17", Filters: auth.Filters{"area/+/meter-17/energy": auth.WriteOnly}},
		},
	}}))
	listener := listeners.NewTCP(listeners.Config{
		ID: "tls", Address: b.address, TLSConfig: &tls.Config{Certificates: []tls.Certificate{b.pair}, MinVersion: tls.VersionTLS12},
	})
	require.NoError(b.t, b.server.AddListener(listener))
	require.NoError(b.t, b.server.Serve())
	b.address = listener.Address()
}

// Stop ends the broker, if it runs.
func (b *Broker) Stop() {
	if b.server != nil {
		_ = b.server.Close()
	}
	b.server = nil
}

// Publish publishes a message of QoS 1.
func (b *Broker) Publish(topic, payload string) {
	b.t.Helper()
	require.NoError(b.t, b.server.Publish(topic, []byte(payload), false, 1))
}

// HostPort is where the broker is.
func (b *Broker) HostPort() (host, port string) {
	host, port, err := net.SplitHostPort(b.address)
	require.NoError(b.t, err)
	return host, port
}

// Unacknowledged is how many messages the broker has to send to a client, or to send again;
// -1 if it knows no such client.
func (b *Broker) Unacknowledged(client string) int {
	c, ok := b.server.Clients.Get(client)
	if !ok {
		return -1
	}
	return c.State.Inflight.Len()
}

// Subscriptions is how many filters a client has subscribed to.
func (b *Broker) Subscriptions(client string) int {
	c, ok := b.server.Clients.Get(client)
	if !ok {
		return 0
	}
	return c.State.Subscriptions.Len()
}
