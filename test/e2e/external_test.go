package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/energytwin/energytwin/controllers/resources"
)

const storesPassword = "not-a-secret-of-anybody"

// TestExternalStores: the sample on stores that the test starts, encrypted, with
// a certificate of an authority of its own.
func TestExternalStores(t *testing.T) {
	c := connect(t)
	stores, s := c.space(t, "e2e-stores"), c.space(t, "e2e-external")
	ca := stores.startStores()

	twin := s.sample("external-stores.yaml")
	at := func(address string) string { return strings.ReplaceAll(address, ".stores.svc", "."+stores.name+".svc") }
	kafka := twin.Spec.Kafka.External
	for i := range kafka.BootstrapServers {
		kafka.BootstrapServers[i] = at(kafka.BootstrapServers[i])
	}
	twin.Spec.Redis.External.Address = at(twin.Spec.Redis.External.Address)
	twin.Spec.Timescale.External.Host = at(twin.Spec.Timescale.External.Host)
	user := map[string]string{"username": "twin", "password": storesPassword}
	s.make(
		&corev1.Secret{ObjectMeta: s.meta("kafka-user"), StringData: user},
		&corev1.Secret{ObjectMeta: s.meta("redis-user"), StringData: user},
		&corev1.Secret{ObjectMeta: s.meta("database-user"), StringData: user},
		&corev1.Secret{ObjectMeta: s.meta("company-ca"), Data: map[string][]byte{"ca.crt": ca}},
	)
	s.make(twin)
	s.ready(twin.Name)
	s.await(twin.Name, "has data flowing", isFlowing)
	require.EqualValues(t, 500, s.asked(twin.Name, "").Meters)
	require.Empty(t, s.pods(resources.Name(twin.Name, "kafka")), "the operator made a store beside the external one")
}

// startStores starts encrypted stores and gives the certificate that their
// clients have to trust.
func (s *space) startStores() (ca []byte) {
	s.t.Helper()
	ca, certificate, key := s.certificate()
	images := resources.DefaultImages(s.image)
	doc, err := os.ReadFile("testdata/stores.yaml")
	require.NoError(s.t, err)
	doc = []byte(strings.NewReplacer(
		"${NAMESPACE}", s.name, "${PASSWORD}", storesPassword,
		"${KAFKA}", images.Kafka, "${REDIS}", images.Redis, "${TIMESCALE}", images.Timescale,
	).Replace(string(doc)))
	s.make(&corev1.Secret{ObjectMeta: s.meta("certificate"), Data: map[string][]byte{
		"ca.crt": ca, "tls.crt": certificate, "tls.key": key, "both.pem": slices.Concat(key, certificate),
	}})
	reader := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(doc), 4096)
	for {
		o := &unstructured.Unstructured{}
		err := reader.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(s.t, err)
		o.SetNamespace(s.name)
		s.make(o)
	}
	for _, pod := range []string{"kafka-0", "kafka-1", "redis-0", "timescale-0"} {
		s.runs(pod)
	}
	return ca
}

// certificate makes an authority and a certificate for all names of the
// namespace.
func (s *space) certificate() (ca, certificate, key []byte) {
	s.t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "stores"},
		DNSNames:  []string{fmt.Sprintf("*.%s.svc", s.name), fmt.Sprintf("*.kafka.%s.svc", s.name)},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	sign := func(what *x509.Certificate, of *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, what, authority, &of.PublicKey, caKey)
		require.NoError(s.t, err)
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	der, err := x509.MarshalPKCS8PrivateKey(serverKey)
	require.NoError(s.t, err)
	return sign(authority, caKey), sign(server, serverKey), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
