package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/energytwin/energytwin/test/tutorials"
)

// TestTutorialOfGitLab follows docs/tutorial/gitlab.md as its reader does. The
// reader's repository and registry are of this machine.
func TestTutorialOfGitLab(t *testing.T) {
	d := newDeployment(t, "tutorial")
	d.restoreOperator()
	s := &space{cluster: d.cluster, t: t, name: "twins"} // which the tutorial creates
	err := d.Get(t.Context(), client.ObjectKey{Name: s.name}, &corev1.Namespace{})
	require.True(t, apierrors.IsNotFound(err), "the namespace of the tutorial is there already: %v", err)
	t.Cleanup(func() { s.created(); s.clear() })
	remote := filepath.Join(t.TempDir(), "twins.git")
	_, err = command(t, "git", "init", "--quiet", "--bare", "--initial-branch=main", remote)
	require.NoError(t, err)
	d.built()

	blocks, err := tutorials.Read("../../docs/tutorial/gitlab.md")
	require.NoError(t, err)
	for i := range blocks {
		blocks[i].Commands = strings.ReplaceAll(blocks[i].Commands, "registry.example.org", d.registry)
		if blocks[i].How == "rolled-back" { // with an exit code of 1
			blocks[i].How = "fails"
		}
	}
	text, left := tutorials.Script(blocks, map[string]string{"build": ""})
	require.Empty(t, left)
	env := map[string]string{
		"VERSION":          "tutorial-reader", // see newDeployment
		"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "url." + remote + ".insteadOf", "GIT_CONFIG_VALUE_0": "https://git.example.org/grid/twins.git",
	}
	out, err := d.script(env, "env", "-C", d.clone, "bash", "-c", text)
	require.NoError(t, err, out)
	require.Contains(t, out, "rolled back")
	require.Contains(t, out, "revert: back to")
	reference, err := os.ReadFile(filepath.Join(d.clone, "bin/image/reference"))
	require.NoError(t, err)
	d.operatorRuns(strings.TrimSpace(string(reference)))
	require.Empty(t, s.ready("quickstart").Spec.Image)
}

// built puts what a reader builds beforehand into the clone: the program and the page.
func (d *deployment) built() {
	d.t.Helper()
	for _, args := range [][]string{
		{"mkdir", "-p", "bin", "web/node_modules"}, {"cp", d.program, "bin/energytwin"}, {"touch", "web/node_modules/.package-lock.json"},
		{"cp", "-r", mustAbs(d.t, "../../web/dist"), "web"}, {"touch", "web/dist/index.html"},
	} {
		_, err := command(d.t, "env", append([]string{"-C", d.clone}, args...)...)
		require.NoError(d.t, err)
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	out, err := filepath.Abs(path)
	require.NoError(t, err)
	return out
}

// created marks a namespace that commands of the test created, so that it is deleted.
func (s *space) created() {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.name}}
	ctx := context.WithoutCancel(s.t.Context())
	if s.Get(ctx, client.ObjectKeyFromObject(namespace), namespace) != nil {
		return
	}
	before := namespace.DeepCopy()
	namespace.Labels[labelOurs] = "true"
	if err := s.Patch(ctx, namespace, client.MergeFrom(before)); err != nil {
		s.t.Errorf("mark namespace %s: %v", s.name, err)
	}
}
