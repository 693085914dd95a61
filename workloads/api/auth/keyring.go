package auth

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// keysFor is how long the keys of a file hold before it is read again: what is added to
// it, or taken out, holds within this time, without a restart.
const keysFor = 500 * time.Millisecond

// keyring are the keys of a file as it is now.
type keyring struct {
	path string
	log  *slog.Logger

	mu   sync.Mutex
	keys Keys
	text []byte // that keys were read from
	at   time.Time
}

// newKeyring reads the keys. A file that cannot be read whole is an error, at the start.
func newKeyring(path string, now time.Time, log *slog.Logger) (*keyring, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("API keys file: %w", err)
	}
	keys, err := ParseKeys(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("API keys file %s: %w", path, err)
	}
	return &keyring{path: path, log: log, keys: keys, text: text, at: now}, nil
}

// current are the keys that are let in now.
func (r *keyring) current(now time.Time) Keys {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.at) < keysFor {
		return r.keys
	}
	r.at = now
	text, err := os.ReadFile(r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = nil // whoever takes the file away takes all keys
	case err != nil:
		r.log.Error("the API keys file cannot be read; the keys of before still hold", "path", r.path, "error", err)
		return r.keys
	}
	if !bytes.Equal(text, r.text) {
		r.keys, r.text = r.readable(text), text
		r.log.Info("the API keys have changed", "path", r.path, "keys", len(r.keys))
	}
	return r.keys
}

// readable are the keys of the lines that can be read. While the API runs, a line that
// cannot be read lets nobody in, and keeps out none of the others.
func (r *keyring) readable(text []byte) Keys {
	var keys Keys
	names := map[string]bool{}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		k, given, err := keyOf(line, names)
		if err != nil {
			r.log.Error("a line of the API keys file lets nobody in", "path", r.path, "line", n, "error", err)
			continue
		}
		if given {
			keys = append(keys, k)
		}
	}
	return keys
}
