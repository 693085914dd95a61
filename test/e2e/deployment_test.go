package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
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
		t.Skip("the deployment by the scripts of hack/ci takes 30 minutes: set ENERGYTWIN_E2E_DEPLOYMENT=1")
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
	remote   string // of the clone
	images   string // the archives of this checkout
	program  string // of this checkout, for this machine
}

// newDeployment builds the image of this checkout under a version. A kubelet that
// pulled the same bytes from a registry pulls them again for a name without one.
func newDeployment(t *testing.T, version string) *deployment {
	t.Helper()
	d := &deployment{cluster: needDeployment(t), t: t, registry: registry(t), images: t.TempDir()}
	d.remote, d.clone = filepath.Join(t.TempDir(), "energytwin.git"), filepath.Join(t.TempDir(), "checkout")
	_, err := command(t, "git", "clone", "--quiet", "--bare", "../..", d.remote)
	require.NoError(t, err)
	_, err = command(t, "git", "clone", "--quiet", d.remote, d.clone)
	require.NoError(t, err)
	out, err := d.script(map[string]string{"OUT": d.images, "ARCHS": runtime.GOARCH, "VERSION": version}, "../../hack/ci/build")
	require.NoError(t, err, out)
	d.program, err = filepath.Abs("../../bin/energytwin-linux-" + runtime.GOARCH)
	require.NoError(t, err)
	return d
}

// script runs a script with more variables.
func (d *deployment) script(env map[string]string, name string, args ...string) (string, error) {
	d.t.Helper()
	pairs := []string{
		"GIT_AUTHOR_NAME=deployer", "GIT_AUTHOR_EMAIL=deployer@example.org", "GIT_COMMITTER_NAME=deployer", "GIT_COMMITTER_EMAIL=deployer@example.org",
		"ENERGYTWIN=" + d.program,
	}
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

// broken are the ways in which an image does not work, which can be pulled.
const (
	crashing = "crashing" // its program ends at once
	hanging  = "hanging"  // its program neither ends nor answers
	unready  = "unready"  // it is this program, whose probes never get ready
)

// archive packs a broken image into a folder, under a name.
func (d *deployment) archive(how, name string) (folder string) {
	d.t.Helper()
	folder = d.t.TempDir()
	program := filepath.Join(folder, how)
	build := []string{"-ldflags", "-X main.how=" + how, "-o", program, "./testdata/broken"}
	if how == unready {
		build = []string{"-overlay", d.neverReady(), "-o", program, "../../cmd/energytwin"}
	}
	// The flags of the image's build find its packages in the cache.
	_, err := command(d.t, "env", append([]string{"CGO_ENABLED=0", "go", "build", "-trimpath", "-buildvcs=false"}, build...)...)
	require.NoError(d.t, err)
	_, err = command(d.t, "go", "-C", "../../hack/packaging", "run", "./imagearchive", "-binary", program, "-arch", runtime.GOARCH,
		"-name", name, "-out", filepath.Join(folder, "energytwin-"+runtime.GOARCH+".tar"))
	require.NoError(d.t, err)
	return folder
}

// neverReady replaces the line of the source that answers a readiness probe with
// 200, for a build with -overlay.
func (d *deployment) neverReady() string {
	d.t.Helper()
	source, err := filepath.Abs("../../internal/statusport/statusport.go")
	require.NoError(d.t, err)
	content, err := os.ReadFile(source)
	require.NoError(d.t, err)
	const ready, never = "\tcode := http.StatusOK\n", "\tcode := http.StatusServiceUnavailable\n"
	require.Equal(d.t, 1, strings.Count(string(content), ready))
	changed := filepath.Join(d.t.TempDir(), "statusport.go")
	require.NoError(d.t, os.WriteFile(changed, []byte(strings.Replace(string(content), ready, never, 1)), 0o600))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: changed}})
	require.NoError(d.t, err)
	file := filepath.Join(d.t.TempDir(), "overlay.json")
	require.NoError(d.t, os.WriteFile(file, overlay, 0o600))
	return file
}

// broken pushes an image that can be pulled and does not work.
func (d *deployment) broken(how string) string {
	d.t.Helper()
	return d.push(d.archive(how, "energytwin:"+how), how)
}

// missing is a reference in the registry whose digest nothing has.
func (d *deployment) missing() string {
	return d.registry + "/energytwin:missing@sha256:" + strings.Repeat("0a", 32)
}

// exitCode is that of a command, -1 for one that did not run.
func exitCode(err error) int {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		return ended.ExitCode()
	}
	return -1
}
