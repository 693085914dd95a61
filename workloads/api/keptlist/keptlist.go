// Package keptlist keeps long lists while nothing changes them, so that a table that jumps
// through 100,000 meters does not have them sorted for each of its pages. What is kept are
// numbers of rows in their order: what is known of the rows of a page is read for it.
package keptlist

import (
	"context"
	"sync"
)

// Bounds of what is kept: eight megabytes, and few enough lists to look through.
const (
	mostNumbers = 2 << 20
	mostLists   = 64
)

// Lists are the lists that were asked for last, by keys. It is safe for concurrent use.
type Lists[K comparable] struct {
	mu    sync.Mutex
	lists map[K]*list
	uses  uint64 // so far
	kept  int    // numbers in all lists
}

type list struct {
	turn    chan struct{} // held by the one who brings the list up to date
	version string        // "" before the first time
	numbers []int32       // never changed, only replaced
	used    uint64
}

// New keeps nothing yet.
func New[K comparable]() *Lists[K] { return &Lists[K]{lists: map[K]*list{}} }

// Of is the list of a key as it is now; it must not be changed. version is not empty, and
// another one after whatever may change the list, which read gives. Several who ask for a
// list that is out of date wait for one of them to read it; each gets the errors of its own
// functions.
func (l *Lists[K]) Of(ctx context.Context, key K, version func(context.Context) (string, error), read func(context.Context) ([]int32, error)) ([]int32, error) {
	of := l.enter(key)
	now, err := version(ctx)
	if err != nil {
		return nil, err
	}
	if numbers, ok := l.current(of, now); ok {
		return numbers, nil
	}
	select {
	case of.turn <- struct{}{}:
		defer func() { <-of.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	// The version is from before the list: what changes in between makes the list too new
	// for it, and it is read again.
	if now, err = version(ctx); err != nil {
		return nil, err
	}
	if numbers, ok := l.current(of, now); ok { // the one before has read it
		return numbers, nil
	}
	numbers, err := read(ctx)
	if err != nil {
		return nil, err
	}
	l.keep(key, of, now, numbers)
	return numbers, nil
}

// enter is the list of a key, which may be empty yet.
func (l *Lists[K]) enter(key K) *list {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.lists[key]
	if of == nil {
		of = &list{turn: make(chan struct{}, 1)}
		l.lists[key] = of
	}
	l.uses++
	of.used = l.uses
	l.evict(of)
	return of
}

// current are the numbers if they are of the version.
func (l *Lists[K]) current(of *list, version string) ([]int32, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return of.numbers, of.version == version
}

// keep replaces the numbers of a list. One that was dropped meanwhile is let go.
func (l *Lists[K]) keep(key K, of *list, version string, numbers []int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lists[key] != of {
		return
	}
	l.kept += len(numbers) - len(of.numbers)
	of.version, of.numbers = version, numbers
	l.evict(of)
}

// evict drops the lists that were used longest ago until the bounds hold, the given one
// last.
func (l *Lists[K]) evict(last *list) {
	for len(l.lists) > mostLists || l.kept > mostNumbers {
		var oldest K
		var of *list
		for key, other := range l.lists {
			if other != last && (of == nil || other.used < of.used) {
				oldest, of = key, other
			}
		}
		if of == nil { // one alone is too long
			l.kept -= len(last.numbers)
			last.version, last.numbers = "", nil
			return
		}
		l.kept -= len(of.numbers)
		delete(l.lists, oldest)
	}
}
