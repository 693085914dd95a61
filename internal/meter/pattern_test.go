package meter

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFits(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "b", false}, {"a*", "a", true}, {"*a", "bba", true},
		{"*a*b", "xaxxab", true}, {"*a*b", "xaxxabc", false}, {"a?c", "abc", true}, {"a?c", "ac", false},
		{"[a]", "[a]", true}, {"[a]", "a", false}, {"**", "", true}, {"a*b*c", "a-b-b-c", true},
	} {
		require.Equal(t, c.want, Fits(c.pattern, c.name), "%q against %q", c.name, c.pattern)
	}
}
