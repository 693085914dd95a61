package deployment

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// module is a published Go module that is used for its files: the definitions of
// the objects that Argo CD and Flux read. The sum is that of go.sum.
type module struct{ path, version, sum string }

var (
	argocd = module{"github.com/argoproj/argo-cd/v3", "v3.5.1", "h1:jtwPLEFX9mNj3jSq88ugFcScGnOZVs2DWaXFuZxrRT8="}
	flux   = []module{
		{"github.com/fluxcd/source-controller/api", "v1.9.6", "h1:h9+CsJVw4CNbMEsnEb11SGEhLfKzVTkWC0w7M8VX4Hk="},
		{"github.com/fluxcd/kustomize-controller/api", "v1.9.6", "h1:7XiuW+l3YYXWeIwLJ8w34zHlJyMUEKosBIxLIki9J3I="},
		{"github.com/fluxcd/image-automation-controller/api", "v1.2.5", "h1:dermKv30IuWWOUwGK8Y4T3V2UX8pvRt6E8BZTP0uipI="},
		{"github.com/fluxcd/image-reflector-controller/api", "v1.2.5", "h1:3lUBpBuefeO1UtVmGnvJOP5iSI2B2Lm6+CnPRdb8F54="},
	}
)

// folder is where the module's files are, in Go's own cache.
func (m module) folder(t *testing.T) string {
	t.Helper()
	command := exec.Command("go", "mod", "download", "-json", m.path+"@"+m.version)
	command.Dir = t.TempDir() // no module of ours takes part
	out, err := command.Output()
	if err != nil {
		t.Skipf("%s@%s cannot be had here: %v", m.path, m.version, err)
	}
	var got struct{ Dir, Sum string }
	require.NoError(t, json.Unmarshal(out, &got))
	require.Equal(t, m.sum, got.Sum, "%s@%s is not what it was", m.path, m.version)
	return got.Dir
}

// gitops installs the definitions of Argo CD and Flux once for all tests.
var gitops sync.Once

func (s *suite) gitops(t *testing.T) {
	t.Helper()
	folders := []string{filepath.Join(argocd.folder(t), "manifests", "crds")}
	for _, m := range flux {
		folders = append(folders, definitions(t, m))
	}
	gitops.Do(func() {
		var all []string
		for _, folder := range folders {
			files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
			require.NoError(t, err)
			for _, file := range files {
				if filepath.Base(file) != "kustomization.yaml" {
					all = append(all, file)
				}
			}
		}
		installed, err := envtest.InstallCRDs(s.env.Config, envtest.CRDInstallOptions{Paths: all, ErrorIfPathMissing: true, MaxTime: patience})
		require.NoError(t, err)
		require.True(t, containsDefinition(installed, "applicationsets.argoproj.io"))
		require.True(t, containsDefinition(installed, "imageupdateautomations.image.toolkit.fluxcd.io"))
	})
	for _, name := range []string{"argocd", "flux-system"} {
		s.namespace(t, name)
	}
}

func containsDefinition(all []*apiextensionsv1.CustomResourceDefinition, name string) bool {
	for _, definition := range all {
		if definition.Name == name {
			return true
		}
	}
	return false
}

// definitions are generated from the types of the module, as its authors do.
func definitions(t *testing.T, m module) string {
	t.Helper()
	out := t.TempDir()
	generator, err := exec.Command("go", "tool", "-n", "-modfile="+root+"/hack/tools/go.mod", "controller-gen").Output()
	require.NoError(t, err)
	command := exec.Command(strings.TrimSpace(string(generator)), "crd", "paths=./...", "output:crd:dir="+out)
	command.Dir = m.folder(t)
	text, err := command.CombinedOutput()
	require.NoError(t, err, string(text))
	return out
}

// Every object for Argo CD and Flux is one that they read: the API server accepts
// it by their definitions, and knows each of its fields.
func TestGitOpsObjectsFitTheirDefinitions(t *testing.T) {
	s := needSuite(t)
	s.gitops(t)
	for _, pattern := range []string{"argocd/*.yaml", "flux/*.yaml"} {
		files, err := filepath.Glob(filepath.Join(root, "config", pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				code, out := s.run(t, root, nil, "kubectl", "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", mustAbs(t, file))
				require.Zero(t, code, out)
			})
		}
	}
}

// The test above notices a field that is unknown.
func TestAnUnknownFieldOfAnApplicationIsNoticed(t *testing.T) {
	s := needSuite(t)
	s.gitops(t)
	content, err := os.ReadFile(root + "/config/argocd/app-of-apps.yaml")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "app.yaml")
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(content), "refresh:", "refreshes:", 1)), 0o600))
	code, out := s.run(t, root, nil, "kubectl", "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", file)
	require.NotZero(t, code)
	require.Contains(t, out, "refreshes")
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	out, err := filepath.Abs(path)
	require.NoError(t, err)
	return out
}
