package twin

import (
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// Effects are everything that follows from one stretch of one partition's stream.
// A store applies them in the order of the fields. Begin empties them and keeps
// their memory; what they hold is valid until then.
type Effects struct {
	Partition  int
	PrevOffset int64      // the partition's next offset before the stretch
	NextOffset int64      // and after it
	Watermark  meter.Hour // hours before it are over, after the stretch; NoHour for none

	New            Readings          // of hours that the windows knew to be empty
	Late           []LateReading     // those of New whose hour was over when they came
	Forecasts      []Forecast        // by issue, then group, then meter
	GroupForecasts []GroupForecast   // by issue, then group
	Loads          []PartitionLoad   // by issue
	Decisions      []Decision        // likewise, those about a group after its meters'; revisions before the plans of a day
	Pending        []UnseenReading   // readings too far ahead for the windows
	Revisions      []Revision        // values that Corrected replaces
	Corrected      Readings          // of hours that had another value
	Verdicts       []Verdict         // about readings of this stretch or before
	Older          []UnseenReading   // readings of hours before the windows
	GroupTotals    []GroupTotal      // of hours that changed
	Recounts       []GroupHour       // totals that only a store can compute: the windows have moved on
	Newest         []NewestReading   // of each meter with something new
	Rejected       []RejectedMessage // by offset
	SubHourDone    []MeterHour       // hours that no longer wait for sub-hour readings
	SubHours       []SubHourReading  // of hours that do, after SubHourDone
	Issued         []meter.Hour      // times at which plans were due, also where there are none, or were revised

	Beside []Decision // under the rules of DecideBeside, in the order of Decisions; no store has them

	Counts Counts // what this stretch adds to the partition's totals

	scratch
}

// Readings are readings of whole hours, column by column.
type Readings struct {
	MeterNo []int32
	Hour    []meter.Hour
	KWh     []float32
	Quality []Quality
}

// Append adds one reading.
func (r *Readings) Append(no int32, h meter.Hour, kwh float32, q Quality) {
	r.MeterNo = append(r.MeterNo, no)
	r.Hour = append(r.Hour, h)
	r.KWh = append(r.KWh, kwh)
	r.Quality = append(r.Quality, q)
}

// Len is the number of readings.
func (r *Readings) Len() int { return len(r.MeterNo) }

// Reset empties the readings and keeps their memory.
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

	SuspectFlag Quality = 4 // added to one of them
)

// Suspect is the quality of a reading that came like this and cannot be right:
// nothing is computed from it.
func (q Quality) Suspect() Quality { return q | SuspectFlag }

// IsSuspect reports whether the reading is suspect.
func (q Quality) IsSuspect() bool { return q&SuspectFlag != 0 }

// Origin is how the reading came, suspect or not.
func (q Quality) Origin() Quality { return q &^ SuspectFlag }

// Verdict makes the reading of an hour suspect, or plausible again.
type Verdict struct {
	MeterNo int32
	Hour    meter.Hour
	Suspect bool
}

// LateReading is a reading of an hour that was over: nothing was known of the hour before.
type LateReading struct {
	MeterNo   int32
	Hour      meter.Hour
	Offset    int64      // of the record
	Watermark meter.Hour // when it came
}

// Revision is a value that a correction replaced.
type Revision struct {
	MeterNo   int32
	Hour      meter.Hour
	OldKWh    float32
	Offset    int64      // of the record that brought the correction
	Watermark meter.Hour // when it came: until then the old value was what is known; NoHour before the first one
}

// UnseenReading is a reading of an hour that the meter's window holds nothing about.
// It replaces what a store has of the hour, whose value becomes a revision if it is
// another one.
type UnseenReading struct {
	MeterNo   int32
	Hour      meter.Hour
	KWh       float32
	Quality   Quality
	Offset    int64      // of the record
	Watermark meter.Hour // when it came; NoHour before the first one
}

// GroupTotal is the total of a group in one hour, as far as it is known.
type GroupTotal struct {
	GroupNo int32 // 0 holds the meters outside any group
	Hour    meter.Hour
	KWh     float64
	Meters  int32   // number of meters that reported
	FedIn   float64 // kWh that meters fed in, 0 or more; KWh is what the others drew less this
	New     bool    // the hour is known to have had no total before
}

// GroupHour is an hour of a group.
type GroupHour struct {
	GroupNo int32
	Hour    meter.Hour
}

// Forecast is one forecast of one meter.
type Forecast struct {
	MeterNo       int32
	GroupNo       int32 // of the meter; 0 for none
	IssuedAt      meter.Hour
	DayAhead      bool // issued at Settings.IssueAt
	Model         string
	P10, P50, P90 []float32 // kWh per hour from IssuedAt on; NaN where unknown
}

// GroupForecast is one forecast of the load of a group as a whole.
type GroupForecast struct {
	GroupNo       int32
	IssuedAt      meter.Hour
	DayAhead      bool
	Model         string
	P10, P50, P90 []float32  // kWh per hour from IssuedAt on; NaN where unknown
	Limit         *LimitRisk // nil for a group without a limit
}

// LimitRisk is how a group's load compares with its limit, by the hour of its forecast.
type LimitRisk struct {
	CapacityKW float32

	// Probability that the hour exceeds the capacity, 0 to 1, and energy expected above
	// it, kWh: without the plans of the meters, and with those that are made. NaN where
	// the forecast is.
	ProbabilityBefore, ProbabilityAfter []float32
	ExcessBefore, ExcessAfter           []float32
}

// Decision is a decision with the numbers of what it is about.
type Decision struct {
	dsm.Decision
	MeterNo int32 // 0 for a decision about a group
	GroupNo int32 // 0 for none

	// Superseded is what the plan that a revision replaces asked from ValidFrom on, kWh per
	// slot; nil if that was nothing, and of a group.
	Superseded []float32
}

// NewestReading is the newest that is known of a meter.
type NewestReading struct {
	MeterNo int32
	Hour    meter.Hour // with a reading that is not suspect; NoHour for none
	KWh     float32    // NaN for none
	Stored  int64      // readings that this stretch added
}

// RejectedMessage is a message that was not accepted, with its original bytes.
type RejectedMessage struct {
	Offset int64
	Reason string // a stable code, such as bad_timestamp
	Detail string
	Key    []byte
	Value  []byte
}

// MeterHour is an hour of a meter.
type MeterHour struct {
	MeterNo int32
	Hour    meter.Hour
}

// SubHourReading is a message about less than an hour that waits for the rest of
// the hour.
type SubHourReading struct {
	MeterNo int32
	Hour    meter.Hour
	Minute  uint8 // of the hour, at which the interval starts
	Offset  int64
	Key     []byte
	Value   []byte // original bytes
}

// Counts are numbers of messages and readings.
type Counts struct {
	In          int64 `json:"in"`          // messages taken from the stream
	Stored      int64 `json:"stored"`      // readings that the windows knew to be new, warm-up included; sub-hour readings of an hour make one
	Quarantined int64 `json:"quarantined"` // messages that were rejected
	Duplicates  int64 `json:"duplicates"`  // same interval, same value
	Corrections int64 `json:"corrections"` // same interval, other value
	Late        int64 `json:"late"`        // hour below the watermark, or before the window, whether or not a store has it
	Suspect     int64 `json:"suspect"`     // readings that were judged suspect
	Confirmed   int64 `json:"confirmed"`   // of those, readings that later ones made plausible
	Forecasts   int64 `json:"forecasts"`
	Decisions   int64 `json:"decisions"`
}
