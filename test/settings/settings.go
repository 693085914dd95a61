// Package settings reads what a person may set for the long tests, from the
// environment.
package settings

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Int is the number in a variable, or another one if the variable is not set.
func Int(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	return n
}

// Random is the source of a test's random choices. Its seed is logged: in the
// variable, it repeats them.
func Random(t *testing.T, name string) *rand.Rand {
	t.Helper()
	seed := Int(t, name, int(time.Now().UnixNano()&0xffffff))
	t.Logf("%s=%d", name, seed)
	return rand.New(rand.NewPCG(uint64(seed), 0))
}
