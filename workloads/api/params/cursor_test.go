package params

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type place struct {
	Name string `json:"n"`
}

func TestCursorsAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "cursor")
		after, err := DecodeCursor[place]("filters", text)
		if text == "" {
			require.NoError(t, err)
			require.Nil(t, after)
			return
		}
		require.Error(t, err)
	})
	rapid.Check(t, func(t *rapid.T) {
		at := place{Name: rapid.String().Draw(t, "name")}
		text, err := EncodeCursor("filters", at)
		require.NoError(t, err)
		if strings.ContainsRune(at.Name, 0) {
			_, err = DecodeCursor[place]("filters", text)
			require.Error(t, err, "the database stores no NUL")
			return
		}
		after, err := DecodeCursor[place]("filters", text)
		require.NoError(t, err)
		require.Equal(t, at, *after)
	})
}
