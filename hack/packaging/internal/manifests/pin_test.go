package manifests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const pinned = "registry.example.org:5000/grid/energytwin:v9.9.9@sha256:"

// copied is a copy of the configuration folder.
func copied(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(config)))
	return dir
}

func file(t *testing.T, dir, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(content)
}

// What is built from pinned files is the pinned image, also when another was
// pinned before.
func TestPinnedFilesBuildThePinnedImage(t *testing.T) {
	dir := copied(t)
	for _, digit := range []string{"0a", "1b"} {
		reference := pinned + strings.Repeat(digit, 32)
		require.NoError(t, Pin(dir, reference))
		built, err := Build(dir, "default", Change{})
		require.NoError(t, err)
		out, err := built.AsYaml()
		require.NoError(t, err)
		require.Equal(t, 2, strings.Count(string(out), reference+"\n"), "the container's, and that of new twins")
		require.Contains(t, file(t, dir, argocdFile), "digest: sha256:"+strings.Repeat(digit, 32)+"\n")
	}
}

// Only the lines of the image change.
func TestAPinChangesTheLinesOfTheImageAlone(t *testing.T) {
	dir := copied(t)
	require.NoError(t, Pin(dir, pinned+strings.Repeat("0a", 32)))
	for _, name := range []string{managerFile, argocdFile} {
		now := file(t, dir, name)
		for line := range strings.SplitSeq(file(t, config, name), "\n") {
			if !strings.Contains(line, "ag:") && !strings.Contains(line, "ewTag:") && !strings.Contains(line, "digest:") && !strings.Contains(line, "repository:") {
				require.Contains(t, now, line, name)
			}
		}
	}
}

func TestAReferenceThatCanMoveIsNotPinned(t *testing.T) {
	dir := copied(t)
	for _, reference := range []string{"", "energytwin", "r.example.org/energytwin:v1", "r.example.org/energytwin:v1@sha256:0a",
		"r.example.org/energytwin@sha256:" + strings.Repeat("0a", 32), "r.example.org/energytwin:v1@md5:" + strings.Repeat("0a", 16)} {
		require.Error(t, Pin(dir, reference), reference)
	}
	require.Equal(t, file(t, config, managerFile), file(t, dir, managerFile))
}

func TestAFileThatNamesNoImageIsNotPinned(t *testing.T) {
	dir := copied(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, managerFile), []byte("resources: [operator.yaml]\n"), 0o600))
	require.ErrorContains(t, Pin(dir, pinned+strings.Repeat("0a", 32)), managerFile)
}
