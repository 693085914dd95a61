package deployment

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// runner runs jobs of config/gitlab as a runner of GitLab does: the lines one after the
// other in one shell, in a checkout, until one fails, and then those of after_script
// in another.
type runner struct {
	*repository
	pipeline
	variables []string
}

func (r *repository) runner(more ...string) *runner {
	r.t.Helper()
	const file = root + "/config/gitlab/.gitlab-ci.yml"
	content, err := os.ReadFile(file)
	require.NoError(r.t, err)
	var defaults struct{ Variables map[string]any }
	require.NoError(r.t, yaml.Unmarshal(content, &defaults))
	out := &runner{repository: r, pipeline: read(r.t, file)}
	predefined := map[string]string{"CI_PROJECT_DIR": r.dir, "CI_COMMIT_SHA": r.git(r.dir, "rev-parse", "HEAD"), "CI_COMMIT_BRANCH": "main",
		"GITLAB_USER_NAME": "reader", "GITLAB_USER_EMAIL": "reader@example.org"}
	for name, value := range predefined {
		out.variables = append(out.variables, name+"="+value)
	}
	for name, value := range defaults.Variables {
		if text, ok := value.(string); ok {
			out.variables = append(out.variables, name+"="+os.Expand(text, func(name string) string { return predefined[name] }))
		}
	}
	out.variables = append(out.variables, r.env...)
	out.variables = append(out.variables, more...)
	return out
}

func (r *runner) job(name string) (int, string) {
	r.t.Helper()
	j, ok := r.jobs[name]
	require.True(r.t, ok, name)
	lines := []string{"set -eo pipefail"}
	for _, parent := range names(j.Extends) {
		lines = append(lines, r.jobs[parent].BeforeScript...)
	}
	lines = append(lines, j.BeforeScript...)
	env := r.variables
	for key, value := range j.Variables {
		env = append(env, key+"="+os.Expand(value, func(name string) string {
			for _, pair := range r.variables {
				if key, value, _ := strings.Cut(pair, "="); key == name {
					return value
				}
			}
			return ""
		}))
	}
	code, out := r.run(r.t, r.dir, env, "bash", "-c", strings.Join(append(lines, j.Script...), "\n"))
	if len(j.AfterScript) > 0 {
		after, more := r.run(r.t, r.dir, env, "bash", "-c", strings.Join(append([]string{"set -eo pipefail"}, j.AfterScript...), "\n"))
		require.Zero(r.t, after, more)
		out += more
	}
	return code, out
}

// TestPipelineOfTwins runs each job: a commit that works is deployed, one that does
// not is reverted, one that the API server rejects never gets that far.
func TestPipelineOfTwins(t *testing.T) {
	s := needSuite(t)
	r := s.operate(t, "pipeline").repository()
	source := filepath.Join(t.TempDir(), "energytwin")
	r.git("", "init", "--quiet", "--initial-branch=main", source)
	require.NoError(t, os.CopyFS(filepath.Join(source, "hack", "ci"), os.DirFS(root+"/hack/ci")))
	r.git(source, "add", ".")
	r.git(source, "commit", "--quiet", "-m", "feat: scripts")
	r.git(source, "tag", "v0.1.0")
	remote := r.git(r.dir, "remote", "get-url", "origin")
	context, err := exec.Command("kubectl", "--kubeconfig", s.kubeconfig, "config", "current-context").Output()
	require.NoError(t, err)
	variables := []string{
		"KUBE_CONTEXT=" + strings.TrimSpace(string(context)), "REVERT_TOKEN=token", "CI_SERVER_HOST=gitlab.example.org", "CI_PROJECT_PATH=grid/twins",
		"GIT_CONFIG_COUNT=2",
		"GIT_CONFIG_KEY_0=url." + source + ".insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/energytwin/energytwin.git",
		"GIT_CONFIG_KEY_1=url." + remote + ".insteadOf", "GIT_CONFIG_VALUE_1=https://revert:token@gitlab.example.org/grid/twins.git",
	}
	good := r.commit(map[string]string{"twins/river.yaml": twin("river", current), ".gitignore": ".energytwin/\n"})
	p := r.runner(variables...)
	code, out := p.job("scripts")
	require.Zero(t, code, out)
	for _, name := range []string{"check", "deploy"} {
		code, out = p.job(name)
		require.Zero(t, code, out)
	}
	require.Contains(t, out, "digitaltwin", "after_script shows the twins")
	require.Equal(t, good, r.verified("twins"))

	r.commit(map[string]string{"twins/river.yaml": twin("river", unprovable)})
	p = r.runner(variables...)
	code, out = p.job("check")
	require.Zero(t, code, out)
	code, out = p.job("deploy")
	require.Equal(t, 1, code, out)
	code, out = p.job("revert")
	require.Zero(t, code, out)
	require.Equal(t, twin("river", current), r.git(r.dir, "--git-dir", remote, "show", "main:twins/river.yaml")+"\n")

	r.git(r.dir, "pull", "--quiet", "origin", "main")
	r.commit(map[string]string{"twins/river.yaml": strings.Replace(twin("river", current), "synthetic: {}", "synthetic: {meters: many}", 1)})
	code, out = r.runner(variables...).job("check")
	require.NotZero(t, code, out)
	require.Contains(t, out, "meters")

	// Without a token, the job prints what to do.
	code, out = r.runner(append(variables, "REVERT_TOKEN=")...).job("revert")
	require.NotZero(t, code, out)
	require.Contains(t, out, "set REVERT_TOKEN")
}
