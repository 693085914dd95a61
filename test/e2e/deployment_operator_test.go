package e2e

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

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

// restoreOperator brings the operator of the other tests back, without the record of
// what these tests verified, whose registry ends with them.
func (d *deployment) restoreOperator() {
	d.t.Cleanup(func() {
		record := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "energytwin-verified.operator"}}
		require.NoError(d.t, client.IgnoreNotFound(d.Delete(context.WithoutCancel(d.t.Context()), record)))
		_, err := d.makeTarget(d.t, "deploy", "IMG="+d.image)
		require.NoError(d.t, err)
	})
}

// TestOperatorIsDeployedByTheScripts: built, pushed, described, pinned, applied,
// verified and committed; whatever is broken in the next image, the deployment goes
// back by itself while a twin's readings flow, and Git keeps naming what runs.
func TestOperatorIsDeployedByTheScripts(t *testing.T) {
	d := newDeployment(t, "deployment")
	d.restoreOperator()
	s := d.space(t, "e2e-deployment")

	good := d.push(d.images, "good")
	d.described(good)
	out, err := d.deployOperator(good)
	require.NoError(t, err, out)
	d.operatorRuns(good)
	d.committed(good)
	s.make(s.synthetic("steady", 20, 365, "3600"))
	s.ready("steady")
	s.flows("steady", 0)

	for _, v := range []struct{ reference, why string }{
		{d.missing(), "ImagePullBackOff"},
		{d.broken(crashing), "CrashLoopBackOff"},
		{d.broken(hanging), "not complete after 60 s"},
	} {
		s.undisturbed("steady", func() {
			out, err := d.deployOperator(v.reference)
			require.Equal(t, 1, exitCode(err), out)
			require.Contains(t, out, v.why)
			require.Contains(t, out, "go back to "+good)
			require.Contains(t, out, "rolled back")
		})
		d.operatorRuns(good)
	}
	_, err = command(t, "git", "-C", d.clone, "checkout", "--quiet", "--", ".")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(d.clone, "dist/install.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(text), good)
}

// described writes the bills of materials of the image, and signs it where cosign is
// installed.
func (d *deployment) described(reference string) {
	d.t.Helper()
	env := map[string]string{"OUT": d.images}
	_, err := exec.LookPath("cosign")
	signs := err == nil
	if signs {
		env["COSIGN_PASSWORD"], env["COSIGN_KEY"] = "of the test", d.signingKey("release")
	}
	out, err := d.script(env, "../../hack/ci/attest", reference)
	require.NoError(d.t, err, out)
	if signs {
		// The script has verified its own signature. Another key's is none.
		_, err := command(d.t, "cosign", "verify", "--insecure-ignore-tlog", "--key", filepath.Join(d.images, "cosign.pub"), reference)
		require.NoError(d.t, err)
		other := strings.TrimSuffix(d.signingKey("other"), ".key") + ".pub"
		_, err = command(d.t, "cosign", "verify", "--insecure-ignore-tlog", "--key", other, reference)
		require.Error(d.t, err)
	} else {
		require.Contains(d.t, out, "not signed: cosign is not installed")
	}
	content, err := os.ReadFile(filepath.Join(d.images, "sbom-"+runtime.GOARCH+".json"))
	require.NoError(d.t, err)
	var bill struct {
		BomFormat  string
		Components []struct{ Name, Version string }
	}
	require.NoError(d.t, json.Unmarshal(content, &bill))
	require.Equal(d.t, "CycloneDX", bill.BomFormat)
	var names []string
	for _, c := range bill.Components {
		names = append(names, c.Name)
	}
	require.Contains(d.t, names, "github.com/jackc/pgx/v5")
	_, err = d.script(map[string]string{"OUT": d.images}, "../../hack/ci/attest", d.registry+"/energytwin:good")
	require.Equal(d.t, 2, exitCode(err), "a tag can be moved")
}

// signingKey makes a pair of keys, and returns the file of the private one, NAME.key.
func (d *deployment) signingKey(name string) string {
	d.t.Helper()
	pair := filepath.Join(d.t.TempDir(), name)
	_, err := d.script(map[string]string{"COSIGN_PASSWORD": "of the test"}, "cosign", "generate-key-pair", "--output-key-prefix", pair)
	require.NoError(d.t, err)
	return pair + ".key"
}

// committed lets Git name the image, once.
func (d *deployment) committed(reference string) {
	d.t.Helper()
	branch, err := command(d.t, "git", "-C", d.clone, "branch", "--show-current")
	require.NoError(d.t, err)
	for _, report := range []string{"pins " + reference, "name " + reference + " already"} {
		out, err := command(d.t, "env", "-C", d.clone, "GIT_AUTHOR_NAME=deployer", "GIT_AUTHOR_EMAIL=deployer@example.org",
			"GIT_COMMITTER_NAME=deployer", "GIT_COMMITTER_EMAIL=deployer@example.org", "hack/ci/commit-pin", reference)
		require.NoError(d.t, err, out)
		require.Contains(d.t, out, report)
	}
	for _, file := range []string{"dist/install.yaml", "dist/namespaced.yaml"} {
		text, err := command(d.t, "git", "-C", d.remote, "show", "HEAD:"+file)
		require.NoError(d.t, err)
		require.Contains(d.t, text, reference, "%s on %s", file, branch)
	}
}
