package controllers

import (
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// sharedMost is how many values are remembered of each kind. What is beyond is
// started again: nothing but sharing is lost.
const sharedMost = 50_000

// shared lets the cached children of a twin have one copy of what they have in
// common. Labels and the owner are half of what the cache of a child takes.
// Cached objects are copied before anybody gets them, and never changed.
type shared struct {
	mu     sync.Mutex
	texts  map[string]string
	labels map[digest]map[string]string // by their content
	owners map[types.UID][]metav1.OwnerReference
}

// metadata replaces what an object's metadata has by those of others that
// are the same.
func (s *shared) metadata(o metav1.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.SetNamespace(s.text(o.GetNamespace()))
	o.SetLabels(s.labelsLike(o.GetLabels()))
	o.SetOwnerReferences(s.ownersLike(o.GetOwnerReferences()))
}

// strings replaces texts in place.
func (s *shared) strings(all ...*string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range all {
		*text = s.text(*text)
	}
}

// alike is one copy of labels or annotations with the same content.
func (s *shared) alike(words map[string]string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.labelsLike(words)
}

func (s *shared) text(text string) string {
	if same, ok := s.texts[text]; ok {
		return same
	}
	if s.texts == nil || len(s.texts) >= sharedMost {
		s.texts = map[string]string{}
	}
	s.texts[text] = text
	return text
}

func (s *shared) labelsLike(labels map[string]string) map[string]string {
	if len(labels) == 0 {
		return nil
	}
	var key []byte
	for _, name := range sortedKeys(labels) {
		key = append(append(append(append(key, name...), 0), labels[name]...), 0)
	}
	id := digestOf(key)
	if same, ok := s.labels[id]; ok {
		return same
	}
	if s.labels == nil || len(s.labels) >= sharedMost {
		s.labels = map[digest]map[string]string{}
	}
	own := make(map[string]string, len(labels))
	for name, value := range labels {
		own[s.text(name)] = s.text(value)
	}
	s.labels[id] = own
	return own
}

func (s *shared) ownersLike(owners []metav1.OwnerReference) []metav1.OwnerReference {
	if len(owners) != 1 {
		return owners
	}
	uid := owners[0].UID
	if same, ok := s.owners[uid]; ok && slices.EqualFunc(same, owners, sameOwner) {
		return same
	}
	if s.owners == nil || len(s.owners) >= sharedMost {
		s.owners = map[types.UID][]metav1.OwnerReference{}
	}
	s.owners[uid] = owners
	return owners
}

func sameOwner(a, b metav1.OwnerReference) bool {
	is := func(flag *bool) bool { return flag != nil && *flag }
	return a.UID == b.UID && a.Name == b.Name && a.Kind == b.Kind && a.APIVersion == b.APIVersion &&
		is(a.Controller) == is(b.Controller) && is(a.BlockOwnerDeletion) == is(b.BlockOwnerDeletion)
}
