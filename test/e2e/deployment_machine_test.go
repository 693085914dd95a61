package e2e

import (
	"context"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/energytwin/energytwin/test/bareaddress"
)

// TestVirtualMachine: this cluster's node is the machine.
func TestVirtualMachine(t *testing.T) {
	d := newDeployment(t, "machine")
	ctr := os.Getenv("ENERGYTWIN_E2E_CTR")
	if ctr == "" {
		t.Skip("no containerd: ENERGYTWIN_E2E_CTR is the command that loads images into the cluster's node, such as `ctr -a SOCKET`")
	}
	d.restoreOperator()
	s := d.space(t, "e2e-machine")
	file := "energytwin-" + runtime.GOARCH + ".tar"
	deploy := func(folder string, more ...string) (string, error) {
		args := append([]string{"local", "--archive", filepath.Join(folder, file), "--namespace", s.name}, more...)
		return d.script(map[string]string{"CTR": ctr, "TIMEOUT": "120"}, "../../hack/vm-deploy", args...)
	}
	twins := filepath.Join(t.TempDir(), "steady.yaml")
	require.NoError(t, os.WriteFile(twins, []byte(`apiVersion: twin.energytwin.dev/v1
kind: DigitalTwin
metadata: {name: steady}
spec: {deletionPolicy: Delete, dataset: {synthetic: {meters: 20}}, monitoring: {prometheus: {mode: "Off"}, grafana: {mode: "Off"}}}
`), 0o600))

	s.traefik()
	trusted := filepath.Join(t.TempDir(), "authority.crt")
	t.Setenv("OUT", trusted)
	out, err := deploy(d.images, "--twins", twins, "--address", bareaddress.Address)
	require.NoError(t, err, out)
	d.operatorWorks(t)
	pods, err := d.operatorPods(t.Context())
	require.NoError(t, err)
	good := pods[0].Spec.Containers[0].Image
	require.Regexp(t, `^localhost/energytwin:machine@sha256:[0-9a-f]{64}$`, good)
	require.Equal(t, good, s.ready("steady").Status.PinnedImages.Workloads)
	s.flows("steady", 0)
	out, err = command(t, "curl", "--silent", "--show-error", "--fail", "--cacert", trusted, "https://"+bareaddress.Address+"/ready")
	require.NoError(t, err, out)

	folder := d.archive(crashing, "localhost/energytwin:broken")
	s.undisturbed("steady", func() {
		out, err := deploy(folder)
		require.Equal(t, 1, exitCode(err), out)
		require.Contains(t, out, "CrashLoopBackOff")
		require.Contains(t, out, "rolled back")
	})
	d.operatorRuns(good)
}

// traefik serves what the Traefik of k3s would, which this cluster lacks, until the
// test ends.
func (s *space) traefik() {
	s.t.Helper()
	definition := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "tlsstores.traefik.io"},
		"spec": map[string]any{
			"group": "traefik.io", "scope": "Namespaced", "names": map[string]any{"kind": "TLSStore", "plural": "tlsstores"},
			"versions": []any{map[string]any{
				"name": "v1alpha1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}}
	require.NoError(s.t, s.Create(s.t.Context(), definition))
	s.t.Cleanup(func() {
		ctx := context.WithoutCancel(s.t.Context())
		_ = s.Delete(ctx, definition)
		for _, name := range []string{"energytwin-authority", "energytwin-address"} {
			_ = s.Delete(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: name}})
		}
	})
	transport, err := rest.TransportFor(s.config)
	require.NoError(s.t, err)
	server, err := url.Parse(s.config.Host)
	require.NoError(s.t, err)
	stop, err := bareaddress.Serve(s.Client, func(namespace, service string) http.Handler {
		return &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Path = "/api/v1/namespaces/" + namespace + "/services/http:" + service + ":http/proxy" + r.In.URL.Path
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = server.Scheme, server.Host, server.Host
		}}
	})
	require.NoError(s.t, err)
	s.t.Cleanup(stop)
}
