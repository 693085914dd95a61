package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/require"
)

const reference = "registry.example.org/energytwin:v1"

// program builds a small static program; it stands for the binary, which takes
// long to build and is packed no differently.
func program(t *testing.T, arch string) []byte {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() { println(\"here\") }\n"), 0o600))
	cmd := exec.Command("go", "build", "-trimpath", "-o", "program", "main.go")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	b, err := os.ReadFile(filepath.Join(dir, "program"))
	require.NoError(t, err)
	return b
}

// written is the image as someone reads it who gets the archive.
func written(t *testing.T, program []byte, arch string) (v1.Image, []byte) {
	t.Helper()
	image, err := Image(program, arch)
	require.NoError(t, err)
	out := filepath.Join(t.TempDir(), "deep", "image.tar")
	require.NoError(t, Write(image, reference, out))
	tag, err := name.NewTag(reference)
	require.NoError(t, err)
	read, err := tarball.ImageFromPath(out, &tag)
	require.NoError(t, err)
	before, err := image.Digest()
	require.NoError(t, err)
	after, err := read.Digest()
	require.NoError(t, err)
	require.Equal(t, before, after, "the digest that is printed is the one that a registry will show")
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	return read, b
}

func TestTheArchiveHoldsTheProgramAndWhatItNeeds(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			binary := program(t, arch)
			image, _ := written(t, binary, arch)
			config, err := image.ConfigFile()
			require.NoError(t, err)
			require.Equal(t, arch, config.Architecture)
			require.Equal(t, "linux", config.OS)

			files := map[string][]byte{}
			modes := map[string]int64{}
			flat := mutate.Extract(image)
			defer flat.Close()
			r := tar.NewReader(flat)
			for {
				h, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err)
				content, err := io.ReadAll(r)
				require.NoError(t, err)
				require.Zero(t, h.Uid, "%s belongs to root", h.Name)
				files[h.Name], modes[h.Name] = content, h.Mode
			}
			require.Equal(t, binary, files["energytwin"])
			require.EqualValues(t, 0o755, modes["energytwin"])
			require.EqualValues(t, 0o1777, modes["tmp"])
			require.Contains(t, string(files["etc/passwd"]), ":65532:65532:")
			roots := x509.NewCertPool()
			require.True(t, roots.AppendCertsFromPEM(files["etc/ssl/certs/ca-certificates.crt"]))
			require.Greater(t, bytes.Count(files["etc/ssl/certs/ca-certificates.crt"], []byte("BEGIN CERTIFICATE")), 50)
		})
	}
}

// TestTheArchiveKeepsToTheDockerfile reads entry point, user and labels there.
func TestTheArchiveKeepsToTheDockerfile(t *testing.T) {
	b, err := os.ReadFile("../../../Dockerfile")
	require.NoError(t, err)
	find := func(pattern string) []string {
		found := regexp.MustCompile(pattern).FindSubmatch(b)
		require.NotNil(t, found, pattern)
		var groups []string
		for _, g := range found[1:] {
			groups = append(groups, string(g))
		}
		return groups
	}
	image, _ := written(t, program(t, "amd64"), "amd64")
	config, err := image.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, find(`(?m)^USER (\S+)$`)[0], config.Config.User)
	require.Equal(t, find(`(?m)^ENTRYPOINT \["(.*)"\]$`), config.Config.Entrypoint)
	said := map[string]string{}
	for _, l := range regexp.MustCompile(`(org\.opencontainers\.image\.\w+)="([^"]*)"`).FindAllSubmatch(b, -1) {
		said[string(l[1])] = string(l[2])
	}
	require.NotEmpty(t, said)
	require.Equal(t, said, config.Config.Labels)
}

func TestTheSameProgramGivesTheSameBytes(t *testing.T) {
	binary := program(t, "amd64")
	_, once := written(t, binary, "amd64")
	_, again := written(t, binary, "amd64")
	require.True(t, bytes.Equal(once, again))
}

func TestWhatCannotRunIsRefused(t *testing.T) {
	amd := program(t, "amd64")
	for name, c := range map[string]struct {
		program       []byte
		arch, message string
	}{
		"a script":             {[]byte("#!/bin/sh\n"), "amd64", "GOOS=linux"},
		"another architecture": {amd, "arm64", "GOARCH=arm64"},
		"an unknown one":       {amd, "mips", "known are amd64 and arm64"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Image(c.program, c.arch)
			require.ErrorContains(t, err, c.message)
		})
	}
	t.Run("a name with a digest", func(t *testing.T) {
		image, err := Image(amd, "amd64")
		require.NoError(t, err)
		require.ErrorContains(t, Write(image, "energytwin@sha256:abc", filepath.Join(t.TempDir(), "x.tar")), "by a tag")
	})
}
