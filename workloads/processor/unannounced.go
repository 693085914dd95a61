package processor

import (
	"slices"
	"sync"

	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/writer"
)

// mostUnannounced is how many decisions are kept for the relay: several rounds of it
// while a stream is caught up with, some ten megabytes.
const mostUnannounced = 1 << 14

// unannounced keeps the decisions that this process has committed until the relay has
// announced them, so that it reads none back from the database that were in memory a
// moment ago. Beyond mostUnannounced the oldest entries are dropped. The relay reads
// from the database what is not here: the messages are the same.
type unannounced struct {
	mu    sync.Mutex
	held  map[outboxPlace][]decisions.Row
	order []outboxPlace // of held, oldest first
	count int           // decisions in held
}

// outboxPlace identifies an entry of the outbox, as long as one process holds the
// partition.
type outboxPlace struct {
	partition   int
	batchOffset int64
	number      int
}

func placeOf(item *writer.OutboxItem) outboxPlace {
	return outboxPlace{item.Partition, item.BatchOffset, item.Number}
}

// keep takes the decisions of a batch that has been committed.
func (u *unannounced) keep(b *writer.Batch) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, entry := range b.Outbox {
		if entry.Kind != writer.OutboxDecisions {
			continue
		}
		if u.held == nil {
			u.held = map[outboxPlace][]decisions.Row{}
		}
		place, rows := outboxPlace{b.Partition, b.NextOffset, i}, b.DecisionsIssued(entry.Hour)
		u.held[place] = rows
		u.order = append(u.order, place)
		u.count += len(rows)
	}
	for u.count > mostUnannounced {
		u.drop(u.order[0])
		u.order = u.order[1:]
	}
}

// of is the decisions of an entry, if they are here.
func (u *unannounced) of(item *writer.OutboxItem) (rows []decisions.Row, here bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	rows, here = u.held[placeOf(item)]
	return rows, here
}

// announced drops entries that the outbox has no longer.
func (u *unannounced) announced(items []writer.OutboxItem) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := range items {
		u.drop(placeOf(&items[i]))
	}
	u.order = slices.DeleteFunc(u.order, func(p outboxPlace) bool { return u.held[p] == nil })
}

// forget drops the entries of a partition whose history may be another one by now.
func (u *unannounced) forget(partition int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.order = slices.DeleteFunc(u.order, func(p outboxPlace) bool {
		if p.partition != partition {
			return false
		}
		u.drop(p)
		return true
	})
}

func (u *unannounced) drop(p outboxPlace) {
	u.count -= len(u.held[p])
	delete(u.held, p)
}
