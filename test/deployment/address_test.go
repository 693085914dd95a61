package deployment

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/test/bareaddress"
)

// traefik has the definitions of what the Traefik of k3s reads.
var traefik = module{"github.com/traefik/traefik/v3", "v3.7.13", "h1:T8wy9KuaFzCkmXCqAzDy7t73pBDR1DHrJe3pqXpNXTw="}

// Twins are served on a bare address by a certificate for it, which an authority of
// its own signed, and which is issued again in time.
func TestTwinsAreServedOnABareAddress(t *testing.T) {
	s := needSuite(t)
	const namespace = "bare-address"
	_, err := envtest.InstallCRDs(s.env.Config, envtest.CRDInstallOptions{
		Paths: []string{filepath.Join(traefik.folder(t), "integration/fixtures/k8s/01-traefik-crd.yml")}, ErrorIfPathMissing: true, MaxTime: patience,
	})
	require.NoError(t, err)
	s.namespace(t, namespace)
	t.Cleanup(func() { s.remove(t, namespace) })
	s.namespace(t, "kube-system")
	for name, base := range map[string]string{"river": "", "lake": "/lake"} {
		twin := &v1.DigitalTwin{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		twin.Spec.Dataset = &v1.Dataset{Synthetic: &v1.SyntheticSource{}}
		twin.Spec.API.BasePath = base
		require.NoError(t, s.Create(t.Context(), twin))
	}
	asked := make(chan string, 100)
	stop, err := bareaddress.Serve(s.Client, func(namespace, service string) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- namespace + "/" + service + r.URL.Path })
	})
	if err != nil {
		t.Skipf("port 443 cannot be served here: %v", err)
	}
	t.Cleanup(stop)

	trusted := filepath.Join(t.TempDir(), "authority.crt")
	serve := func() string {
		t.Helper()
		code, out := s.run(t, t.TempDir(), []string{"OUT=" + trusted, "PATIENCE=10"}, script(t, "ci/serve-address"), bareaddress.Address, namespace)
		require.Zero(t, code, out)
		return out
	}
	require.Contains(t, serve(), "make an authority")
	want := map[string]bool{
		namespace + "/river-api/health": true, namespace + "/river-api/ready": true,
		namespace + "/lake-api/lake/health": true, namespace + "/lake-api/lake/ready": true,
	}
	for range len(want) {
		require.Contains(t, want, <-asked)
	}
	first := s.certificate(t, "energytwin-address")
	require.NoError(t, first.VerifyHostname(bareaddress.Address))
	require.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, first.ExtKeyUsage)
	s.answersOnlyTo(t, trusted, namespace)

	require.NotContains(t, serve(), "issue a certificate")
	require.Equal(t, first.SerialNumber, s.certificate(t, "energytwin-address").SerialNumber)

	// One that ends in 20 days, by the same authority.
	authority := s.certificate(t, "energytwin-authority")
	s.expire(t, 20)
	require.Contains(t, serve(), "issue a certificate")
	again := s.certificate(t, "energytwin-address")
	require.NotEqual(t, first.SerialNumber, again.SerialNumber)
	require.Greater(t, time.Until(again.NotAfter), 300*24*time.Hour)
	require.Equal(t, authority.SerialNumber, s.certificate(t, "energytwin-authority").SerialNumber)
}

func (s *suite) certificate(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	secret := &corev1.Secret{}
	require.NoError(t, s.Get(t.Context(), client.ObjectKey{Namespace: "kube-system", Name: name}, secret))
	require.Equal(t, corev1.SecretTypeTLS, secret.Type)
	block, _ := pem.Decode(secret.Data[corev1.TLSCertKey])
	require.NotNil(t, block)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return certificate
}

// answersOnlyTo: whoever trusts the authority is answered, nobody else.
func (s *suite) answersOnlyTo(t *testing.T, trusted, namespace string) {
	t.Helper()
	response, err := http.Get("https://" + bareaddress.Address + "/health")
	if err == nil {
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	require.ErrorContains(t, err, "certificate")
	code, out := s.run(t, t.TempDir(), nil, "curl", "--silent", "--show-error", "--fail", "--cacert", trusted, "https://"+bareaddress.Address+"/health")
	require.Zero(t, code, "%s: %s", namespace, out)
}

// expire puts a certificate in place whose days are counted.
func (s *suite) expire(t *testing.T, days int) {
	t.Helper()
	dir := t.TempDir()
	code, out := s.run(t, dir, nil, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=old",
		"-addext", "subjectAltName=IP:"+bareaddress.Address, "-days", "20", "-keyout", "tls.key", "-out", "tls.crt")
	require.Zero(t, code, out)
	secret := &corev1.Secret{}
	require.NoError(t, s.Get(t.Context(), client.ObjectKey{Namespace: "kube-system", Name: "energytwin-address"}, secret))
	for file := range secret.Data {
		content, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		secret.Data[file] = content
	}
	require.NoError(t, s.Update(t.Context(), secret))
	require.Less(t, time.Until(s.certificate(t, "energytwin-address").NotAfter), time.Duration(days+1)*24*time.Hour)
}
