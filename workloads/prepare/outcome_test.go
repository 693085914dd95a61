package prepare

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
)

func TestOutcomeNamesTheStoreAndWhetherItRefuses(t *testing.T) {
	for _, c := range []struct {
		err    error
		store  string
		denied bool
	}{
		{at(config.StoreKafka, fmt.Errorf("ping: %w", kafka.SASLAuthenticationFailed)), "kafka", true},
		{at(config.StoreKafka, errors.New("dial tcp: connection refused")), "kafka", false},
		{at(config.StoreRedis, errors.New("WRONGPASS invalid username-password pair")), "redis", true},
		{at(config.StoreTimescale, &pgconn.PgError{Code: "28P01"}), "timescale", true},
		{at(config.StoreSchema, &pgconn.PgError{Code: "42501"}), "schema", true},
		{at(config.StoreSchema, &pgconn.PgError{Code: "42P07"}), "schema", false},
		{errors.New("something else"), "schema", false},
	} {
		got := Outcome(c.err)
		require.Equal(t, c.store, got.Store, c.err)
		require.Equal(t, c.denied, got.Denied, c.err)
		require.NotEmpty(t, got.Message)
	}
	require.Equal(t, config.PrepareOutcome{}, Outcome(nil))
}

func TestTellWritesOneShortLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "termination-log")
	long := at(config.StoreRedis, errors.New("first\nsecond "+strings.Repeat("x", 9000)))
	require.NoError(t, Report(file, long), "outside a container")
	require.NoFileExists(t, file)

	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, Report(file, long))
	doc, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Less(t, len(doc), 4096)
	var got config.PrepareOutcome
	require.NoError(t, json.Unmarshal(doc, &got))
	require.Contains(t, got.Message, "first second")
}
