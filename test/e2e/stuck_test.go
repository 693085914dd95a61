package e2e

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// TestStuckStoreIsTakenBack: a change that keeps a store's pod from becoming ready,
// although its image passes the proof, is taken back by changing the spec back; the rows
// stay. See docs/adr/0037.
func TestStuckStoreIsTakenBack(t *testing.T) {
	c := needCauses(t)
	s := c.space(t, "e2e-stuck")
	d := &deployment{cluster: c, t: t, registry: registry(t)}
	const name = "undo"
	s.make(s.synthetic(name, 20, 21, v1.SpeedMax))
	first := s.completed(name)
	rows := s.rows(name)
	deaf := d.push(d.deafRedis(), "deaf")
	for _, c := range []struct {
		spec string
		pods []string // that get stuck
		runs bool     // their containers run
	}{
		{`redis: {managed: {image: "` + deaf + `"}}`, []string{"redis"}, true},
		{"pods: {nodeSelector: {zone: nowhere}}", []string{"kafka", "redis", "timescale"}, false},
	} {
		before := s.pods(resources.Name(name, ""))
		s.move(name, c.spec)
		for _, store := range c.pods {
			pod := resources.Name(name, store) + "-0"
			eventually(t, "another "+pod+", which is not ready", func() (string, bool) {
				now, there := s.pods(pod)[pod]
				another := there && now.UID != before[pod].UID && now.DeletionTimestamp == nil && !podReady(&now)
				return "it is the one before, or does not run", another && (now.Status.Phase == corev1.PodRunning) == c.runs
			})
		}
		s.restoreSpec(name, &first.Spec)
		s.completed(name)
		require.Equal(t, rows, s.rows(name))
	}
}

// deafRedis packs an image whose redis-server takes connections and never answers: it
// passes the proof of a store's image, and never gets ready.
func (d *deployment) deafRedis() (folder string) {
	d.t.Helper()
	folder = d.t.TempDir()
	program := filepath.Join(folder, "redis-server")
	_, err := command(d.t, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-X main.how=deaf", "-o", program, "./testdata/broken")
	require.NoError(d.t, err)
	content, err := os.ReadFile(program)
	require.NoError(d.t, err)
	layer := archiveOf(d.t, map[string][]byte{"usr/local/bin/redis-server": content})
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	require.NoError(d.t, err)
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{"energytwin:deaf"}, "Layers": []string{"layer.tar"}}})
	require.NoError(d.t, err)
	image := archiveOf(d.t, map[string][]byte{"manifest.json": manifest, "config.json": config, "layer.tar": layer})
	require.NoError(d.t, os.WriteFile(filepath.Join(folder, "energytwin-"+runtime.GOARCH+".tar"), image, 0o600))
	return folder
}

// archiveOf packs files, each of them executable.
func archiveOf(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, content := range files {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}))
		_, err := w.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}
