package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/test/ui/filled"
)

// A limit of a group that no stored meter is in is reported: it has no effect.
func TestGroupsWithoutMetersAreReported(t *testing.T) {
	if store == nil {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	s := &server{twin: filled.Twin(), db: store}
	empty, err := s.emptyGroups(t.Context())
	require.NoError(t, err)
	require.Empty(t, empty)
	s.twin.Processor.Policy.Groups = []dsm.Group{{Name: "south"}, {Name: "feeder-0001"}, {Name: "north"}}
	empty, err = s.emptyGroups(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"north", "south"}, empty)
}
