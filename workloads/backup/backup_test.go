package backup

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func dump(t *testing.T, dir, twin string, day int) string {
	t.Helper()
	name := fmt.Sprintf("%s-202601%02dT023000Z.dump", twin, day)
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600))
	return name
}

func TestKeepDeletesTheOldestOfThisTwin(t *testing.T) {
	dir := t.TempDir()
	for day := 1; day <= 5; day++ {
		dump(t, dir, "river", day)
		dump(t, dir, "river-side", day)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "river-notes.txt"), nil, 0o600))
	kept, err := Keep(dir, "river", 2)
	require.NoError(t, err)
	require.Len(t, kept.Deleted, 3)
	require.Equal(t, []string{"river-20260105T023000Z.dump", "river-20260104T023000Z.dump"}, kept.Dumps, "the newest first")
	left, err := Dumps(dir, "river")
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "river-20260104T023000Z.dump"), filepath.Join(dir, "river-20260105T023000Z.dump")}, left)
	others, err := Dumps(dir, "river-side")
	require.NoError(t, err)
	require.Len(t, others, 5)
	require.FileExists(t, filepath.Join(dir, "river-notes.txt"))

	_, err = Keep(dir, "river", 0)
	require.NoError(t, err)
	left, err = Dumps(dir, "river")
	require.NoError(t, err)
	require.Len(t, left, 1, "the newest dump is never deleted")
}

// objectStore answers what the S3 protocol asks of a bucket, as far as Send
// uses it.
type objectStore struct {
	mu      sync.Mutex
	objects map[string]string
}

func (s *objectStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.Contains(r.Header.Get("Authorization"), "Credential=the-id/") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	key := strings.TrimPrefix(r.URL.Path, "/dumps/")
	switch r.Method {
	case http.MethodPut:
		body, _ := io.ReadAll(r.Body)
		s.objects[key] = string(body)
	case http.MethodDelete:
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodHead, http.MethodGet:
		if r.URL.Query().Get("list-type") == "" && key != "" {
			body, ok := s.objects[key]
			if !ok {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.Header().Set("ETag", `"1"`)
			http.ServeContent(w, r, key, time.Unix(1, 0), strings.NewReader(body))
			return
		}
		type content struct{ Key string }
		answer := struct {
			XMLName  xml.Name `xml:"ListBucketResult"`
			Contents []content
		}{}
		for _, k := range slices.Sorted(maps.Keys(s.objects)) {
			if strings.HasPrefix(k, r.URL.Query().Get("prefix")) {
				answer.Contents = append(answer.Contents, content{k})
			}
		}
		_ = xml.NewEncoder(w).Encode(answer)
	}
}

func TestSendKeepsTheNewestInTheBucket(t *testing.T) {
	store := &objectStore{objects: map[string]string{"area/river-side-20260101T023000Z.dump": "another's"}}
	server := httptest.NewServer(store)
	defer server.Close()
	keys := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(keys, "accessKeyID"), []byte("the-id\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(keys, "secretAccessKey"), []byte("the-secret"), 0o600))
	bucket := Bucket{Endpoint: server.URL, Name: "dumps", Prefix: "area/", Region: "eu-west-2", KeysDir: keys}

	for day := 1; day <= 4; day++ {
		dir := t.TempDir() // each Job has a fresh one
		name := dump(t, dir, "river", day)
		_, err := bucket.Send(t.Context(), dir, "river", 2)
		require.NoError(t, err)
		require.Contains(t, store.objects["area/"+name], name)
	}
	require.Equal(t, []string{
		"area/river-20260103T023000Z.dump", "area/river-20260104T023000Z.dump", "area/river-side-20260101T023000Z.dump",
	}, slices.Sorted(maps.Keys(store.objects)))

	_, err := bucket.Send(t.Context(), t.TempDir(), "river", 2)
	require.ErrorContains(t, err, "no dump of river")

	into := t.TempDir()
	require.NoError(t, bucket.Fetch(t.Context(), into, "river-20260104T023000Z.dump"))
	content, err := os.ReadFile(filepath.Join(into, "river-20260104T023000Z.dump"))
	require.NoError(t, err)
	require.Contains(t, string(content), "river-20260104T023000Z.dump")
	require.ErrorContains(t, bucket.Fetch(t.Context(), into, "river-20250101T000000Z.dump"), "fetch area/river-20250101T000000Z.dump from bucket dumps")
	require.NoFileExists(t, filepath.Join(into, "river-20250101T000000Z.dump"))
}
