package api

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

var update = flag.Bool("update", false, "write docs/reference/openapi.json and the files in testdata")

var openAPIFile = filepath.Join("..", "..", "docs", "reference", "openapi.json")

// The committed document is what clients are generated from: it must be that of
// the Go types.
func TestCommittedOpenAPIDocumentIsCurrent(t *testing.T) {
	doc := generatedDocument(t)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(openAPIFile), 0o755))
		require.NoError(t, os.WriteFile(openAPIFile, doc, 0o644))
	}
	committed, err := os.ReadFile(openAPIFile)
	require.NoError(t, err)
	require.Equal(t, string(committed), string(doc),
		"the API has changed; run: go test ./workloads/api -run OpenAPI -update")
}

// generatedDocument needs no database: nothing is asked.
func generatedDocument(t *testing.T) []byte {
	t.Helper()
	db, err := reader.Open(context.Background(), "postgres://nobody@127.0.0.1:1/none", timescale.Options{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	_, keysFile := newKeysFile(t)
	twin := config.Twin{Name: "documented", Timezone: "UTC", API: config.API{APIKeysFile: keysFile}}
	s, err := newServer(twin, Deps{DB: db})
	require.NoError(t, err)
	_, doc, err := s.router()
	require.NoError(t, err)
	return doc
}

// Each guarded operation documents how it fails, and when to ask again.
func TestProblemsAreDocumented(t *testing.T) {
	for path, item := range documented(t) {
		for method, text := range item {
			var operation struct {
				Security  []map[string][]string
				Responses map[string]struct {
					Headers map[string]any
					Content map[string]any
				}
			}
			require.NoError(t, json.Unmarshal(text, &operation))
			if len(operation.Security) == 0 {
				continue
			}
			want := []string{"401", "403", "422", "429", "503"}
			if strings.Contains(path, "{id}") {
				want = append(want, "404")
			}
			for _, status := range want {
				require.Contains(t, operation.Responses[status].Content, problem.MediaType, "%s %s %s", method, path, status)
			}
			for _, status := range []string{"429", "503"} {
				require.Contains(t, operation.Responses[status].Headers, "Retry-After", "%s %s %s", method, path, status)
			}
		}
	}
}
