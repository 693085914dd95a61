package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// needDeployment skips a test of the whole deployment, which builds images.
func needDeployment(t *testing.T) *cluster {
	t.Helper()
	c := connect(t)
	if os.Getenv("ENERGYTWIN_E2E_DEPLOYMENT") == "" {
		t.Skip("the deployment by the scripts of hack/ci takes 10 minutes: set ENERGYTWIN_E2E_DEPLOYMENT=1")
	}
	return c
}

// registry serves a registry on loopback, from which a node on the same machine
// pulls without encryption.
func registry(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "registry")
	_, err := command(t, "go", "build", "-C", "../../hack/packaging", "-o", program, "./registry")
	require.NoError(t, err)
	server := exec.Command(program)
	out, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(address)
}

// deployment is a clone of the checkout, in which the scripts pin digests, and the
// registry that they push to.
type deployment struct {
	*cluster
	t        *testing.T
	registry string
	clone    string
	images   string // the archives of this checkout
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{cluster: needDeployment(t), t: t, registry: registry(t), clone: filepath.Join(t.TempDir(), "checkout"), images: t.TempDir()}
	_, err := command(t, "git", "clone", "--quiet", "../..", d.clone)
	require.NoError(t, err)
	out, err := d.script(map[string]string{"OUT": d.images, "ARCHS": runtime.GOARCH, "VERSION": "deployment"}, "../../hack/ci/build")
	require.NoError(t, err, out)
	return d
}

// script runs a script with more variables.
func (d *deployment) script(env map[string]string, name string, args ...string) (string, error) {
	d.t.Helper()
	var pairs []string
	for key, value := range env {
		pairs = append(pairs, key+"="+value)
	}
	return command(d.t, "env", append(append(pairs, name), args...)...)
}

// push pushes a folder of archives, and returns the reference by digest.
func (d *deployment) push(archives, tag string) string {
	d.t.Helper()
	_, err := d.script(map[string]string{"OUT": archives}, "../../hack/ci/push", d.registry+"/energytwin:"+tag)
	require.NoError(d.t, err)
	reference, err := os.ReadFile(filepath.Join(archives, "reference"))
	require.NoError(d.t, err)
	return strings.TrimSpace(string(reference))
}

// broken pushes an image that can be pulled, and runs a program that does not work.
func (d *deployment) broken(how string) string {
	d.t.Helper()
	dir := d.t.TempDir()
	program := filepath.Join(dir, how)
	_, err := command(d.t, "env", "CGO_ENABLED=0", "go", "build", "-ldflags", "-X main.how="+how, "-o", program, "./testdata/broken")
	require.NoError(d.t, err)
	_, err = command(d.t, "go", "-C", "../../hack/packaging", "run", "./imagearchive", "-binary", program, "-arch", runtime.GOARCH,
		"-name", "energytwin:"+how, "-out", filepath.Join(dir, "energytwin-"+runtime.GOARCH+".tar"))
	require.NoError(d.t, err)
	return d.push(dir, how)
}

// missing is a reference in the registry whose digest nothing has.
func (d *deployment) missing() string {
	return d.registry + "/energytwin:missing@sha256:" + strings.Repeat("0a", 32)
}

// deployOperator pins an image in the clone and deploys what is pinned.
func (d *deployment) deployOperator(reference string) (string, error) {
	d.t.Helper()
	_, err := command(d.t, "make", "--no-print-directory", "-C", d.clone, "pin", "IMG="+reference)
	require.NoError(d.t, err)
	return d.script(map[string]string{"TIMEOUT": "60", "REVISION": reference}, filepath.Join(d.clone, "hack/ci/deploy-operator"))
}

func (d *deployment) operatorRuns(reference string) {
	d.t.Helper()
	d.operatorWorks(d.t)
	pods, err := d.operatorPods(d.t.Context())
	require.NoError(d.t, err)
	require.Len(d.t, pods, 1)
	require.Equal(d.t, reference, pods[0].Spec.Containers[0].Image)
}

// restoreOperator brings the operator of the other tests back.
func (d *deployment) restoreOperator() {
	d.t.Cleanup(func() {
		_, err := d.makeTarget(d.t, "deploy", "IMG="+d.image)
		require.NoError(d.t, err)
	})
}

// TestOperatorIsDeployedByTheScripts: built, pushed, pinned, applied and verified;
// whatever is broken in the next image, the deployment goes back by itself while
// the twin's readings flow, and Git keeps naming what runs.
func TestOperatorIsDeployedByTheScripts(t *testing.T) {
	d := newDeployment(t)
	d.restoreOperator()
	s := d.space(t, "e2e-deployment")

	good := d.push(d.images, "good")
	out, err := d.deployOperator(good)
	require.NoError(t, err, out)
	d.operatorRuns(good)
	s.make(s.synthetic("steady", 20, 365, "3600"))
	s.ready("steady")
	rows := s.flows("steady", 0)
	before := s.stable("steady")

	for _, v := range []struct{ reference, why string }{
		{d.missing(), "ImagePullBackOff"},
		{d.broken("crashing"), "CrashLoopBackOff"},
		{d.broken("unready"), "not complete after 60 s"},
	} {
		out, err := d.deployOperator(v.reference)
		require.Equal(t, 1, exitCode(err), out)
		require.Contains(t, out, v.why)
		require.Contains(t, out, "rolled back")
		d.operatorRuns(good)
		rows = s.flows("steady", rows)
	}
	now := s.stable("steady")
	for name, pod := range before {
		require.Equal(t, pod.UID, now[name].UID, "%s was replaced", name)
		require.Equal(t, restarts(pod), restarts(now[name]), "%s was restarted", name)
	}
}

// TestVirtualMachine: this cluster's node is the machine.
func TestVirtualMachine(t *testing.T) {
	d := newDeployment(t)
	ctr := os.Getenv("ENERGYTWIN_E2E_CTR")
	if ctr == "" {
		t.Skip("no containerd: ENERGYTWIN_E2E_CTR is the command that loads images into the cluster's node, such as `ctr -a SOCKET`")
	}
	d.restoreOperator()
	archive := filepath.Join(d.images, "energytwin-"+runtime.GOARCH+".tar")
	out, err := d.script(map[string]string{"CTR": ctr}, "../../hack/vm-deploy", "local", "--archive", archive)
	require.NoError(t, err, out)
	d.operatorWorks(t)
	pods, err := d.operatorPods(t.Context())
	require.NoError(t, err)
	good := pods[0].Spec.Containers[0].Image
	require.Regexp(t, `^localhost/energytwin:deployment@sha256:[0-9a-f]{64}$`, good)

	broken := filepath.Join(t.TempDir(), "broken.tar")
	program := filepath.Join(t.TempDir(), "crashing")
	_, err = command(t, "env", "CGO_ENABLED=0", "go", "build", "-ldflags", "-X main.how=crashing", "-o", program, "./testdata/broken")
	require.NoError(t, err)
	_, err = command(t, "go", "-C", "../../hack/packaging", "run", "./imagearchive", "-binary", program, "-arch", runtime.GOARCH,
		"-name", "localhost/energytwin:broken", "-out", broken)
	require.NoError(t, err)
	out, err = d.script(map[string]string{"CTR": ctr}, "../../hack/vm-deploy", "local", "--archive", broken)
	require.Equal(t, 1, exitCode(err), out)
	require.Contains(t, out, "CrashLoopBackOff")
	d.operatorRuns(good)
}

// exitCode is that of a command, -1 for one that did not run.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	var code int
	if _, scan := fmt.Sscanf(err.Error(), "exit status %d", &code); scan != nil {
		return -1
	}
	return code
}
