// Package backup keeps the newest dumps of a twin's database, on a volume or in
// a bucket. pg_dump writes them.
package backup

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Suffix ends the names of dumps. They start with the twin's name and a time
// that sorts: riverside-20260101T023000Z.dump.
const Suffix = ".dump"

// stampLength is that of the time in a dump's name.
const stampLength = len("20060102T150405Z")

// isDump distinguishes the dumps of a twin from those of another whose name begins in
// the same way.
func isDump(file, twin string) bool {
	rest, ok := strings.CutPrefix(file, twin+"-")
	return ok && len(rest) == stampLength+len(Suffix) && strings.HasSuffix(rest, Suffix)
}

// Dumps are the paths of a twin's dumps in a folder, the oldest first.
func Dumps(dir, twin string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("dumps: %w", err)
	}
	var out []string
	for _, e := range entries {
		if isDump(e.Name(), twin) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(out)
	return out, nil
}

// Outcome is what became of a twin's dumps.
type Outcome struct {
	Dumps   []string // that are kept, by file name, the newest first
	Deleted []string // paths or object names
}

// outcomeOf is the outcome for dumps of which all but the newest are deleted.
func outcomeOf(sorted []string, newest int) Outcome {
	out := Outcome{Deleted: surplus(sorted, newest)}
	for _, kept := range slices.Backward(sorted[len(out.Deleted):]) {
		out.Dumps = append(out.Dumps, path.Base(filepath.ToSlash(kept)))
	}
	return out
}

// Keep deletes all but the newest dumps of a twin in a folder.
func Keep(dir, twin string, newest int) (Outcome, error) {
	dumps, err := Dumps(dir, twin)
	if err != nil {
		return Outcome{}, err
	}
	out := outcomeOf(dumps, newest)
	var failed []error
	for _, file := range out.Deleted {
		failed = append(failed, os.Remove(file))
	}
	return out, errors.Join(failed...)
}

// surplus are all but the newest of what is sorted by age. The newest one of all
// is always kept.
func surplus(sorted []string, newest int) []string {
	return sorted[:max(0, len(sorted)-max(newest, 1))]
}
