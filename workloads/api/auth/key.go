// Package auth identifies who sends a request to the API: by an API key, or by
// the session of a browser that signed in with one. It limits how often a caller
// may ask, and keeps the pages of other sites out.
package auth

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/energytwin/energytwin/internal/apikey"
)

// Scope is what the holder of a key may do. Each scope holds the ones before.
type Scope string

// The scopes.
const (
	ScopeRead    Scope = "read"
	ScopeOperate Scope = "operate"
	ScopeAdmin   Scope = "admin"
)

// holds reports whether s is at least want.
func (s Scope) holds(want Scope) bool { return s.rank() >= want.rank() && s.rank() > 0 }

func (s Scope) rank() int {
	switch s {
	case ScopeRead:
		return 1
	case ScopeOperate:
		return 2
	case ScopeAdmin:
		return 3
	}
	return 0
}

// FileKeyPrefix begins the id of a key of the file, which has no other id than its name.
const FileKeyPrefix = "secret."

// keyName is what a key may be called.
var keyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// Key is an API key as it is kept: never the key itself.
type Key struct {
	ID      string // of a stored key its UUID, of a key of the file FileKeyPrefix and its name
	Name    string
	Scope   Scope
	Hash    [sha256.Size]byte
	Expires time.Time // zero: never
}

// NewKey makes a fresh API key. It returns the key, to be shown once, and the
// line of the keys file that lets it in.
func NewKey(name string, scope Scope, expires time.Time) (key, line string, err error) {
	raw := make([]byte, apikey.Bytes)
	if _, err := rand.Read(raw); err != nil {
		return "", "", fmt.Errorf("make an API key: %w", err)
	}
	key = apikey.From(raw)
	line, err = KeyLine(name, scope, key, expires)
	return key, line, err
}

// KeyLine is the line of the keys file that lets a given key in:
// name:scope:sha256hex, and :expiry unless expires is zero. It rejects a key
// that does not look like 256 random bits (apikey.ErrWeak).
func KeyLine(name string, scope Scope, key string, expires time.Time) (string, error) {
	if !keyName.MatchString(name) {
		return "", fmt.Errorf("API key name %q: use 1 to 63 letters, digits, dots, dashes or underscores", name)
	}
	if scope.rank() == 0 {
		return "", fmt.Errorf("API key %s: scope %q: use read, operate or admin", name, scope)
	}
	if !apikey.Strong(key) {
		return "", fmt.Errorf("API key %s: %w", name, apikey.ErrWeak)
	}
	sum := sha256.Sum256([]byte(key))
	line := name + ":" + string(scope) + ":" + hex.EncodeToString(sum[:])
	if !expires.IsZero() {
		line += ":" + expires.UTC().Format(time.RFC3339)
	}
	return line, nil
}

// Keys are the keys that are let in. They do not change.
type Keys []Key

// ParseKeys reads lines of the form name:scope:sha256hex[:expiry]. Blank lines
// and lines that start with # are skipped.
func ParseKeys(r io.Reader) (Keys, error) {
	var keys Keys
	names := map[string]bool{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		k, given, err := keyOf(lines.Text(), names)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if given {
			keys = append(keys, k)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if len(keys) == 0 {
		return nil, errors.New("no key in it; add a line name:scope:sha256hex")
	}
	return keys, nil
}

// keyOf is the key of a line of the file. A blank line or a comment gives none. names are
// those of the lines before, to which that of the key is added.
func keyOf(line string, names map[string]bool) (k Key, given bool, err error) {
	line = strings.TrimSpace(line)
	if line == "" || strings.HasPrefix(line, "#") {
		return k, false, nil
	}
	if k, err = parseKey(line); err != nil {
		return k, false, err
	}
	if names[k.Name] {
		return k, false, fmt.Errorf("the name %s occurs twice", k.Name)
	}
	names[k.Name] = true
	return k, true, nil
}

func parseKey(line string) (Key, error) {
	parts := strings.SplitN(line, ":", 4)
	if len(parts) < 3 {
		return Key{}, errors.New("write it as name:scope:sha256hex[:expiry]")
	}
	k := Key{ID: FileKeyPrefix + parts[0], Name: parts[0], Scope: Scope(parts[1])}
	if !keyName.MatchString(k.Name) {
		return Key{}, fmt.Errorf("name %q: use 1 to 63 letters, digits, dots, dashes or underscores", k.Name)
	}
	if k.Scope.rank() == 0 {
		return Key{}, fmt.Errorf("scope %q: use read, operate or admin", parts[1])
	}
	sum, err := hex.DecodeString(parts[2])
	if err != nil || len(sum) != sha256.Size {
		// The value is left out: it may be a key that was pasted here.
		return Key{}, fmt.Errorf("key %s: the third field must be 64 hex digits, the SHA-256 of the key", k.Name)
	}
	copy(k.Hash[:], sum)
	if len(parts) == 4 {
		if k.Expires, err = time.Parse(time.RFC3339, parts[3]); err != nil {
			return Key{}, fmt.Errorf("key %s: expiry %q: write it as 2027-01-31T00:00:00Z", k.Name, parts[3])
		}
	}
	return k, nil
}

// find is the entry of a presented key. Every entry is compared, in constant
// time, so that the time taken reveals nothing.
func (ks Keys) find(presented string, now time.Time) (Key, bool) {
	sum := sha256.Sum256([]byte(presented))
	at := -1
	for i := range ks {
		at = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(sum[:], ks[i].Hash[:]), i, at)
	}
	// A weak key is rejected here too, in case its hash was written by hand.
	if at < 0 || !apikey.Strong(presented) || ks[at].expired(now) {
		return Key{}, false
	}
	return ks[at], true
}

// of is the entry that a session was given for, unless it has expired.
func (ks Keys) of(c *sessionClaims, now time.Time) (Key, bool) {
	for _, k := range ks {
		if k.Name == c.Subject && k.fingerprint() == c.Fingerprint && !k.expired(now) {
			return k, true
		}
	}
	return Key{}, false
}

func (k Key) expired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

// fingerprint distinguishes two keys of one name without giving the hash away.
func (k Key) fingerprint() string { return hex.EncodeToString(k.Hash[:6]) }
