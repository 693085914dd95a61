package admission

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestSamplesAreAdmitted(t *testing.T) {
	files, err := filepath.Glob("../../config/samples/*.yaml")
	require.NoError(t, err)
	checker := newChecker(t)
	admitted := 0
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		twin, err := checker.Read(file, content)
		require.NoError(t, err)
		require.NotNil(t, twin.Spec.Processor.DSM.Tariff, "code defaults were not filled in")
		admitted++
	}
	require.Equal(t, 4, admitted)
}

func newChecker(t testing.TB) *Checker {
	t.Helper()
	c, err := New()
	require.NoError(t, err)
	return c
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newChecker(b)
	}
}

func unmarshal(text []byte, to any) error { return yaml.UnmarshalStrict(text, to) }
