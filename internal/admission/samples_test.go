package admission

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/energytwin/energytwin/internal/admission/admissiontest"
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
	require.Equal(t, 5, admitted)
}

// compiled compiles the rules once for all tests.
var compiled = sync.OnceValues(New)

func newChecker(t testing.TB) *Checker {
	t.Helper()
	c, err := compiled()
	require.NoError(t, err)
	return c
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		_, err := New()
		require.NoError(b, err)
	}
}

// Whatever a file holds, reading it ends, in a twin or in words.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("../../config/samples/*.yaml")
	require.NoError(f, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(content)
	}
	for _, content := range []string{"", "---", "- a", "a: &a [*a]", "kind: {DigitalTwin: 1}", "kind: DigitalTwin\napiVersion: twin.energytwin.dev/v1\nspec: null", "\x00", "{", "kind: DigitalTwin\nkind: DigitalTwin"} {
		f.Add([]byte(content))
	}
	checker := newChecker(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		twin, err := checker.Read("t.yaml", content)
		require.NotEqual(t, twin == nil, err == nil, "neither a twin nor words, or both")
		if err != nil {
			require.NotEmpty(t, err.Error())
		}
	})
}

func unmarshal(text []byte, to any) error { return yaml.UnmarshalStrict(text, to) }

// TestDevicesOfTheHowToAreAdmitted: the example of the page is a list of assets that
// a twin may have.
func TestDevicesOfTheHowToAreAdmitted(t *testing.T) {
	page, err := os.ReadFile("../../docs/how-to/devices.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(page), "```yaml\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "```")
	indented := "      " + strings.ReplaceAll(strings.TrimSpace(example), "\n", "\n      ")
	twin, err := newChecker(t).Read("devices.md", admissiontest.Twin("  dataset: {synthetic: {}}\n  processor:\n    dsm:\n"+indented))
	require.NoError(t, err)
	require.Len(t, twin.Spec.Processor.DSM.Assets, 5)
}
