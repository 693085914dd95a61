package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// ConnString is the URL of the database, read from its file if there is one.
func (d Database) ConnString() (string, error) {
	if d.URLFile == "" {
		if d.URL == "" {
			return "", errors.New("database: neither url nor urlFile is set")
		}
		return d.URL, nil
	}
	b, err := os.ReadFile(d.URLFile)
	if err != nil {
		return "", fmt.Errorf("database.urlFile: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
