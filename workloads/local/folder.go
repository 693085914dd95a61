package local

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/energytwin/energytwin/workloads/api/auth"
)

// folder is where a local twin keeps its data: a folder that the user named, or
// a temporary one that is deleted at the end.
type folder struct {
	path      string
	temporary bool
}

func openFolder(path string) (folder, error) {
	if path == "" {
		dir, err := os.MkdirTemp("", "energytwin-")
		if err != nil {
			return folder{}, fmt.Errorf("data folder: %w", err)
		}
		// PostgreSQL may run as another user and must be able to pass.
		return folder{path: dir, temporary: true}, os.Chmod(dir, 0o711)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return folder{}, fmt.Errorf("data folder: %w", err)
	}
	if err := os.MkdirAll(path, 0o711); err != nil {
		return folder{}, fmt.Errorf("data folder: %w", err)
	}
	return folder{path: path}, nil
}

func (f folder) close() error {
	if !f.temporary {
		return nil
	}
	return os.RemoveAll(f.path)
}

func (f folder) sub(name string) string { return filepath.Join(f.path, name) }

// scratch is an empty folder for what need not be kept. What a killed process
// left in it is deleted.
func (f folder) scratch() (string, error) {
	path := f.sub("scratch")
	if err := os.RemoveAll(path); err != nil {
		return "", fmt.Errorf("scratch folder: %w", err)
	}
	return path, os.MkdirAll(path, 0o700)
}

// secret is the content of a file in the folder, made with create the first
// time. Only the user can read it.
func (f folder) secret(name string, create func() (string, error)) (value, path string, err error) {
	path = filepath.Join(f.path, "secrets", name)
	b, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(b)), path, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("secret %s: %w", name, err)
	}
	if value, err = create(); err != nil {
		return "", "", fmt.Errorf("make secret %s: %w", name, err)
	}
	return value, path, f.writeSecret(path, value)
}

// writeSecret writes the file under another name first: a kill leaves no half
// of it behind.
func (f folder) writeSecret(path, value string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if err := os.WriteFile(path+".new", []byte(value+"\n"), 0o600); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	return os.Rename(path+".new", path)
}

// secrets are what a person and the workloads need to get in.
type secrets struct {
	apiKey      string
	apiKeysFile string
	jwtFile     string
}

func (f folder) secrets() (secrets, error) {
	var s secrets
	var err error
	s.apiKey, _, err = f.secret("api-key", func() (string, error) {
		key, _, err := auth.NewKey("local", auth.ScopeAdmin, time.Time{})
		return key, err
	})
	if err != nil {
		return s, err
	}
	line, err := auth.KeyLine("local", auth.ScopeAdmin, s.apiKey, time.Time{})
	if err != nil {
		return s, err
	}
	s.apiKeysFile = filepath.Join(f.path, "secrets", "api-keys")
	if err := f.writeSecret(s.apiKeysFile, line); err != nil {
		return s, err
	}
	_, s.jwtFile, err = f.secret("session-key", func() (string, error) { return rand.Text() + rand.Text(), nil })
	return s, err
}
