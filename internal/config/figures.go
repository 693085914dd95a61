package config

import "time"

// What workloads answer under /status on their status port, as far as the
// operator reads it. The pages may hold more.

// GeneratorFigures is how far publishing has come.
type GeneratorFigures struct {
	Phase     string `json:"phase"`     // done when everything is published
	Published int64  `json:"published"` // readings since the process began
	Total     int64  `json:"total"`     // readings that a replay publishes; 0 if there is no end
	// Start and End bound the hours of a replay, End exclusive. Zero in other
	// modes. Of a file without a window of its own only the generator knows them.
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
	// Due is when the readings that publishing waits for are due, in wall-clock
	// time. Zero while it waits for none.
	Due time.Time `json:"due,omitzero"`
	// Dataset is how the file was read; nil for made-up households.
	Dataset *DatasetFigures `json:"dataset,omitempty"`
}

// DatasetFigures is what became of the rows of a file, and how it was read.
type DatasetFigures struct {
	Read         int64         `json:"read"`              // values of the file, in its own intervals
	RejectedRows int64         `json:"rejectedRows"`      // rows that cannot be used
	Reasons      []RowsFigures `json:"reasons,omitempty"` // of them, most frequent first
	Missing      int64         `json:"missing"`           // values that the file marks as missing
	Estimated    int64         `json:"estimated"`         // values that the file marks as estimated; they are used
	Skipped      int64         `json:"skipped"`           // values that are no electrical energy, and rows of a footer
	Incomplete   int64         `json:"incomplete"`        // hours left out because a part is missing
	Overlaps     int64         `json:"overlaps"`          // hours left out because intervals overlap
	Resets       int64         `json:"resets"`            // steps of counters whose energy is not known
	// EndsAt is the end of the last hour with a reading, at which a replay ends; its
	// window may go on to midnight. Zero where it is not known.
	EndsAt time.Time `json:"endsAt,omitzero"`
	// Findings say in words which layout the file has, what is a guess and how it is
	// changed, and what looks wrong.
	Findings []string `json:"findings,omitempty"`
}

// RowsFigures counts the rejected rows of a file for one reason.
type RowsFigures struct {
	Reason string `json:"reason"`
	Rows   int64  `json:"rows"`
}

// PhaseDone is the phase of a generator that has published everything.
const PhaseDone = "done"

// BridgeFigures is how the bridge of MQTT stands.
type BridgeFigures struct {
	Problem string `json:"problem,omitempty"` // why no message can come, once that is known; "" while they do
}

// ProcessorFigures is where one processor stands.
type ProcessorFigures struct {
	Partitions []PartitionFigures `json:"partitions"`
	Lost       []LostFigures      `json:"lost"`
	Recent     RecentFigures      `json:"recent"`
}

// RecentFigures counts the readings of the last ten minutes.
type RecentFigures struct {
	Readings int64            `json:"readings"`           // rejected ones included
	Rejected map[string]int64 `json:"rejected,omitempty"` // by reason
}

// PartitionFigures is where one partition stands.
type PartitionFigures struct {
	Partition int   `json:"partition"`
	Lag       int64 `json:"lag"` // messages that are not processed yet
}

// LostFigures is a range of offsets that the stream dropped before they were
// processed.
type LostFigures struct {
	Partition int   `json:"partition"`
	From      int64 `json:"from"`
	To        int64 `json:"to"` // inclusive
}

