package stream

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/energytwin/energytwin/internal/history"
)

// place is how far a client has come in the live stream of one partition: it has all items
// of the entries before ID, and items of that entry.
type place struct {
	id history.LiveID
	// items of the entry that the client has; all if it is whole.
	items int
	whole bool
}

// position is a place in each partition. It is the id of a server-sent event, so that the
// client's last one is all that it takes to go on.
type position []place

// start is the position before the first event of all.
func start(partitions int) position {
	p := make(position, partitions)
	for i := range p {
		p[i].whole = true
	}
	return p
}

// longest bounds the text of a position that is read.
const longest = 64

// parsePosition reads a position as String writes it.
func parsePosition(text string, partitions int) (position, error) {
	if len(text) > longest*partitions {
		return nil, fmt.Errorf("an id of %d bytes is not of this twin", len(text))
	}
	parts := strings.Split(text, "_")
	if len(parts) != partitions {
		return nil, fmt.Errorf("it is of %d partitions, and the twin has %d", len(parts), partitions)
	}
	p := start(partitions)
	for i, part := range parts {
		id, items, partial := strings.Cut(part, ".")
		var err error
		if p[i].id, err = history.ParseLiveID(id); err != nil {
			return nil, err
		}
		if !partial {
			continue
		}
		if p[i].items, err = strconv.Atoi(items); err != nil || p[i].items < 1 {
			return nil, fmt.Errorf("%q is no number of events", items)
		}
		p[i].whole = false
	}
	return p, nil
}

// String is <offset>-<number> for each partition in order, joined by underscores, with
// .<items> behind an entry of which only some items were sent.
func (p position) String() string { return string(p.append(nil)) }

func (p position) append(to []byte) []byte {
	for i := range p {
		if i > 0 {
			to = append(to, '_')
		}
		to = p[i].append(to)
	}
	return to
}

func (p place) append(to []byte) []byte {
	to = strconv.AppendUint(to, p.id.Offset, 10)
	to = append(to, '-')
	to = strconv.AppendUint(to, p.id.N, 10)
	if !p.whole {
		to = append(to, '.')
		to = strconv.AppendInt(to, int64(p.items), 10)
	}
	return to
}

// compare orders places of one partition.
func (p place) compare(other place) int {
	if c := p.id.Compare(other.id); c != 0 {
		return c
	}
	switch {
	case p.whole && other.whole:
		return 0
	case p.whole:
		return 1
	case other.whole:
		return -1
	}
	return p.items - other.items
}

// covers reports whether nothing of other is after p.
func (p position) covers(other position) bool {
	for i := range p {
		if p[i].compare(other[i]) < 0 {
			return false
		}
	}
	return true
}
