package deployment

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/test/tutorials"
)

// checkout is a folder with what the commands of a tutorial use of a checkout, an
// empty repository in place of the reader's, and an identity for commits.
func checkout(t *testing.T) (dir string, env []string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"config", "dist", "hack"} {
		require.NoError(t, os.Symlink(mustAbs(t, filepath.Join(root, name)), filepath.Join(dir, name)))
	}
	remote := filepath.Join(t.TempDir(), "twins.git")
	out, err := exec.Command("git", "init", "--quiet", "--bare", "--initial-branch=main", remote).CombinedOutput()
	require.NoError(t, err, string(out))
	return dir, []string{
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url." + remote + ".insteadOf", "GIT_CONFIG_VALUE_0=https://git.example.org/grid/twins.git",
		"GIT_AUTHOR_NAME=reader", "GIT_AUTHOR_EMAIL=reader@example.org", "GIT_COMMITTER_NAME=reader", "GIT_COMMITTER_EMAIL=reader@example.org",
	}
}

// follow runs the tutorial as its reader does.
func (s *suite) follow(t *testing.T, name string, before map[string]string) {
	t.Helper()
	blocks, err := tutorials.Read(filepath.Join(root, "docs", "tutorial", name))
	require.NoError(t, err)
	text, left := tutorials.Script(blocks, before)
	require.Empty(t, left)
	dir, env := checkout(t)
	code, out := s.run(t, dir, env, "bash", "-c", text)
	require.Zero(t, code, out)
}

// What Argo CD does with the repository, in kubectl's words.
const asArgoCD = `
kubectl apply --server-side --validate=strict -f twins-repository/apps/
kubectl create namespace twins
kubectl apply --server-side --namespace twins -f twins-repository/twins/
for application in energytwin twins; do
  kubectl -n argocd patch application "$application" --type=merge -p '{"status": {"health": {"status": "Healthy"}}}'
done`

func TestTutorialOfArgoCD(t *testing.T) {
	s := needSuite(t)
	s.gitops(t)
	code, out := s.run(t, root, nil, "kubectl", "-n", "argocd", "create", "configmap", "argocd-cm")
	require.Zero(t, code, out)
	s.namespace(t, "north") // as the ApplicationSet would
	s.follow(t, "argocd.md", map[string]string{"argocd": asArgoCD})
	s.remove(t, "twins")
}

// What Flux does with the repository, in kubectl's words.
const asFlux = `
kubectl apply --server-side --namespace twins -f twins-repository/twins/
for kustomization in energytwin twins; do
  kubectl -n flux-system patch kustomization "$kustomization" --subresource=status --type=merge \
    -p '{"status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "applied", "lastTransitionTime": "2025-01-01T00:00:00Z"}]}}'
done`

func TestTutorialOfFlux(t *testing.T) {
	s := needSuite(t)
	s.gitops(t)
	s.follow(t, "flux.md", map[string]string{"flux": asFlux})
	s.remove(t, "twins")
}

// The deployment in the tutorial of GitLab needs an operator and pods, which are not
// here. Its commands are valid, and name scripts that exist.
func TestTutorialOfGitLabIsWellFormed(t *testing.T) {
	blocks, err := tutorials.Read(root + "/docs/tutorial/gitlab.md")
	require.NoError(t, err)
	called := 0
	for _, block := range blocks {
		out, err := exec.Command("bash", "-n", "-c", block.Commands).CombinedOutput()
		require.NoError(t, err, "line %d: %s", block.Line, out)
		for _, path := range scriptPath.FindAllString(strings.ReplaceAll(block.Commands, "\n", " "), -1) {
			require.FileExists(t, filepath.Join(root, strings.Trim(path, ` "`)))
			called++
		}
	}
	require.Greater(t, called, 5)
}
