package timescale

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDecisionTableIsTheSchema: the table of columns has every column of decisions,
// once.
func TestDecisionTableIsTheSchema(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		rows, err := s.pool.Query(t.Context(), `SELECT column_name FROM information_schema.columns WHERE table_name = 'decisions' ORDER BY ordinal_position`)
		require.NoError(t, err)
		var there []string
		for rows.Next() {
			var name string
			require.NoError(t, rows.Scan(&name))
			there = append(there, name)
		}
		require.NoError(t, rows.Err())
		var known []string
		for _, c := range storedColumns {
			known = append(known, c.name)
		}
		require.ElementsMatch(t, there, known)
	})
}
