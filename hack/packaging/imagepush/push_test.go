package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/require"
)

// archive writes an image for an architecture, and returns the file and the digest
// of the image's configuration.
func archive(t *testing.T, arch string) (file string, config v1.Hash) {
	t.Helper()
	image, err := random.Image(64, 1)
	require.NoError(t, err)
	image, err = mutate.ConfigFile(image, &v1.ConfigFile{OS: "linux", Architecture: arch, RootFS: rootFS(t, image)})
	require.NoError(t, err)
	config, err = image.ConfigName()
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), arch+".tar")
	tag, err := name.NewTag("energytwin:v1")
	require.NoError(t, err)
	require.NoError(t, tarball.WriteToFile(file, tag, image))
	return file, config
}

func rootFS(t *testing.T, image v1.Image) v1.RootFS {
	t.Helper()
	config, err := image.ConfigFile()
	require.NoError(t, err)
	return config.RootFS
}

func TestBothArchitecturesAreOneImage(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	amd64, configAMD64 := archive(t, "amd64")
	arm64, configARM64 := archive(t, "arm64")
	host := strings.TrimPrefix(server.URL, "http://")

	reference, err := push(t.Context(), host+"/grid/energytwin:v1", []string{amd64, arm64}, remote.WithAuth(authn.Anonymous))
	require.NoError(t, err)
	require.Regexp(t, `^127\.0\.0\.1:\d+/grid/energytwin:v1@sha256:[0-9a-f]{64}$`, reference)

	for arch, want := range map[string]v1.Hash{"amd64": configAMD64, "arm64": configARM64} {
		parsed, err := name.ParseReference(reference)
		require.NoError(t, err)
		image, err := remote.Image(parsed, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: arch}))
		require.NoError(t, err)
		got, err := image.ConfigName()
		require.NoError(t, err)
		require.Equal(t, want, got, arch)
	}
	again, err := push(t.Context(), host+"/grid/energytwin:v1", []string{amd64, arm64}, remote.WithAuth(authn.Anonymous))
	require.NoError(t, err)
	require.Equal(t, reference, again, "the same archives have the same digest")
}

func TestWhatCannotBePushedIsNamed(t *testing.T) {
	amd64, _ := archive(t, "amd64")
	other, _ := archive(t, "amd64")
	empty := filepath.Join(t.TempDir(), "empty.tar")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for want, given := range map[string]struct {
		to       string
		archives []string
	}{
		"both for linux/amd64": {"127.0.0.1:1/energytwin:v1", []string{amd64, other}},
		"empty.tar":            {"127.0.0.1:1/energytwin:v1", []string{empty}},
		"a tag":                {"127.0.0.1:1/energytwin", []string{amd64}},
		"push 127.0.0.1:1":     {"127.0.0.1:1/energytwin:v1", []string{amd64}},
	} {
		_, err := push(t.Context(), given.to, given.archives, remote.WithAuth(authn.Anonymous))
		require.ErrorContains(t, err, want)
	}
}
