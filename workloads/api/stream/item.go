package stream

import "slices"

// Kind is what an event is about.
type Kind string

// The kinds. Reset is sent to everybody: what came before is not known, and has to be read again.
const (
	KindState    Kind = "state"
	KindForecast Kind = "forecast"
	KindDecision Kind = "decision"
	KindLimit    Kind = "limit"
	KindAlert    Kind = "alert"
	KindReset    Kind = "reset"
)

// Item is one event for clients. It does not change.
type Item struct {
	Kind  Kind
	Meter string // that it is about; "" for none
	// Groups are the group that it is about, or that its meter is in, and those above it, from
	// below; empty for none.
	Groups []string
	Data   []byte // JSON in one line
}

// Filter selects items. Names of different fields are joined by or; an empty filter takes all.
type Filter struct {
	Kinds  []Kind   // none: all
	Groups []string // with what is about the groups below them, and the meters in any of these
	Meters []string
	// Around are the groups of Meters with those above them: their loads and limits concern
	// the meters too.
	Around []string
}

// Takes reports whether the filter selects an item.
func (f *Filter) Takes(i *Item) bool {
	if i.Kind == KindReset {
		return true
	}
	if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, i.Kind) {
		return false
	}
	if len(f.Groups) == 0 && len(f.Meters) == 0 {
		return true
	}
	for _, g := range i.Groups {
		if slices.Contains(f.Groups, g) {
			return true
		}
	}
	if i.Meter != "" {
		return slices.Contains(f.Meters, i.Meter)
	}
	return i.Kind != KindDecision && len(i.Groups) > 0 && slices.Contains(f.Around, i.Groups[0])
}

// appendFrame adds an item as a server-sent event behind its id line.
func (i *Item) appendFrame(to []byte, id []byte) []byte {
	to = append(to, "id: "...)
	to = append(to, id...)
	to = append(to, "\nevent: "...)
	to = append(to, i.Kind...)
	to = append(to, "\ndata: "...)
	to = append(to, i.Data...)
	return append(to, "\n\n"...)
}
