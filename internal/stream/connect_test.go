package stream

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/energytwin/energytwin/internal/config"
)

// selfSigned is a certificate for loopback that is its own authority, and its
// PEM file.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kafka"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		writeFile(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestConnectWithTLSAndSCRAM(t *testing.T) {
	certificate, caFile := selfSigned(t)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "twin", "secret"),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	good := config.Kafka{
		Brokers: cluster.ListenAddrs(), TLS: &config.TLS{CAFile: caFile},
		UserFile: writeFile(t, "user", "twin\n"), PassFile: writeFile(t, "pass", "secret\n"),
	}
	ctx := testContext(t)
	c, err := Connect(good)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.NoError(t, c.Ping(ctx))
	topic := testTopic(t, c, 1)
	a := c.Appender(topic, 0)
	a.Append([]byte("k"), []byte("v"))
	_, err = a.Flush(ctx)
	require.NoError(t, err)
	require.Len(t, readAll(t, c, topic, 0, 0, ReaderOptions{}), 1)
	grouped, done := context.WithCancel(ctx)
	require.NoError(t, c.Group("g", topic, slog.New(slog.DiscardHandler)).Run(grouped, func(context.Context, int) error {
		done()
		return nil
	}))

	_, anotherCA := selfSigned(t)
	for name, spoil := range map[string]func(*config.Kafka){
		"no TLS":         func(k *config.Kafka) { k.TLS = nil },
		"unknown CA":     func(k *config.Kafka) { k.TLS = &config.TLS{CAFile: anotherCA} },
		"wrong password": func(k *config.Kafka) { k.PassFile = writeFile(t, "pass", "wrong") },
		"no password":    func(k *config.Kafka) { k.UserFile, k.PassFile = "", "" },
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			spoil(&bad)
			c, err := Connect(bad)
			require.NoError(t, err)
			t.Cleanup(c.Close)
			require.Error(t, c.Ping(testContext(t)))
		})
	}
}

func TestConnectNamesWhatIsWrong(t *testing.T) {
	for want, cfg := range map[string]config.Kafka{
		"set kafka.brokers":         {},
		"belong together":           {Brokers: []string{"x:1"}, UserFile: writeFile(t, "user", "u")},
		"kafka.userFile":            {Brokers: []string{"x:1"}, UserFile: "/nowhere", PassFile: "/nowhere"},
		"kafka.tls.caFile":          {Brokers: []string{"x:1"}, TLS: &config.TLS{CAFile: "/nowhere"}},
		"holds no PEM":              {Brokers: []string{"x:1"}, TLS: &config.TLS{CAFile: writeFile(t, "ca", "x")}},
		"kafka.tls.certFile and ke": {Brokers: []string{"x:1"}, TLS: &config.TLS{CertFile: "/nowhere", KeyFile: "/nowhere"}},
	} {
		_, err := Connect(cfg)
		require.ErrorContains(t, err, want)
	}
}
