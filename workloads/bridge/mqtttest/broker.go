// Package mqtttest runs a broker of MQTT 5 for tests: mochi-mqtt with users. Its sessions
// end with a restart: Mosquitto is the broker of the test that restarts one.
package mqtttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

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
	Secrets string // folder with the files username, password, ca.crt, and client.crt and client.key

	t       *testing.T
	options Options
	address string
	pair    tls.Certificate
	clients *x509.CertPool
	server  *mqtt.Server
}

// Options are how a broker is reached: over TLS and TCP by default.
type Options struct {
	Plain             bool // without TLS
	WebSocket         bool
	ClientCertificate bool // that of Secrets is required
}

// Start runs a broker until the test ends.
func Start(t *testing.T, options Options) *Broker {
	t.Helper()
	b := &Broker{t: t, Secrets: t.TempDir(), options: options, address: freeAddress(t), clients: x509.NewCertPool()}
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
	b.makeClientCertificate()
	b.Run()
	b.URL = b.scheme() + "://" + b.address
	if options.WebSocket {
		b.URL += "/mqtt"
	}
	t.Cleanup(b.Stop)
	return b
}

func (b *Broker) scheme() string {
	scheme := "mqtt"
	if b.options.WebSocket {
		scheme = "ws"
	}
	if !b.options.Plain {
		scheme += "s"
	}
	return scheme
}

// freeAddress is an address that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return l.Addr().String()
}

// makeClientCertificate makes the only certificate of a client that the broker trusts.
func (b *Broker) makeClientCertificate() {
	b.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(b.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bridge"}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(b.t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.True(b.t, b.clients.AppendCertsFromPEM(text))
	require.NoError(b.t, os.WriteFile(b.File("client.crt"), text, 0o600))
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(b.File("client.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}

// listener is the broker's at its address.
func (b *Broker) listener() listeners.Listener {
	at := listeners.Config{ID: "one", Address: b.address}
	if !b.options.Plain {
		at.TLSConfig = &tls.Config{Certificates: []tls.Certificate{b.pair}, MinVersion: tls.VersionTLS12}
		if b.options.ClientCertificate {
			at.TLSConfig.ClientAuth, at.TLSConfig.ClientCAs = tls.RequireAndVerifyClientCert, b.clients
		}
	}
	if b.options.WebSocket {
		return listeners.NewWebsocket(at)
	}
	return listeners.NewTCP(at)
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
	require.NoError(b.t, b.server.AddListener(b.listener()))
	require.NoError(b.t, b.server.Serve())
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
