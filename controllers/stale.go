package controllers

import (
	"slices"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// replaced remembers which versions of a twin the operator has written over. The
// cache may still hold one of them: working on it would write the same status
// again, and record the same event a second time.
type replaced struct {
	mu       sync.Mutex
	versions map[client.ObjectKey][]string
}

// replacedKept is how many versions of a twin are remembered: a reconciliation
// writes two at most, the finalizer and the status.
const replacedKept = 4

// note keeps that a version was replaced by another, if it was.
func (r *replaced) note(twin client.ObjectKey, before, after string) {
	if before == after {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.versions == nil {
		r.versions = map[client.ObjectKey][]string{}
	}
	r.versions[twin] = append(r.versions[twin], before)
	if all := r.versions[twin]; len(all) > replacedKept {
		r.versions[twin] = all[1:]
	}
}

// has reports whether a version was replaced.
func (r *replaced) has(twin client.ObjectKey, version string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.versions[twin], version)
}

func (r *replaced) forget(twin client.ObjectKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.versions, twin)
}
