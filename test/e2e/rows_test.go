package e2e

import (
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/test/twinrows"
)

// rows are what a twin has stored, in a form that can be compared. They are read
// as the role that may only read.
func (s *space) rows(twin string) []twinrows.Table {
	s.t.Helper()
	tables, err := twinrows.Read(s.t.Context(), s.database(twin, resources.ReaderRole, resources.KeyReaderPassword), nil)
	require.NoError(s.t, err)
	for _, table := range tables {
		s.t.Logf("%-12s %8d rows  %s", table.Name, table.Rows, table.SHA256[:16])
	}
	return tables
}
