package stream

import (
	"sync"

	"github.com/energytwin/energytwin/internal/history"
)

// What the log holds: entries together, and bytes of those that were read.
const (
	mostEntries = 12_000
	mostBytes   = 16 << 20
)

// log is the newest events of all partitions, in the order in which this process read them.
type log struct {
	mu      sync.Mutex
	entries []*entry
	first   int64         // number of the first of them, from the start on
	floor   position      // right before the first of them
	known   []bool        // by partition, whether floor is known
	end     position      // of a client that has all of them
	changed chan struct{} // closed when there is more
	loaded  []loaded      // in the order of reading
	bytes   int           // of loaded
}

type loaded struct {
	entry *entry
	bytes int
}

func newLog(partitions int) *log {
	l := &log{floor: start(partitions), known: make([]bool, partitions), end: start(partitions), changed: make(chan struct{})}
	for p := range l.known {
		l.known[p] = true
	}
	return l
}

// floorUnknown notes that there were events of a partition before the first one here.
func (l *log) floorUnknown(partition int) { l.known[partition] = false }

// prepare makes the entry of the event that comes next.
func (l *log) prepare(event history.LiveEvent) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &entry{event: event, before: l.end}
}

// append adds an entry, and wakes the clients.
func (l *log) append(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
	l.end = l.end.with(e)
	if drop := len(l.entries) - mostEntries; drop > 0 {
		for _, gone := range l.entries[:drop] {
			l.floor[gone.event.Partition], l.known[gone.event.Partition] = gone.after(), true
		}
		l.entries, l.first = l.entries[drop:], l.first+int64(drop)
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// with is a position that has an entry, too.
func (p position) with(e *entry) position {
	next := append(position{}, p...)
	next[e.event.Partition] = e.after()
	return next
}

// ids are the newest events.
func (l *log) ids() []history.LiveID {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]history.LiveID, len(l.end))
	for p := range l.end {
		ids[p] = l.end[p].id
	}
	return ids
}

// hold notes that the items of an entry are in memory now. Those that were read first make
// room: they are read again if somebody asks.
func (l *log) hold(e *entry, bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded = append(l.loaded, loaded{e, bytes})
	l.bytes += bytes
	for l.bytes > mostBytes && len(l.loaded) > 1 {
		l.loaded[0].entry.forget()
		l.bytes -= l.loaded[0].bytes
		l.loaded[0] = loaded{}
		l.loaded = l.loaded[1:]
	}
}

// from are at most n entries from a number on, the position behind all entries, and what is
// closed when there are more. gone reports that the first of them is not here any longer.
func (l *log) from(number int64, n int) (entries []*entry, end position, changed chan struct{}, gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number < l.first {
		return nil, l.end, l.changed, true
	}
	i := int(number - l.first)
	return l.entries[i:min(i+n, len(l.entries))], l.end, l.changed, false
}

// now is the number of the entry that comes next, and the position before it.
func (l *log) now() (number int64, end position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first + int64(len(l.entries)), l.end
}

// locate is the number of the first entry that a position has not. known reports whether
// each of its places is one of this log; ahead, that one is after all of them.
func (l *log) locate(p position) (number int64, known, ahead bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known = true
	found := make([]bool, len(p))
	for i := range p {
		found[i] = p[i].whole && l.known[i] && p[i].compare(l.floor[i]) == 0
		ahead = ahead || p[i].compare(l.end[i]) > 0
	}
	number = -1
	for i, e := range l.entries {
		at := p[e.event.Partition]
		c := e.event.ID.Compare(at.id)
		found[e.event.Partition] = found[e.event.Partition] || c == 0
		if number < 0 && (c > 0 || c == 0 && !at.whole) {
			number = l.first + int64(i)
		}
	}
	for _, f := range found {
		known = known && f
	}
	if number < 0 {
		number = l.first + int64(len(l.entries))
	}
	return number, known, ahead
}
