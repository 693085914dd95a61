package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// written remembers the newest version of each twin that the operator wrote. The cache
// may still hold an older one, also one that somebody else wrote meanwhile: working on
// it would undo what the status reports, and record the same event a second time.
type written struct {
	mu       sync.Mutex
	versions map[client.ObjectKey]writtenVersion
}

type writtenVersion struct {
	version string
	at      time.Time
}

// staleAtMost is how long a cache may lag. An API server whose store was restored from
// a backup counts from an earlier version again: its twins are not stale for good.
const staleAtMost = time.Minute

// note keeps which version a write left.
func (w *written) note(twin client.ObjectKey, version string, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.versions == nil {
		w.versions = map[client.ObjectKey]writtenVersion{}
	}
	w.versions[twin] = writtenVersion{version, now}
}

// stale reports whether a version is older than what the operator wrote.
func (w *written) stale(twin client.ObjectKey, version string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	last, ok := w.versions[twin]
	if !ok || now.Sub(last.at) > staleAtMost {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(version, last.version)
	return err == nil && order < 0
}

func (w *written) forget(twin client.ObjectKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.versions, twin)
}
