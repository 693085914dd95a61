package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestImagesPrintsWhatATwinNeeds(t *testing.T) {
	list := func(args ...string) []string {
		var out bytes.Buffer
		cmd := newImagesCommand()
		cmd.SetArgs(append(args, "--image", "ghcr.io/energytwin/energytwin:v1"))
		cmd.SetOut(&out)
		require.NoError(t, cmd.Execute())
		return strings.Fields(out.String())
	}
	all := list()
	require.Len(t, all, 6)
	require.Equal(t, all, list("-f", "../../config/samples/quickstart.yaml"))
	external := list("-f", "../../config/samples/external-stores.yaml")
	require.Len(t, external, 3, "our image, Prometheus and Grafana: %v", external)

	file := filepath.Join(t.TempDir(), "twin.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`apiVersion: twin.energytwin.dev/v1
kind: DigitalTwin
metadata: {name: mirrored}
spec:
  dataset: {synthetic: {}}
  imageRegistry: registry.example.org/mirror
  kafka: {managed: {version: 4.1.0}}
  redis: {managed: {image: "other.example.org/redis@sha256:abababababababababababababababababababababababababababababababab"}}
`), 0o600))
	mirrored := list("-f", file)
	require.Equal(t, []string{
		"registry.example.org/mirror/energytwin/energytwin:v1",
		"registry.example.org/mirror/apache/kafka:4.1.0",
		"other.example.org/redis@sha256:abababababababababababababababababababababababababababababababab",
	}, mirrored[:3])
}
