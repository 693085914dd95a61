package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// twinsRepository is a Git repository with the folder twins.
type twinsRepository struct {
	*deployment
	space *space
	dir   string
}

func (d *deployment) twinsRepository(s *space) *twinsRepository {
	d.t.Helper()
	r := &twinsRepository{deployment: d, space: s, dir: filepath.Join(d.t.TempDir(), "repository")}
	remote := filepath.Join(d.t.TempDir(), "twins.git")
	for _, args := range [][]string{{"init", "--quiet", "--bare", "--initial-branch=main", remote}, {"clone", "--quiet", remote, r.dir}} {
		_, err := command(d.t, "git", args...)
		require.NoError(d.t, err)
	}
	return r
}

// commit writes the twin with an image, and commits it.
func (r *twinsRepository) commit(image string) {
	r.t.Helper()
	file := filepath.Join(r.dir, "twins", "steady.yaml")
	require.NoError(r.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(r.t, os.WriteFile(file, []byte(fmt.Sprintf(`apiVersion: twin.energytwin.dev/v1
kind: DigitalTwin
metadata: {name: steady}
spec:
  image: %s
  deletionPolicy: Delete
  dataset:
    synthetic: {meters: 20}
    window: {start: "2025-01-01", duration: 8760h}
  generator: {speed: 3600, warmup: {history: 168h}}
  kafka: {topics: {partitions: 3}}
  monitoring: {prometheus: {mode: "Off"}, grafana: {mode: "Off"}}
`, image)), 0o600))
	for _, args := range [][]string{{"add", "."}, {"commit", "--quiet", "-m", "feat: the next image"}, {"push", "--quiet", "origin", "HEAD:main"}} {
		_, err := r.script(nil, "git", append([]string{"-C", r.dir}, args...)...)
		require.NoError(r.t, err)
	}
}

func (r *twinsRepository) deploy(timeout string) (string, error) {
	r.t.Helper()
	return r.script(map[string]string{"NAMESPACE": r.space.name, "TIMEOUT": timeout}, "../../hack/ci/deploy-twins", filepath.Join(r.dir, "twins"))
}

// names is the image that the remote repository names.
func (r *twinsRepository) names() string {
	r.t.Helper()
	text, err := command(r.t, "git", "-C", r.dir, "show", "origin/main:twins/steady.yaml")
	require.NoError(r.t, err)
	_, rest, _ := strings.Cut(text, "image: ")
	image, _, _ := strings.Cut(rest, "\n")
	return image
}

func (r *twinsRepository) runs(image string) {
	r.t.Helper()
	twin := r.space.ready("steady")
	require.Equal(r.t, image, twin.Spec.Image)
	for _, component := range []string{v1.ComponentGenerator, v1.ComponentProcessor, v1.ComponentAPI} {
		require.Equal(r.t, image, twin.Status.Components[componentAt(twin, component)].Image, component)
	}
	pods := &corev1.PodList{}
	require.NoError(r.t, r.List(r.t.Context(), pods, client.InNamespace(r.space.name)))
	for _, p := range pods.Items {
		if strings.HasPrefix(p.Name, "steady-api-") && p.DeletionTimestamp == nil {
			require.Equal(r.t, image, p.Spec.Containers[0].Image)
		}
	}
}

// TestTwinsAreDeployedByTheScripts: a twin follows the image in Git. Whatever is
// broken in the next one, the deployment names the cause and goes back by itself, Git
// follows, and readings flow throughout.
func TestTwinsAreDeployedByTheScripts(t *testing.T) {
	d := newDeployment(t, "deployment")
	s := d.space(t, "e2e-twins")
	r := d.twinsRepository(s)
	first, second := d.push(d.images, "first"), d.push(d.images, "second")

	r.commit(first)
	out, err := r.deploy("10m")
	require.NoError(t, err, out)
	require.Contains(t, out, "/ready: ok")
	r.runs(first)
	s.flows("steady", 0)
	r.commit(second)
	out, err = r.deploy("10m")
	require.NoError(t, err, out)
	r.runs(second)

	for _, v := range []struct{ image, timeout, why string }{
		{d.missing(), "10m", "ProofFailed: spec.image: the workloads"},
		{d.broken(crashing), "10m", "its container prove ends with exit code 1: this image is broken"},
		{d.broken(hanging), "45s", "ImagesProven: spec.image: the workloads"},
	} {
		r.commit(v.image)
		s.undisturbed("steady", func() { r.goesBack(v.timeout, v.why) })
		r.runs(second)
		r.follows(second)
	}

	// This image passes its proof, so that pods are replaced. The ones before serve
	// until the next are ready; Kafka has one pod, whose readings wait for the next.
	r.commit(d.broken(unready))
	s.during("steady", func() { r.goesBack("90s", "is to run") })
	r.runs(second)
	r.follows(second)
	s.noReadingIsLost(t, "steady")
}

// goesBack deploys what fails.
func (r *twinsRepository) goesBack(timeout, why string) {
	r.t.Helper()
	out, err := r.deploy(timeout)
	require.Equal(r.t, 1, exitCode(err), out)
	require.Contains(r.t, out, why)
	require.Contains(r.t, out, "rolled back")
}

// follows lets Git go back too.
func (r *twinsRepository) follows(image string) {
	r.t.Helper()
	out, err := r.script(map[string]string{"NAMESPACE": r.space.name}, "../../hack/ci/revert", filepath.Join(r.dir, "twins"))
	require.NoError(r.t, err, out)
	require.Equal(r.t, image, r.names())
}
