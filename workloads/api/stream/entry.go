package stream

import (
	"context"
	"sync"

	"github.com/energytwin/energytwin/internal/history"
)

// entry is an event of the live stream with the items that it is for clients.
type entry struct {
	event history.LiveEvent
	// before is the position of a client that has all entries before this one, in the order
	// of the hub. Entries share it where they can: it is read only.
	before position

	mu     sync.Mutex
	items  []Item   // nil: to be read, again perhaps
	frames [][]byte // of the items, with the ids of a client that follows the hub's order
}

// place is that of a client with some of the items.
func (e *entry) place(items int) place { return place{id: e.event.ID, items: items} }

// after is the place of a client with all of the items.
func (e *entry) after() place { return place{id: e.event.ID, whole: true} }

// read is the items of the entry, from the database if they are not here.
func (e *entry) read(ctx context.Context, expand Expand) (items []Item, frames [][]byte, fresh int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.items != nil {
		return e.items, e.frames, 0, nil
	}
	found, err := Items(ctx, expand, &e.event)
	if err != nil {
		return nil, nil, 0, err
	}
	at := append(position{}, e.before...)
	frames = make([][]byte, len(found))
	for i := range found {
		at[e.event.Partition] = e.place(i + 1)
		if i+1 == len(found) {
			at[e.event.Partition] = e.after()
		}
		frames[i] = found[i].appendFrame(nil, at.append(nil))
		fresh += len(frames[i]) + len(found[i].Data)
	}
	if found == nil {
		found = []Item{}
	}
	e.items, e.frames = found, frames
	return found, frames, fresh, nil
}

// here is the items of the entry, if they are in memory.
func (e *entry) here() ([]Item, [][]byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.items, e.frames
}

// forget drops what can be read again.
func (e *entry) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.items, e.frames = nil, nil
}

// The reasons of resets.
const (
	reasonUnknown = "unknown_id"
	reasonDropped = "events_dropped"
)

// Items are what an event is for clients, with the reset before it where events are missing.
func Items(ctx context.Context, expand Expand, event *history.LiveEvent) ([]Item, error) {
	found, err := expand(ctx, event)
	if err == nil && event.Field(history.FieldGap) != "" {
		found = append([]Item{Dropped()}, found...)
	}
	return found, err
}

// Dropped is the reset that stands for events which were dropped before they were read.
func Dropped() Item { return reset(reasonDropped) }

func reset(reason string) Item {
	return Item{Kind: KindReset, Data: []byte(`{"reason":"` + reason + `"}`)}
}
