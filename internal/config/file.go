package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// Load reads the configuration of a twin. Unknown and repeated fields are
// errors, as is everything that Validate rejects.
func Load(path string) (*Twin, error) {
	doc, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	t, err := Parse(doc)
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	return t, nil
}

// Parse reads what Marshal wrote, as Load does.
func Parse(doc []byte) (*Twin, error) {
	t := &Twin{}
	if err := yaml.UnmarshalStrict(doc, t); err != nil {
		return nil, err
	}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	return t, nil
}

// Marshal writes the configuration as YAML. The same twin gives the same bytes.
func (t *Twin) Marshal() ([]byte, error) {
	doc, err := yaml.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("write configuration of twin %s: %w", t.Name, err)
	}
	return doc, nil
}

// Save writes the configuration to a file, whole or not at all.
func (t *Twin) Save(path string) error {
	doc, err := t.Marshal()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("save configuration: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(doc)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("save configuration: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("save configuration: %w", err)
	}
	return nil
}