// DatabaseFigures is what the database holds.
type DatabaseFigures struct {
	Answered       bool       `json:"answered"` // false: the database did not, and all else is empty
	Meters         int32      `json:"meters"`
	Rows           int64      `json:"rows"`
	Quarantined    int64      `json:"quarantined"`
	Suspect        int64      `json:"suspect"` // readings that are stored and used for nothing
	Forecasts      int64      `json:"forecasts"`
	ForecastMeters int32      `json:"forecastMeters"`          // with a forecast in the newest day of issues
	ForecastSkill  *float64   `json:"forecastSkill,omitempty"` // of the newest whole day: 1 is exact, 0 no better than the week before
	Decisions      int64      `json:"decisions"`
	LastEventTime  *time.Time `json:"lastEventTime,omitempty"`  // hour up to which all is processed
	LastDecisionAt *time.Time `json:"lastDecisionAt,omitempty"` // issue of the newest decision
	WrittenAt      *time.Time `json:"writtenAt,omitempty"`      // of the last batch
	EmptyGroups    []string   `json:"emptyGroups,omitempty"`    // groups of the policy, by name, that no stored meter is in
	// WorstLimit is the limit that a group's load comes closest to, or exceeds by
	// the greatest share. Nil where no group with a limit has any load.
	WorstLimit *LimitFigures `json:"worstLimit,omitempty"`
	// LimitAtRisk is the limit that is most likely to be exceeded in an hour of the next
	// 48. Nil where none is at risk.
	LimitAtRisk *RiskFigures `json:"limitAtRisk,omitempty"`
	// Dataset is how the generator read its file, as the database has it; nil where
	// there is no file.
	Dataset *DatasetFigures `json:"dataset,omitempty"`
}

// LimitFigures compares a group's highest load, of the last 24 hours and of the
// forecast for the next 24, with its limit.
type LimitFigures struct {
	Group      string    `json:"group"`
	CapacityKW float64   `json:"capacityKW"`
	PeakKW     float64   `json:"peakKW"`
	At         time.Time `json:"at"`       // start of the hour of the peak
	Forecast   bool      `json:"forecast"` // the peak is a forecast, not measured
}

// Share is the peak as a share of the limit: 1 is at the limit.
func (l *LimitFigures) Share() float64 { return l.PeakKW / l.CapacityKW }

// RiskFigures is the forecast of a group's load in one hour beside its limit, with the
// plans of its meters.
type RiskFigures struct {
	Group       string    `json:"group"`
	CapacityKW  float64   `json:"capacityKW"`
	At          time.Time `json:"at"`          // start of the hour
	Probability float64   `json:"probability"` // that the load exceeds the limit, 0 to 1
	ExcessKWh   float64   `json:"excessKWh"`   // energy expected above the limit
}

// PrepareOutcome is the termination message of the Job that prepares the
// stores: empty when all went well.
type PrepareOutcome struct {
	Store   string `json:"store,omitempty"`  // kafka, redis, timescale, schema or dataset: which one failed
	Denied  bool   `json:"denied,omitempty"` // it answered and rejected the user
	Message string `json:"message,omitempty"`
}

// Stores as PrepareOutcome names them.
const (
	StoreKafka     = "kafka"
	StoreRedis     = "redis"
	StoreTimescale = "timescale"
	StoreSchema    = "schema"
	// StoreDataset: the stores answer, but hold readings of another dataset.
	StoreDataset = "dataset"
)

// BackupOutcome is the termination message of a backup that went well.
type BackupOutcome struct {
	Dumps []string `json:"dumps"` // files of the newest dumps, the newest first
}

// RestoreOutcome is the termination message of a restore that went well.
type RestoreOutcome struct {
	Restore  string `json:"restore"`  // v1.RestoreFrom.ID of what was restored
	Rows     int64  `json:"rows"`     // that were counted in the dump and in the database
	Previous string `json:"previous"` // database that holds what was there before; "" if it was empty
	// Schema is the version of the dump's schema, SchemaBefore that of the database
	// before; 0 if it was empty. The preparation migrates an older one.
	Schema       int64 `json:"schema"`
	SchemaBefore int64 `json:"schemaBefore"`
}

// ProofAnswer is the termination message of a Job that proves an image of the
// workloads: the image knows the question, and reads the twin's configuration.
type ProofAnswer struct {
	Token   string `json:"token"`   // of the question
	Version string `json:"version"` // of the binary
}
