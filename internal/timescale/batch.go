package timescale

import (
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// Batch is everything that one stretch of one partition's stream leads to. It
// is written in one transaction, or not at all.
type Batch struct {
	Partition  int
	Epoch      int64      // of the owner, as TakePartition gave it
	PrevOffset int64      // the partition's next offset before this batch
	NextOffset int64      // and after it
	LastHash   uint64     // hash of the record at NextOffset−1
	Watermark  meter.Hour // of the partition, after the batch

	New        Readings // hours that the window knew to be empty: written with COPY
	Held       []Unseen // readings too far ahead for the window
	Upserts    Readings // corrections
	Verdicts   []Verdict
	Revisions  []Revision
	Older      []Unseen // readings of hours before the window
	GroupLoad  []GroupLoad
	Recounts   []GroupHour // totals that only the database can tell: the windows have moved on
	Forecasts  []Forecast
	Decisions  []Decision
	MeterState []MeterState
	Quarantine []Quarantined
	PartsDone  []MeterHour // hours that wait no longer for parts
	Parts      []Part      // of hours that do, after PartsDone
	Outbox     []OutboxEntry

	Counts Counts // what this batch adds to the partition's totals
}

// Readings are rows of the table readings, column by column.
type Readings struct {
	MeterNo []int32
	Hour    []meter.Hour
	KWh     []float32
	Quality []Quality
}

// Append adds one row.
func (r *Readings) Append(no int32, h meter.Hour, kwh float32, q Quality) {
	r.MeterNo = append(r.MeterNo, no)
	r.Hour = append(r.Hour, h)
	r.KWh = append(r.KWh, kwh)
	r.Quality = append(r.Quality, q)
}

// Len is the number of rows.
func (r *Readings) Len() int { return len(r.MeterNo) }

// Reset empties the rows and keeps their memory.
func (r *Readings) Reset() {
	r.MeterNo, r.Hour, r.KWh, r.Quality = r.MeterNo[:0], r.Hour[:0], r.KWh[:0], r.Quality[:0]
}

// Quality is how a reading came, and whether it is suspect. The values are stored:
// never renumber.
type Quality int16

// The qualities.
const (
	Measured  Quality = 0 // from the stream, in order
	WarmUp    Quality = 1 // history from before the stream
	Late      Quality = 2 // after the watermark had passed its hour
	Corrected Quality = 3 // replaced an earlier value

	suspect Quality = 4 // added to one of them
)

// Suspect is the quality of a reading that came like this and cannot be right:
// nothing is computed from it.
func (q Quality) Suspect() Quality { return q | suspect }

// IsSuspect reports whether the reading is suspect.
func (q Quality) IsSuspect() bool { return q&suspect != 0 }

// Origin is how the reading came, suspect or not.
func (q Quality) Origin() Quality { return q &^ suspect }

// plausible is the condition on a row of readings that it is not suspect.
const plausible = `quality < 4`

// Verdict makes the reading of an hour suspect, or plausible again.
type Verdict struct {
	MeterNo int32
	Hour    meter.Hour
	Suspect bool
}

// Revision is a value that a correction replaced.
type Revision struct {
	MeterNo int32
	Hour    meter.Hour
	OldKWh  float32
	Offset  int64 // of the record that brought the correction
}

// Unseen is a reading of an hour that the meter's window says nothing about. It
// is written over the row that is there, whose value becomes a revision if it is
// another one.
type Unseen struct {
	MeterNo int32
	Hour    meter.Hour
	KWh     float32
	Quality Quality
	Offset  int64 // of the record
}

// GroupLoad is the total of a group in one hour, as far as it is known.
type GroupLoad struct {
	GroupNo int32 // 0 holds the meters outside any group
	Hour    meter.Hour
	KWh     float64
	Meters  int32   // number of meters that reported
	FedIn   float64 // kWh that meters fed in, 0 or more; KWh is what the others drew less this
}

// GroupHour is an hour of a group.
type GroupHour struct {
	GroupNo int32
	Hour    meter.Hour
}

// Forecast is one forecast of one meter.
type Forecast struct {
	MeterNo       int32
	IssuedAt      meter.Hour
	Model         string
	P10, P50, P90 []float32 // kWh per hour from IssuedAt on; NaN where unknown
}

// Decision is a decision with the keys it is stored under.
type Decision struct {
	dsm.Decision
	MeterNo    int32 // 0 for a decision about a group
	GroupNo    int32 // 0 for none
	Provenance int32 // as EnsureProvenance gave it
}

// MeterState is the newest that is known of a meter.
type MeterState struct {
	MeterNo  int32
	LastHour meter.Hour // with a reading that is not suspect; NoHour for none
	LastKWh  float32    // NaN for none
	Readings int64      // stored in this batch
}

// Quarantined is a message that was not taken.
type Quarantined struct {
	Offset int64
	Reason string // a stable code, such as bad_timestamp
	Detail string
	Key    []byte
	Value  []byte // original bytes
}

// MeterHour is an hour of a meter.
type MeterHour struct {
	MeterNo int32
	Hour    meter.Hour
}

// Part is a message about a part of an hour that waits for the others.
type Part struct {
	MeterNo int32
	Hour    meter.Hour
	Minute  uint8 // of the hour, at which the part starts
	Offset  int64
	Key     []byte
	Value   []byte // original bytes
}

// OutboxKind is what an outbox entry announces. The values are stored.
type OutboxKind int16

// The kinds.
const (
	OutboxDecisions  OutboxKind = 1 // the partition's decisions issued at Hour
	OutboxQuarantine OutboxKind = 2 // the partition's quarantined messages of FromOffset..ToOffset
	OutboxState      OutboxKind = 3 // the load of the partition's groups at Hour
)

// OutboxEntry announces rows of a batch to the relay. It holds no copy of them.
type OutboxEntry struct {
	Kind       OutboxKind
	Hour       meter.Hour
	FromOffset int64 // inclusive
	ToOffset   int64 // inclusive
}

// Counts are numbers of messages and rows.
type Counts struct {
	In          int64 `json:"in"`          // messages taken from the stream
	Stored      int64 `json:"stored"`      // rows that the window knew to be new, warm-up included; the parts of an hour make one
	Quarantined int64 `json:"quarantined"` // messages
	Duplicates  int64 `json:"duplicates"`  // same hour or part of it, same value
	Corrections int64 `json:"corrections"` // same hour or part of it, other value
	Late        int64 `json:"late"`        // hour below the watermark, or before the window, whether or not that one has a row
	Suspect     int64 `json:"suspect"`     // readings that were judged suspect
	Confirmed   int64 `json:"confirmed"`   // of those, readings that later ones made plausible
	Forecasts   int64 `json:"forecasts"`
	Decisions   int64 `json:"decisions"`
}

// PartitionState is what the database knows of a partition's stream.
type PartitionState struct {
	Epoch      int64 // raised by taking the partition
	NextOffset int64 // 0 for a new partition
	LastHash   uint64
	Watermark  meter.Hour
	Totals     Counts

	// TopicGeneration is 0 while the stream is the one that all that is known came
	// from, and is raised by MovePartition. Where it is not 0, reading the stream
	// from its start does not give the state again.
	TopicGeneration int

	// Incarnation is a random id of this database, changed by a restore.
	Incarnation uuid.UUID
}

// MeterKey names a meter and where it belongs.
type MeterKey struct {
	Name  string
	Group string // "" for none
}

// MeterRef is a meter as stored.
type MeterRef struct {
	MeterKey
	MeterNo   int32
	GroupNo   int32 // 0 for none
	Partition int   // the partition that its readings come from
}
