package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/energytwin/energytwin/test/bareaddress"
)

// TestVirtualMachine: this cluster's node is the machine, on which hack/vm-deploy
// runs, or to which it connects.
func TestVirtualMachine(t *testing.T) {
	d := newDeployment(t, "machine")
	ctr := os.Getenv("ENERGYTWIN_E2E_CTR")
	if ctr == "" {
		t.Skip("no containerd: ENERGYTWIN_E2E_CTR is the command that loads images into the cluster's node, such as `ctr -a SOCKET`")
	}
	d.restoreOperator()
	t.Run("on the machine", func(t *testing.T) {
		d.onMachine(t, "e2e-machine", map[string]string{"CTR": ctr}, "local")
	})
	t.Run("over ssh", func(t *testing.T) {
		d.onMachine(t, "e2e-machine-ssh", map[string]string{"CTR": ctr, "SSH": sshServer(t), "KUBECONFIG": "/nowhere"},
			"root@127.0.0.1", "--kubeconfig", os.Getenv("KUBECONFIG"))
	})
}

// onMachine deploys the operator and a twin, and then an image that crashes, which
// is rolled back while the stream flows.
func (d *deployment) onMachine(t *testing.T, namespace string, env map[string]string, machine ...string) {
	s := d.space(t, namespace)
	file := "energytwin-" + runtime.GOARCH + ".tar"
	env["TIMEOUT"] = "120"
	deploy := func(folder string, more ...string) (string, error) {
		args := append(slices.Clone(machine), "--archive", filepath.Join(folder, file), "--namespace", s.name)
		return d.script(env, "../../hack/vm-deploy", append(args, more...)...)
	}
	twins := filepath.Join(t.TempDir(), "steady.yaml")
	require.NoError(t, os.WriteFile(twins, []byte(`apiVersion: twin.energytwin.dev/v1
kind: DigitalTwin
metadata: {name: steady}
spec: {deletionPolicy: Delete, dataset: {synthetic: {meters: 20}}, monitoring: {prometheus: {mode: "Off"}, grafana: {mode: "Off"}}}
`), 0o600))

	s.traefik()
	trusted := filepath.Join(t.TempDir(), "authority.crt")
	env["OUT"] = trusted
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

// sshServer starts a server of ssh on loopback, which lets root in by a key, and
// returns the command that connects to it.
func sshServer(t *testing.T) (ssh string) {
	t.Helper()
	server, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		t.Skip("no server of ssh on this machine: the package openssh-server has one")
	}
	for _, needed := range []string{"ssh", "ssh-keygen", "sudo"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skip("vm-deploy over ssh needs", needed)
		}
	}
	require.NoError(t, os.MkdirAll("/run/sshd", 0o755)) // where sshd is not a service
	folder := t.TempDir()
	for _, key := range []string{"host", "user"} {
		_, err := command(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(folder, key))
		require.NoError(t, err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().(*net.TCPAddr)
	require.NoError(t, free.Close())
	config := filepath.Join(folder, "sshd_config")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `ListenAddress %[1]s
HostKey %[2]s/host
PidFile %[2]s/pid
AuthorizedKeysFile %[2]s/user.pub
StrictModes no
PasswordAuthentication no
`, address, folder), 0o600))
	daemon := exec.Command(server, "-D", "-e", "-f", config)
	require.NoError(t, daemon.Start())
	t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
	})
	key, err := os.ReadFile(filepath.Join(folder, "host.pub"))
	require.NoError(t, err)
	known := filepath.Join(folder, "known_hosts")
	require.NoError(t, os.WriteFile(known, fmt.Appendf(nil, "[%s]:%d %s", address.IP, address.Port, key), 0o600))
	eventually(t, "ssh listens", func() (string, bool) {
		conn, err := net.Dial("tcp", address.String())
		if err != nil {
			return err.Error(), false
		}
		return "", conn.Close() == nil
	})
	return fmt.Sprintf("ssh -p %d -i %s/user -o UserKnownHostsFile=%s -o IdentitiesOnly=yes -o BatchMode=yes", address.Port, folder, known)
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
