package decisions

import (
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// Row is a decision as it is stored.
type Row struct {
	dsm.Decision
	MeterNo    int32 // 0 for a decision about a group
	GroupNo    int32 // 0 for none
	Provenance int32 // as EnsureProvenance gave it
	Shadow     bool  // not for action, by its provenance

	// HeldTo is until when the plan holds: ValidTo, or the first hour of the decision that
	// supersedes it, as far as one is stored.
	HeldTo meter.Hour

	Feedback string // the newest verdict of people; "" for none
}
