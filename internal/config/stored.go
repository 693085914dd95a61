package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// StoredVersion is the version of the documents in which the database keeps
// specifications, so that a replay takes each message under the rules that held.
// Raise it with every change of Twin or dsm.Policy after which an older document
// means something else or has a field that is gone, and add the step to upgrades
// and a document of the version before to testdata/stored.
const StoredVersion = 2

// ErrStored means that a stored specification cannot be read.
var ErrStored = errors.New("a stored specification cannot be read")

// storedTwin is a stored document: the specification beside its version.
type storedTwin struct {
	Version int `json:"version"`
	Twin
}

// Stored is the document in which the database keeps the specification.
func (t *Twin) Stored() (json.RawMessage, error) {
	return json.Marshal(storedTwin{Version: StoredVersion, Twin: *t})
}

// upgrades are the steps from each version to the next, on the decoded document.
// The first versions wrote no number: they count as 1.
var upgrades = map[int]func(document map[string]any, t *Twin) error{
	1: withoutColumns,
}

// ParseStored reads a document that Stored wrote, of this version or an earlier one.
// It knows every field: one that it would have to leave out is an error, as a
// replay under other rules gives other rows.
func ParseStored(document []byte) (*Twin, error) {
	var fields map[string]any
	exact := json.NewDecoder(bytes.NewReader(document))
	exact.UseNumber() // a seed has more digits than a float64
	if err := exact.Decode(&fields); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStored, err)
	}
	version, err := versionOf(fields)
	if err != nil {
		return nil, err
	}
	if version > StoredVersion {
		return nil, fmt.Errorf("%w: it has version %d, and this program knows those up to %d; run the version of EnergyTwin that wrote it, or a newer one",
			ErrStored, version, StoredVersion)
	}
	out := &Twin{}
	for v := version; v < StoredVersion; v++ {
		if err := upgrades[v](fields, out); err != nil {
			return nil, fmt.Errorf("%w: version %d: %w", ErrStored, v, err)
		}
	}
	delete(fields, "version")
	current, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStored, err)
	}
	strict := json.NewDecoder(bytes.NewReader(current))
	strict.DisallowUnknownFields()
	if err := strict.Decode(out); err != nil {
		return nil, fmt.Errorf("%w: version %d: %w", ErrStored, version, err)
	}
	return out, nil
}

// versionOf is the version of a document.
func versionOf(fields map[string]any) (int, error) {
	written, ok := fields["version"]
	if !ok {
		return 1, nil
	}
	version, err := strconv.Atoi(fmt.Sprint(written))
	if err != nil || version < 1 {
		return 0, fmt.Errorf("%w: its version %v is no whole number from 1 on", ErrStored, written)
	}
	return version, nil
}

// withoutColumns takes out how version 1 described files: by a format, columns, a
// unit, a stamp, an interval and a time zone. Layout documents came in their place.
// No rule of the stream rests on them.
func withoutColumns(document map[string]any, t *Twin) error {
	dataset, ok := document["dataset"].(map[string]any)
	if !ok {
		return errors.New("it has no dataset")
	}
	for _, field := range []string{"format", "columns", "unit", "stamp", "interval", "timezone"} {
		if _, ok := dataset[field]; ok {
			delete(dataset, field)
			t.Dataset.LayoutUnknown = true
		}
	}
	return nil
}
