package api

import (
	"context"
	"flag"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
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
	newTestAPI(t, nil) // skips where there is no database
	doc := operationsOf(t)
	for path, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Delete} {
			if op == nil || len(op.Security) == 0 {
				continue
			}
			want := []string{"401", "403", "406", "422", "429", "431", "500", "503"}
			if strings.Contains(path, "{id}") {
				want = append(want, "404")
			}
			for _, status := range want {
				answer := resolved(doc, op.Responses[status])
				require.Contains(t, answer.Content, problem.MediaType, "%s %s %s", op.Method, path, status)
				require.NotNil(t, answer.Content[problem.MediaType].Example)
				require.Contains(t, answer.Headers, "X-Request-Id")
			}
			for _, status := range []string{"429", "503"} {
				require.Contains(t, resolved(doc, op.Responses[status]).Headers, "Retry-After", "%s %s %s", op.Method, path, status)
			}
		}
	}
}

// resolved is a response, or the shared one that it refers to.
func resolved(doc *huma.OpenAPI, r *huma.Response) *huma.Response {
	if r != nil && r.Ref != "" {
		return doc.Components.Responses[path.Base(r.Ref)]
	}
	return r
}
