package decisions

import "github.com/energytwin/energytwin/internal/dsm"

// Row is a decision as it is stored.
type Row struct {
	dsm.Decision
	MeterNo    int32 // 0 for a decision about a group
	GroupNo    int32 // 0 for none
	Provenance int32 // as EnsureProvenance gave it
	Shadow     bool  // not for action, by its provenance
}
