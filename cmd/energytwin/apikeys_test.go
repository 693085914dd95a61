package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/workloads/api"
	"github.com/energytwin/energytwin/workloads/api/auth"
)

// served is a twin's API on a database of its own: its address, the configuration document
// of its pod, and an admin's key.
func served(t *testing.T) (address, document, keyFile string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	postgres, err := embedded.Postgres(ctx, embedded.PostgresOptions{})
	if err != nil {
		t.Skip("no PostgreSQL here: ", err)
	}
	t.Cleanup(func() { _ = postgres.Stop(context.Background()) })
	require.NoError(t, schema.Migrate(ctx, postgres.URL, schema.MigrateOptions{}))
	db, err := reader.Open(ctx, postgres.URL, timescale.Options{})
	require.NoError(t, err)
	t.Cleanup(db.Close)

	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	key, line, err := auth.NewKey("bootstrap", auth.ScopeAdmin, time.Time{})
	require.NoError(t, err)
	twin, err := config.Load(filepath.Join("..", "..", "internal", "config", "testdata", "quickstart.yaml"))
	require.NoError(t, err)
	twin.Database = config.Database{URL: postgres.URL}
	twin.API.StatusListen = "127.0.0.1:0"
	twin.API.APIKeysFile, twin.API.JWTSecretFile = write("keys", line+"\n"), write("secret", strings.Repeat("0123456789abcdef", 2))
	text, err := json.Marshal(twin)
	require.NoError(t, err)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- api.Run(ctx, *twin, api.Deps{DB: db, Listener: listener}) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return "http://" + listener.Addr().String(), write("twin.yaml", string(text)), write("admin", key+"\n")
}

// keysCommand runs energytwin api keys, and returns what it prints.
func keysCommand(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := newRootCommand()
	cmd.SetArgs(append([]string{"api", "keys"}, args...))
	cmd.SetOut(&out)
	err := cmd.ExecuteContext(t.Context())
	return strings.TrimSpace(out.String()), err
}

// Keys are managed over the API and in the database alike, and each sees what the other did.
func TestKeysCommand(t *testing.T) {
	address, document, keyFile := served(t)
	over, in := []string{"--url", address, "--key-file", keyFile}, []string{"--config", document}
	for name, c := range map[string]struct{ place, other []string }{"over the API": {over, in}, "in the database": {in, over}} {
		t.Run(name, func(t *testing.T) {
			label := strings.ReplaceAll(name, " ", "-")
			key, err := keysCommand(t, append(c.place, "create", label, "--scope", "admin", "--expires", "8760h")...)
			require.NoError(t, err)
			mine := filepath.Join(t.TempDir(), "mine")
			require.NoError(t, os.WriteFile(mine, []byte(key), 0o600))
			listed := func(place []string) map[string]api.KeyView {
				text, err := keysCommand(t, append(place, "list", "--json")...)
				require.NoError(t, err)
				var all []api.KeyView
				require.NoError(t, json.Unmarshal([]byte(text), &all))
				byID := map[string]api.KeyView{}
				for _, k := range all {
					byID[k.ID] = k
				}
				return byID
			}
			id := func() string {
				for id, k := range listed(c.other) {
					if k.Name == label && k.State == "active" {
						return id
					}
				}
				return ""
			}
			first := id()
			require.NotEmpty(t, first)
			allowed := func() bool { _, err := keysCommand(t, "--url", address, "--key-file", mine, "list"); return err == nil }
			require.Eventually(t, allowed, time.Minute, 50*time.Millisecond)

			_, err = keysCommand(t, append(c.place, "create", label)...)
			require.ErrorContains(t, err, "there is an API key "+label)
			_, err = keysCommand(t, append(c.place, "rotate", first, "--overlap", "1h")...)
			require.NoError(t, err)
			require.Equal(t, "ending", listed(c.other)[first].State)
			require.True(t, allowed(), "the key before holds on")
			_, err = keysCommand(t, append(c.place, "revoke", first)...)
			require.NoError(t, err)
			require.Eventually(t, func() bool { return !allowed() }, time.Minute, 50*time.Millisecond)
			require.Equal(t, "revoked", listed(c.other)[first].State)
			_, err = keysCommand(t, append(c.place, "revoke", "secret.bootstrap")...)
			require.ErrorContains(t, err, "belongs to the twin's Secret")
			table, err := keysCommand(t, append(c.place, "list")...)
			require.NoError(t, err)
			require.Contains(t, table, "secret.bootstrap")
		})
	}
	_, err := keysCommand(t, "--url", address, "--key-file", keyFile, "create", "a", "--expires", "tomorrow")
	require.ErrorContains(t, err, "write it as 2035-01-31T00:00:00Z")
	t.Setenv("ENERGYTWIN_API_KEY", "")
	_, err = keysCommand(t, "--url", address, "list")
	require.ErrorContains(t, err, "--key-file")
}
