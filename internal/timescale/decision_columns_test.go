package timescale_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// TestDecisionTableIsTheSchema: the table of columns has every column of decisions,
// once.
func TestDecisionTableIsTheSchema(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		rows, err := s.Pool.Query(t.Context(), `SELECT column_name FROM information_schema.columns WHERE table_name = 'decisions' ORDER BY ordinal_position`)
		require.NoError(t, err)
		var there []string
		for rows.Next() {
			var name string
			require.NoError(t, rows.Scan(&name))
			there = append(there, name)
		}
		require.NoError(t, rows.Err())
		_, list, _ := strings.Cut(decisions.Copy, "(")
		list, _, _ = strings.Cut(list, ")")
		known := strings.Split(list, ", ")
		require.ElementsMatch(t, there, known)
	})
}
