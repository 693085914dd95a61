package deployment

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

const (
	current    = "registry.example.org/energytwin:v1"
	provable   = "registry.example.org/energytwin:v2"
	unprovable = "registry.example.org/energytwin:broken"
	stalling   = "registry.example.org/energytwin:stalled"
)

// operation writes what the operator would write for the twins of a namespace, and
// serves their APIs. A proof of an image takes a while, in which the twin is Ready.
type operation struct {
	*suite
	t         *testing.T
	namespace string
	unhealthy atomic.Bool // answers of the APIs
	seen      map[string]int
}

func (s *suite) operate(t *testing.T, namespace string) *operation {
	t.Helper()
	s.namespace(t, namespace)
	o := &operation{suite: s, t: t, namespace: namespace, seen: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if o.unhealthy.Load() {
			http.Error(w, "the database cannot be reached", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			if err := o.step(ctx, server.URL); err != nil && !apierrors.IsConflict(err) && ctx.Err() == nil {
				t.Errorf("operation: %v", err)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	t.Cleanup(func() { cancel(); done.Wait(); s.remove(t, namespace) })
	return o
}

func (o *operation) step(ctx context.Context, url string) error {
	twins := &v1.DigitalTwinList{}
	if err := o.List(ctx, twins, client.InNamespace(o.namespace)); err != nil {
		return err
	}
	for i := range twins.Items {
		twin := &twins.Items[i]
		before := twin.DeepCopy()
		o.observe(twin, url)
		if err := o.Status().Patch(ctx, twin, client.MergeFrom(before)); err != nil {
			return client.IgnoreNotFound(err)
		}
	}
	return nil
}

// observe brings a status one step on.
func (o *operation) observe(twin *v1.DigitalTwin, url string) {
	st, image := &twin.Status, twin.Spec.Image
	set := func(kind string, status metav1.ConditionStatus, reason, message string) {
		meta.SetStatusCondition(&st.Conditions, metav1.Condition{
			Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: twin.Generation,
		})
	}
	st.ObservedGeneration = twin.Generation
	st.Phase = v1.PhaseRunning
	st.Endpoints = &v1.EndpointsStatus{API: url + "/api/v1"}
	st.PinnedImages = &v1.PinnedImages{Workloads: current, Kafka: "k:1", Redis: "r:1", Timescale: "t:1", Prometheus: "p:1", Grafana: "g:1"}
	meta.RemoveStatusCondition(&st.Conditions, v1.ConditionStalled)
	meta.RemoveStatusCondition(&st.Conditions, v1.ConditionImagesProven)
	set(v1.ConditionReady, metav1.ConditionTrue, v1.ReasonAvailable, "stores and workloads are available")
	runs := ""
	for _, c := range st.Components {
		runs = c.Image
	}
	switch steps := o.seen[twin.Name+image]; {
	case image == stalling:
		st.Phase = v1.PhaseStalled
		set(v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonSecretMissing, "spec.api.auth.jwtSecretRef: there is no Secret idp")
		set(v1.ConditionReady, metav1.ConditionFalse, v1.ReasonSecretMissing, "spec.api.auth.jwtSecretRef: there is no Secret idp")
	case runs == "" || runs == image:
		st.Components = []v1.ComponentStatus{{Name: v1.ComponentAPI, Image: image}}
	case steps < 30 || image == unprovable && steps < 60:
		o.seen[twin.Name+image]++
		set(v1.ConditionImagesProven, metav1.ConditionFalse, v1.ReasonProving, "spec.image: a Job tries it")
	case image == unprovable:
		set(v1.ConditionImagesProven, metav1.ConditionFalse, v1.ReasonProofFailed, "spec.image: its container prove ends with exit code 1: boom")
	case steps < 40: // proven, and its pods start
		o.seen[twin.Name+image]++
	default:
		st.Components = []v1.ComponentStatus{{Name: v1.ComponentAPI, Image: image}}
	}
}

// program is the program of this checkout.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(api.work, "energytwin")
	out, err := exec.Command("go", "build", "-o", path, root+"/cmd/energytwin").CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return path, nil
})

// repository is a Git repository of twins, with a remote to push to.
type repository struct {
	*operation
	dir string
	env []string
}

func (o *operation) repository() *repository {
	o.t.Helper()
	energytwin, err := program()
	require.NoError(o.t, err, energytwin)
	r := &repository{operation: o, dir: filepath.Join(o.t.TempDir(), "repository")}
	r.env = []string{
		"NAMESPACE=" + o.namespace, "ENERGYTWIN=" + energytwin, "TIMEOUT=90s", "PATIENCE=2",
		"GIT_AUTHOR_NAME=reader", "GIT_AUTHOR_EMAIL=reader@example.org", "GIT_COMMITTER_NAME=reader", "GIT_COMMITTER_EMAIL=reader@example.org",
	}
	remote := filepath.Join(o.t.TempDir(), "twins.git")
	r.git("", "init", "--quiet", "--bare", "--initial-branch=main", remote)
	r.git("", "clone", "--quiet", remote, r.dir)
	return r
}

func (r *repository) git(dir string, args ...string) string {
	r.t.Helper()
	if dir == "" {
		dir = r.t.TempDir()
	}
	code, out := r.run(r.t, dir, r.env, "git", args...)
	require.Zero(r.t, code, out)
	return strings.TrimSpace(out)
}

// commit writes files and commits them, and returns the revision.
func (r *repository) commit(files map[string]string) string {
	r.t.Helper()
	for name, content := range files {
		path := filepath.Join(r.dir, name)
		require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(r.t, os.WriteFile(path, []byte(content), 0o600))
	}
	r.git(r.dir, "add", ".")
	r.git(r.dir, "commit", "--quiet", "-m", "feat: twins")
	r.git(r.dir, "push", "--quiet", "origin", "HEAD:main")
	return r.git(r.dir, "rev-parse", "HEAD")
}

func (r *repository) deploy(path string, env ...string) (int, string) {
	r.t.Helper()
	return r.run(r.t, r.dir, append(r.env, env...), script(r.t, "ci/deploy-twins"), path)
}

func (r *repository) revert(path string) (int, string) {
	r.t.Helper()
	return r.run(r.t, r.dir, r.env, script(r.t, "ci/revert"), path)
}

func (r *repository) image(name string) string {
	r.t.Helper()
	twin := &v1.DigitalTwin{}
	require.NoError(r.t, r.Get(r.t.Context(), client.ObjectKey{Namespace: r.namespace, Name: name}, twin))
	return twin.Spec.Image
}

// verified is the revision in the record of a deployment.
func (r *repository) verified(deployment string) string {
	r.t.Helper()
	record := &corev1.Secret{}
	require.NoError(r.t, r.Get(r.t.Context(), client.ObjectKey{Namespace: r.namespace, Name: "energytwin-verified." + deployment}, record))
	return string(record.Data["revision"])
}

// twin is a file of a twin with an Ingress, which the health checks go through.
func twin(name, image string) string {
	return strings.NewReplacer("NAME", name, "IMAGE", image).Replace(`apiVersion: twin.energytwin.dev/v1
kind: DigitalTwin
metadata: {name: NAME}
spec:
  image: "IMAGE"
  dataset: {synthetic: {}}
  api: {ingress: {host: NAME.example.org}}
`)
}

func secret(password string) string {
	return "apiVersion: v1\nkind: Secret\nmetadata: {name: kafka-login}\nstringData: {password: " + password + "}\n"
}

// A twin whose image fails its proof goes back with all that was deployed with it,
// and Git follows. A new image is deployed when it runs, not while it is proven.
func TestTwinsAreRolledBack(t *testing.T) {
	r := needSuite(t).operate(t, "twins-rolled-back").repository()
	files := map[string]string{"twins/north/river.yaml": twin("river", current), "twins/secret.yaml": secret("first"), "README.md": "twins\n"}
	r.commit(files)
	code, out := r.deploy("twins")
	require.Zero(t, code, out)
	require.Contains(t, out, "/ready: ok")

	files["twins/north/river.yaml"] = twin("river", provable)
	good := r.commit(files)
	code, out = r.deploy("twins")
	require.Zero(t, code, out)
	require.Contains(t, out, "ImagesProven: spec.image: a Job tries it")
	require.Contains(t, out, "api runs "+current+", and is to run "+provable)
	require.Equal(t, good, r.verified("twins"))

	files["twins/north/river.yaml"] = twin("river", unprovable)
	files["twins/secret.yaml"] = secret("second")
	r.commit(files)
	code, out = r.deploy("twins")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "its container prove ends with exit code 1: boom")
	require.Contains(t, out, "go back to "+good)
	require.Contains(t, out, "rolled back")
	require.Equal(t, provable, r.image("river"))
	login := &corev1.Secret{}
	require.NoError(t, r.Get(t.Context(), client.ObjectKey{Namespace: r.namespace, Name: "kafka-login"}, login))
	require.Equal(t, "first", string(login.Data["password"]))
	require.Equal(t, good, r.verified("twins"))

	code, out = r.revert("twins")
	require.Zero(t, code, out)
	require.Equal(t, twin("river", provable), r.git(filepath.Dir(r.dir), "-C", r.dir, "show", "origin/main:twins/north/river.yaml")+"\n")
	code, out = r.revert("twins")
	require.Zero(t, code, out)
	require.Contains(t, out, "already")
	r.noSecretInConfigMaps()
}

// noSecretInConfigMaps: whoever may read ConfigMaps, as the role view may, reads no
// Secret there, in whatever form.
func (r *repository) noSecretInConfigMaps() {
	r.t.Helper()
	all := &corev1.ConfigMapList{}
	require.NoError(r.t, r.List(r.t.Context(), all, client.InNamespace(r.namespace)))
	require.Empty(r.t, all.Items)
}

func TestTwinsThatAreNotHealthyAreRolledBack(t *testing.T) {
	r := needSuite(t).operate(t, "twins-not-healthy").repository()
	files := map[string]string{"twins/river.yaml": twin("river", current)}
	r.commit(files)
	code, out := r.deploy("twins")
	require.Zero(t, code, out)

	files["twins/river.yaml"] = twin("river", provable)
	r.commit(files)
	r.unhealthy.Store(true)
	code, out = r.deploy("twins")
	require.Equal(t, 4, code, out) // the API does not recover by going back
	require.Contains(t, out, "the database cannot be reached")
	require.Contains(t, out, "the rollback failed too")
	require.Equal(t, current, r.image("river"))
	r.unhealthy.Store(false)
	code, out = r.deploy("twins")
	require.Zero(t, code, out)
	require.Equal(t, provable, r.image("river"))
}

// Deployments of one namespace go back each on its own, and so does a twin that none
// of them knows.
func TestDeploymentsOfOneNamespace(t *testing.T) {
	r := needSuite(t).operate(t, "twins-of-several").repository()
	r.commit(map[string]string{"north.yaml": twin("north", current), "south.yaml": twin("south", current)})
	for _, file := range []string{"north.yaml", "south.yaml"} {
		code, out := r.deploy(file)
		require.Zero(t, code, out)
	}
	south := r.verified("south")
	r.commit(map[string]string{"north.yaml": twin("north", provable)})
	code, out := r.deploy("north.yaml")
	require.Zero(t, code, out)
	require.NotEqual(t, south, r.verified("north"))

	byHand := filepath.Join(t.TempDir(), "west.yaml")
	require.NoError(t, os.WriteFile(byHand, []byte(twin("west", provable)), 0o600))
	code, out = r.run(t, r.dir, nil, "kubectl", "apply", "-n", r.namespace, "-f", byHand)
	require.Zero(t, code, out)

	r.commit(map[string]string{"south.yaml": twin("south", stalling) + "---\n" + twin("west", current)})
	code, out = r.deploy("south.yaml")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "is Stalled: SecretMissing")
	require.Equal(t, []string{provable, current, provable}, []string{r.image("north"), r.image("south"), r.image("west")})

	for _, name := range []string{"operator", "No Name"} {
		code, out = r.deploy("north.yaml", "DEPLOYMENT="+name)
		require.Equal(t, 2, code, out)
		require.Contains(t, out, "set DEPLOYMENT")
	}
}

// What the API server rejects changes nothing; a first deployment that fails stays,
// and the exit code shows it.
func TestTwinsThatAreNotRolledBack(t *testing.T) {
	r := needSuite(t).operate(t, "twins-not-rolled-back").repository()
	r.commit(map[string]string{"twins/river.yaml": twin("river", current) + "  speed: 1\n"})
	code, out := r.deploy("twins")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "rejected: nothing was changed")

	r.commit(map[string]string{"twins/river.yaml": twin("river", stalling)})
	code, out = r.deploy("twins")
	require.Equal(t, 4, code, out)
	require.Contains(t, out, "nothing to go back to")
	require.Equal(t, stalling, r.image("river"))
	code, out = r.revert("twins")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "no revision was verified")
	code, _ = r.deploy("none")
	require.Equal(t, 2, code)
}
