package deployment

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// deploying deploys the operator into a namespace of its own.
type deploying struct {
	*rollout
	t *testing.T
}

func deployOperator(t *testing.T, namespace string, broken map[string]string, answer http.HandlerFunc) *deploying {
	t.Helper()
	s := needSuite(t)
	r := &rollout{suite: s, namespace: namespace, broken: broken, probes: serveProbes(t, answer)}
	r.play(t)
	return &deploying{rollout: r, t: t}
}

func healthy(http.ResponseWriter, *http.Request) {}

// manifests writes dist/install.yaml with an image, for the namespace.
func (d *deploying) manifests(image string) string {
	d.t.Helper()
	content, err := os.ReadFile(root + "/dist/install.yaml")
	require.NoError(d.t, err)
	text := strings.ReplaceAll(string(content), "energytwin-system", d.namespace)
	current := operatorImage(d.t, text)
	require.Equal(d.t, 2, strings.Count(text, current+"\n"), "the container's image, and that of new twins")
	file := filepath.Join(d.t.TempDir(), "install.yaml")
	require.NoError(d.t, os.WriteFile(file, []byte(strings.ReplaceAll(text, current+"\n", image+"\n")), 0o600))
	return file
}

func operatorImage(t *testing.T, text string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "name: ENERGYTWIN_IMAGE\n          value: ")
	require.True(t, found)
	current, _, _ := strings.Cut(rest, "\n")
	return current
}

// deploy deploys an image as a revision.
func (d *deploying) deploy(image, revision string) (int, string) {
	d.t.Helper()
	return d.run(d.t, root, []string{"NAMESPACE=" + d.namespace, "REVISION=" + revision, "TIMEOUT=5"},
		script(d.t, "ci/deploy-operator"), d.manifests(image))
}

func (d *deploying) runs(image string) {
	d.t.Helper()
	deployment := &appsv1.Deployment{}
	require.NoError(d.t, d.Get(d.t.Context(), client.ObjectKey{Namespace: d.namespace, Name: "energytwin-operator"}, deployment))
	require.Equal(d.t, image, deployment.Spec.Template.Spec.Containers[0].Image)
}

func (d *deploying) verified(revision string) {
	d.t.Helper()
	record := &corev1.Secret{}
	require.NoError(d.t, d.Get(d.t.Context(), client.ObjectKey{Namespace: d.namespace, Name: "energytwin-verified.operator"}, record))
	require.Equal(d.t, revision, string(record.Data["revision"]))
}

// A broken operator goes back to the one before, whatever is broken, and says why.
func TestABrokenOperatorIsRolledBack(t *testing.T) {
	pull, crash, unready := image("unpullable"), image("crashing"), image("unready")
	d := deployOperator(t, "rolled-back", map[string]string{pull: "ImagePullBackOff", crash: "CrashLoopBackOff", unready: ""}, healthy)

	code, out := d.deploy(image("first"), "r1")
	require.Zero(t, code, out)
	d.verified("r1")
	code, out = d.deploy(image("second"), "r2")
	require.Zero(t, code, out)

	for broken, why := range map[string]string{
		pull:    "ImagePullBackOff: of " + pull,
		crash:   "CrashLoopBackOff: of " + crash,
		unready: "not complete after 5 s",
	} {
		code, out = d.deploy(broken, "broken")
		require.Equal(t, 1, code, out)
		require.Contains(t, out, why)
		require.Contains(t, out, "go back to r2")
		require.Contains(t, out, "rolled back")
		d.runs(image("second"))
		d.verified("r2")
	}
	code, out = d.deploy(image("third"), "r3")
	require.Zero(t, code, out)
	d.runs(image("third"))
}

// An operator that somebody else installed is what the first deployment goes back to.
func TestTheFirstDeploymentGoesBackToWhatRan(t *testing.T) {
	crash := image("crashing")
	d := deployOperator(t, "first-deployment", map[string]string{crash: "CrashLoopBackOff"}, healthy)
	code, out := d.run(t, root, nil, "kubectl", "apply", "--server-side", "--force-conflicts", "-f", d.manifests(image("installed")))
	require.Zero(t, code, out)

	code, out = d.deploy(crash, "broken")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "go back to what ran before")
	d.runs(image("installed"))
}

// Where nothing ran, there is nothing to go back to, and the exit code says so.
func TestAFirstDeploymentThatFailsIsNotRolledBack(t *testing.T) {
	crash := image("crashing")
	d := deployOperator(t, "nothing-before", map[string]string{crash: "CrashLoopBackOff"}, healthy)
	code, out := d.deploy(crash, "broken")
	require.Equal(t, 4, code, out)
	require.Contains(t, out, "nothing to go back to")
}

// A complete roll-out whose probes do not answer is a failure.
func TestAnOperatorWhoseProbesFailIsRolledBack(t *testing.T) {
	var failing atomic.Bool
	d := deployOperator(t, "probes", nil, func(w http.ResponseWriter, r *http.Request) {
		if failing.Load() && r.URL.Path == "/readyz" {
			failing.Store(false) // the rollback finds it well
			http.Error(w, "the cache has not synced", http.StatusServiceUnavailable)
		}
	})
	code, out := d.deploy(image("first"), "r1")
	require.Zero(t, code, out)
	failing.Store(true)
	code, out = d.deploy(image("second"), "r2")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "/readyz does not answer")
	d.runs(image("first"))
}
