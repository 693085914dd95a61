package api

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
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
