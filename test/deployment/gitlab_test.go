package deployment

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// schemaChecker is the Python package that ships GitLab's own schema of its files.
const schemaChecker = "check-jsonschema==0.39.0"

func pipelines() []string {
	return []string{root + "/.gitlab-ci.yml", root + "/config/gitlab/.gitlab-ci.yml"}
}

// GitLab's published schema accepts the pipelines.
func TestPipelinesFitGitLabsSchema(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3, which reads GitLab's schema")
	}
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	folder := filepath.Join(cache, "energytwin", schemaChecker)
	if _, err := os.Stat(filepath.Join(folder, "check_jsonschema")); err != nil {
		out, err := exec.Command(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", folder, schemaChecker).CombinedOutput()
		if err != nil {
			t.Skipf("%s cannot be had here: %s", schemaChecker, out)
		}
	}
	check := func(file string) (string, error) {
		command := exec.Command(python, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", file)
		command.Env = append(os.Environ(), "PYTHONPATH="+folder)
		out, err := command.CombinedOutput()
		return string(out), err
	}
	for _, file := range pipelines() {
		out, err := check(file)
		require.NoError(t, err, "%s: %s", file, out)
	}
	// It notices a mistake.
	content, err := os.ReadFile(pipelines()[0])
	require.NoError(t, err)
	wrong := filepath.Join(t.TempDir(), ".gitlab-ci.yml")
	require.NoError(t, os.WriteFile(wrong, []byte(strings.Replace(string(content), "expire_in: 1 day", "expire_on: 1 day", 1)), 0o600))
	_, err = check(wrong)
	require.Error(t, err)
}

// pipeline is a GitLab file by what its jobs refer to.
type pipeline struct {
	stages []string
	jobs   map[string]job
}

type job struct {
	Stage        string            `json:"stage"`
	Variables    map[string]string `json:"variables"`
	Script       []string          `json:"script"`
	BeforeScript []string          `json:"before_script"`
	AfterScript  []string          `json:"after_script"`
	Needs        []any             `json:"needs"`
	Extends      any               `json:"extends"`
}

func read(t *testing.T, file string) pipeline {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var document map[string]any
	require.NoError(t, yaml.UnmarshalStrict(content, &document))
	p := pipeline{jobs: map[string]job{}}
	for name, value := range document {
		text, err := yaml.Marshal(value)
		require.NoError(t, err)
		switch name {
		case "variables", "workflow", "default":
		case "stages":
			require.NoError(t, yaml.Unmarshal(text, &p.stages))
		default:
			var j job
			require.NoError(t, yaml.Unmarshal(text, &j), name)
			p.jobs[name] = j
		}
	}
	return p
}

var scriptPath = regexp.MustCompile(`(?:^|[ "])(?:\.energytwin/ci|hack/ci|hack)/[a-z-]+`)

// Jobs refer to stages, jobs and scripts that exist, and their lines are valid in
// the shell.
func TestPipelinesReferToWhatExists(t *testing.T) {
	for _, file := range pipelines() {
		p := read(t, file)
		require.NotEmpty(t, p.stages)
		called := 0
		for name, j := range p.jobs {
			if strings.HasPrefix(name, ".") {
				continue
			}
			require.Contains(t, p.stages, j.Stage, name)
			require.NotEmpty(t, j.Script, name)
			for _, parent := range names(j.Extends) {
				require.Contains(t, p.jobs, parent, name)
			}
			for _, needed := range names(j.Needs) {
				require.Contains(t, p.jobs, needed, name)
				require.LessOrEqual(t, slices.Index(p.stages, p.jobs[needed].Stage), slices.Index(p.stages, j.Stage), "%s needs %s", name, needed)
			}
			for _, line := range slices.Concat(j.BeforeScript, j.Script, j.AfterScript) {
				out, err := exec.Command("bash", "-n", "-c", line).CombinedOutput()
				require.NoError(t, err, "%s: %s: %s", name, line, out)
				for _, path := range scriptPath.FindAllString(line, -1) {
					path = strings.Replace(strings.Trim(path, ` "`), ".energytwin/ci", "hack/ci", 1)
					info, err := os.Stat(filepath.Join(root, path))
					require.NoError(t, err, name)
					require.True(t, info.IsDir() || info.Mode()&0o111 != 0, "%s is not executable", path)
					called++
				}
			}
		}
		require.Positive(t, called, file)
	}
}

// names are the jobs in a value that is a name, or a list of names or of maps with one.
func names(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, each := range v {
			out = append(out, names(each)...)
		}
		return out
	case map[string]any:
		return names(v["job"])
	}
	return nil
}

func TestScriptsAreCleanForShellcheck(t *testing.T) {
	shellcheck, err := exec.LookPath("shellcheck")
	if err != nil {
		t.Skip("no shellcheck")
	}
	scripts, err := filepath.Glob(root + "/hack/ci/*")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	out, err := exec.Command(shellcheck, append(scripts, "-x", root+"/hack/vm-deploy")...).CombinedOutput()
	require.NoError(t, err, string(out))
}
