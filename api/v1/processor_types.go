package v1

// Generator defines how readings are published.
//
// +kubebuilder:validation:XValidation:rule="!has(self.speed) || !has(self.mode) || self.mode in ['Replay', 'Loop']",message="generator.speed is for mode Replay and Loop (Live runs at the speed of the clock, Off publishes nothing); remove it"
// +kubebuilder:validation:XValidation:rule="!has(self.warmup) || !has(self.mode) || self.mode != 'Off'",message="generator.warmup needs a generator; remove it, or set generator.mode to Replay, Loop or Live"
type Generator struct {
	// Replay publishes the dataset once, Loop again and again, Live as if it were
	// measured now, with the same weekdays. "Off" publishes nothing: readings come
	// from outside. Write it in quotes, as YAML reads a bare Off as false.
	// +kubebuilder:default=Replay
	// +optional
	Mode GeneratorMode `json:"mode,omitempty"`

	// Simulated seconds per second, or max for as fast as the processor takes
	// readings; 3600 if left out. For Replay and Loop.
	// +optional
	Speed Speed `json:"speed,omitempty"`

	// History that the twin knows from the start.
	// +optional
	Warmup *Warmup `json:"warmup,omitempty"`

	// Readings per partition that the processor may be behind before publishing
	// pauses.
	// +kubebuilder:default=50000
	// +kubebuilder:validation:Minimum=1000
	// +kubebuilder:validation:Maximum=10000000
	// +optional
	MaxLag int64 `json:"maxLag,omitempty"`

	// What the generator asks of its node.
	// +optional
	Resources *Resources `json:"resources,omitempty"`
}

// GeneratorMode defines how readings are published.
// +kubebuilder:validation:Enum=Replay;Loop;Live;Off
type GeneratorMode string

// The modes.
const (
	GeneratorReplay GeneratorMode = "Replay"
	GeneratorLoop   GeneratorMode = "Loop"
	GeneratorLive   GeneratorMode = "Live"
	GeneratorOff    GeneratorMode = "Off"
)

// Warmup is history that the twin knows from the start.
type Warmup struct {
	// Length from the start of the window, in whole hours; 672h (4 weeks) if left
	// out. These hours are stored, not published, and nothing is forecast in them.
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('4032h') && duration(self).getSeconds() % 3600 == 0",message="write whole hours up to 4032h (24 weeks), such as 672h, or 0h for none"
	// +optional
	History Duration `json:"history,omitempty"`
}

// Processor defines how the stream is turned into forecasts and decisions.
type Processor struct {
	// Number of processors. They share the partitions of the stream.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=256
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`

	// How late a reading may come, counted in the readings' own time, and still
	// be seen by the forecasts after it.
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('168h')",message="write at most 168h"
	// +optional
	AllowedLateness Duration `json:"allowedLateness,omitempty"`

	// Lets the number of processors follow the load. processor.replicas then
	// counts only at the start.
	// +optional
	Autoscaling *Autoscaling `json:"autoscaling,omitempty"`

	// How loads are forecast.
	// +kubebuilder:default={}
	// +optional
	Forecast Forecast `json:"forecast,omitzero"`

	// How demand-side-management decisions are made.
	// +kubebuilder:default={}
	// +optional
	DSM DSM `json:"dsm,omitzero"`

	// What each processor asks of its node.
	// +optional
	Resources *Resources `json:"resources,omitempty"`
}

// Autoscaling lets the number of replicas follow the load: the lag of the
// stream where KEDA is installed, else CPU.
//
// +kubebuilder:validation:XValidation:rule="(has(self.minReplicas) ? self.minReplicas : 1) <= self.maxReplicas",message="autoscaling.minReplicas (1 if left out) must not exceed autoscaling.maxReplicas; write a smaller minimum or a greater maximum"
type Autoscaling struct {
	// Fewest replicas; 1 if left out.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	// +optional
	MinReplicas *int32 `json:"minReplicas,omitempty"`

	// Most replicas. More than partitions would have nothing to read.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	MaxReplicas int32 `json:"maxReplicas"`

	// Share of the requested CPU that is aimed at, in percent; 70 if left out.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	TargetCPUPercent *int32 `json:"targetCPUPercent,omitempty"`

	// Readings behind per replica that are aimed at, where KEDA is installed;
	// 20000 if left out.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000000
	// +optional
	TargetLag *int64 `json:"targetLag,omitempty"`
}

// Forecast defines how loads are forecast.
type Forecast struct {
	// History that is kept in memory per meter, in whole hours. It bounds what
	// models can learn from.
	// +kubebuilder:default="1344h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('672h') && duration(self) <= duration('8784h') && duration(self).getSeconds() % 3600 == 0",message="write whole hours from 672h (4 weeks, which the models need) to 8784h"
	// +optional
	HistoryWindow Duration `json:"historyWindow,omitempty"`

	// Local time of day at which day-ahead forecasts are issued. By default it is when the
	// next day is planned (dsm.leadTime before midnight), so that one forecast a day serves
	// both.
	// +kubebuilder:default="18:00"
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule="self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')",message="write a local time as HH:MM from 00:00 to 23:59"
	// +optional
	IssueAt string `json:"issueAt,omitempty"`

	// Hours that each forecast covers, by the local clock: one of 24h ends at the same
	// time of the next day, 23 or 25 hours later where clocks change.
	// +kubebuilder:default="24h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('24h') && duration(self) <= duration('48h') && duration(self).getSeconds() % 3600 == 0",message="write whole hours from 24h to 48h"
	// +optional
	Horizon Duration `json:"horizon,omitempty"`

	// How often forecasts are issued again within a day, from newer readings.
	// +kubebuilder:default={}
	// +optional
	Reissue Reissue `json:"reissue,omitempty"`

	// Outdoor temperature of the area in °C, hour by hour: as measured for hours
	// that are over, as forecast for those ahead. Each meter learns how its load
	// follows heat and cold. An hour that is missing counts as any other.
	// +optional
	Temperature *SeriesSource `json:"temperature,omitempty"`

	// Lower, middle and upper quantile of a forecast. Models give 0.1, 0.5 and
	// 0.9, an interval that holds 80 % of all hours; no others can be asked for.
	// +listType=atomic
	// +kubebuilder:validation:MinItems=3
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:XValidation:rule="size(self) != 3 || (double(self[0]) == 0.1 && double(self[1]) == 0.5 && double(self[2]) == 0.9)",message="models give the quantiles 0.1, 0.5 and 0.9; write [\"0.1\", \"0.5\", \"0.9\"] or leave the field out"
	// +optional
	Quantiles []Decimal `json:"quantiles,omitempty"`
}

// Reissue defines how often forecasts are issued, counted from each issueAt on.
type Reissue struct {
	// Time from one forecast of a meter to the next. With 24h meters have a forecast at
	// issueAt only. Each forecast of a meter takes some 400 bytes in the database.
	// +kubebuilder:default="24h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('24h') && duration(self).getSeconds() % 3600 == 0",message="write whole hours from 1h to 24h"
	// +optional
	Meters Duration `json:"meters,omitempty"`

	// Time from one forecast of a group to the next. A group is forecast as a whole, from
	// the sum of its meters.
	// +kubebuilder:default="6h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('24h') && duration(self).getSeconds() % 3600 == 0",message="write whole hours from 1h to 24h"
	// +optional
	Groups Duration `json:"groups,omitempty"`
}
