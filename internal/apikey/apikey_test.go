package apikey

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStrong(t *testing.T) {
	random := make([]byte, Bytes)
	for i := range random {
		random[i] = byte(7 * i)
	}
	for name, c := range map[string]struct {
		key    string
		strong bool
	}{
		"of random bytes": {From(random), true},
		"empty":           {"", false},
		"a word":          {"secret", false},
		"no prefix":       {base64.RawURLEncoding.EncodeToString(random), false},
		"too short":       {From(random[:16]), false},
		"too long":        {From(append(bytes.Clone(random), 1)), false},
		"repeated":        {From([]byte(strings.Repeat("secret!!", 4))), false},
		"zeros":           {From(make([]byte, Bytes)), false},
		"not base 64":     {prefix + strings.Repeat("!", 43), false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.strong, Strong(c.key)) })
	}
}
