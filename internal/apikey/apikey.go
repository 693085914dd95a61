// Package apikey defines what an API key is: who makes them, who lets them in and
// who rejects them agree on it here.
package apikey

import (
	"encoding/base64"
	"errors"
	"strings"
)

// Bytes is how many random bytes a key holds: 256 bits, beyond guessing, so that a
// plain SHA-256 protects it at rest.
const Bytes = 32

const (
	prefix = "et_"

	// minDistinct is the least number of different byte values in a key. Of 32
	// random bytes fewer than 20 are distinct once in 10^13 keys; a key made by
	// hand, such as one repeated word, stays far below.
	minDistinct = 20
)

// ErrWeak is what a key is that was not made from 256 random bits.
var ErrWeak = errors.New("weak API key: use one made by `energytwin local` or the operator (et_ and 43 characters of base64url)")

// From writes random bytes as a key: et_ and base64url without padding.
func From(random []byte) string { return prefix + base64.RawURLEncoding.EncodeToString(random) }

// Strong reports whether a key looks like 256 random bits.
func Strong(key string) bool {
	text, ok := strings.CutPrefix(key, prefix)
	if !ok {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != Bytes {
		return false
	}
	seen := map[byte]bool{}
	for _, b := range raw {
		seen[b] = true
	}
	return len(seen) >= minDistinct
}
