package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DigitalTwinStatus is what was observed of a twin.
type DigitalTwinStatus struct {
	// Generation of the spec that this status describes; -1 until the operator
	// has observed the twin.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// The state in one word, for people. Programs read the conditions.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Phase Phase `json:"phase,omitempty"`

	// What holds of the twin. Ready means that stores and workloads are available
	// and the schema is current, not that data flows.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// The components of the twin.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Components []ComponentStatus `json:"components,omitempty"`

	// The operator's choices of images that the twin keeps.
	// +optional
	PinnedImages *PinnedImages `json:"pinnedImages,omitempty"`

	// The processors, for kubectl scale and autoscalers.
	// +optional
	Processor *ProcessorStatus `json:"processor,omitempty"`

	// Where the twin is reached.
	// +optional
	Endpoints *EndpointsStatus `json:"endpoints,omitempty"`

	// The readings of the dataset.
	// +optional
	Dataset *DatasetStatus `json:"dataset,omitempty"`

	// The stream.
	// +optional
	Stream *StreamStatus `json:"stream,omitempty"`

	// The forecasts.
	// +optional
	Forecast *ForecastStatus `json:"forecast,omitempty"`

	// The decisions.
	// +optional
	Decisions *DecisionsStatus `json:"decisions,omitempty"`

	// The limit of a group that its load comes closest to, of the last 24 hours
	// and of the forecast for the next 24. Absent while no group with a limit has
	// any load.
	// +optional
	WorstLimit *WorstLimitStatus `json:"worstLimit,omitempty"`

	// The limit of a group that is most likely to be exceeded in an hour of the next 48,
	// with the plans of its meters. Absent while no limit is at risk: while no
	// hour is more likely to exceed it than its exceedance in spec.processor.dsm.groups.
	// +optional
	LimitAtRisk *LimitAtRiskStatus `json:"limitAtRisk,omitempty"`

	// The dumps of a managed database.
	// +optional
	Backup *BackupStatus `json:"backup,omitempty"`

	// The restore that a managed database started from.
	// +optional
	Restore *RestoreStatus `json:"restore,omitempty"`

	// Ages of the passwords and keys in the credentials Secret.
	// +listType=map
	// +listMapKey=key
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Credentials []CredentialStatus `json:"credentials,omitempty"`

	// The volumes of the operator's stores.
	// +optional
	Volumes *VolumesStatus `json:"volumes,omitempty"`

	// Whether each store is Managed or External.
	// +optional
	Stores *StoresStatus `json:"stores,omitempty"`

	// Hash of everything in the spec that decides rows: the same hash, the same
	// forecasts and decisions.
	// +kubebuilder:validation:MaxLength=64
	// +optional
	SpecHash string `json:"specHash,omitempty"`
}

// Phase is the state of a twin in one word.
type Phase string

// The phases.
const (
	PhasePending     Phase = "Pending"     // nothing has been created yet
	PhaseStarting    Phase = "Starting"    // stores or workloads come up
	PhaseRunning     Phase = "Running"     // Ready
	PhaseUpdating    Phase = "Updating"    // came up before; images, settings, replicas or nodes are changing
	PhaseDegraded    Phase = "Degraded"    // came up before; some component is lost, or the cluster rejects a change
	PhaseCompleted   Phase = "Completed"   // Ready, and the replay has ended
	PhaseSuspending  Phase = "Suspending"  // state: Suspended, pods of workloads are still there
	PhaseSuspended   Phase = "Suspended"   // state: Suspended, the stores alone run
	PhaseHibernating Phase = "Hibernating" // state: Hibernated, pods are still there
	PhaseHibernated  Phase = "Hibernated"  // state: Hibernated, no pod is left
	PhasePaused      Phase = "Paused"      // the operator leaves it alone
	PhaseStalled     Phase = "Stalled"     // cannot go on without a change, or made no progress for spec.progressDeadline
	PhaseDeleting    Phase = "Deleting"
)

// ComponentStatus is one component of a twin.
type ComponentStatus struct {
	// Name of the component, such as kafka or processor.
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// Replicas that are wanted.
	// +optional
	Replicas int32 `json:"replicas"`

	// Replicas that are ready.
	// +optional
	Ready int32 `json:"ready"`

	// Image that it runs.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Image string `json:"image,omitempty"`

	// Image of the helper beside a broker: that of the workloads, once they have come
	// up with it.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	HelperImage string `json:"helperImage,omitempty"`

	// Hash of the configuration that it runs with.
	// +kubebuilder:validation:MaxLength=64
	// +optional
	ConfigHash string `json:"configHash,omitempty"`

	// Newest value of operations.restartAt that was carried out.
	// +optional
	RestartedAt Instant `json:"restartedAt,omitempty"`
}

// PinnedImages are references as the operator was given them, without
// spec.imageRegistry. What a spec names is never among them.
type PinnedImages struct {
	// Of workloads.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Workloads string `json:"workloads,omitempty"`
	// Of kafka.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Kafka string `json:"kafka,omitempty"`
	// Of redis.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Redis string `json:"redis,omitempty"`
	// Of timescale.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Timescale string `json:"timescale,omitempty"`
	// Of prometheus.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Prometheus string `json:"prometheus,omitempty"`
	// Of grafana.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Grafana string `json:"grafana,omitempty"`
}

// Names of components, which are also the endings of their objects' names.
const (
	ComponentKafka      = "kafka"
	ComponentRedis      = "redis"
	ComponentTimescale  = "timescale"
	ComponentRestore    = "restore"
	ComponentPrepare    = "prepare"
	ComponentGenerator  = "generator"
	ComponentBridge     = "bridge"
	ComponentProcessor  = "processor"
	ComponentAPI        = "api"
	ComponentPrometheus = "prometheus"
	ComponentGrafana    = "grafana"
)

// ProcessorStatus is what the scale subresource reads.
type ProcessorStatus struct {
	// Processors that exist.
	// +optional
	Replicas int32 `json:"replicas"`

	// Labels of their pods, as a selector in text.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Selector string `json:"selector,omitempty"`
}

// EndpointsStatus defines where the twin is reached.
type EndpointsStatus struct {
	// The web UI.
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	UI string `json:"ui,omitempty"`

	// The REST API.
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	API string `json:"api,omitempty"`

	// The API's documentation.
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	Docs string `json:"docs,omitempty"`

	// The dashboards.
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	Grafana string `json:"grafana,omitempty"`
}

// DatasetStatus is what was read of the dataset.
type DatasetStatus struct {
	// Meters seen so far.
	// +optional
	Meters int32 `json:"meters"`

	// Readings stored so far.
	// +optional
	Rows int64 `json:"rows"`

	// Readings set aside so far.
	// +optional
	Quarantined int64 `json:"quarantined"`

	// Readings so far that are suspect: stored, and used for nothing.
	// +optional
	Suspect int64 `json:"suspect,omitempty"`

	// Rows of the file that cannot be used.
	// +optional
	RejectedRows int64 `json:"rejectedRows,omitempty"`

	// Reasons for which rows are rejected, most frequent first.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Rejections []RowRejection `json:"rejections,omitempty"`

	// How the file is read: its layout, what is a guess and how it is changed, and
	// what seems wrong.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=512
	// +optional
	Findings []string `json:"findings,omitempty"`

	// SHA-256 of the file.
	// +kubebuilder:validation:MaxLength=64
	// +optional
	SHA256 string `json:"sha256,omitempty"`
}

// RowRejection counts the rows of a file that are rejected for one reason.
type RowRejection struct {
	// What is wrong with them.
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason"`

	// How many there are.
	Rows int64 `json:"rows"`
}

// StreamStatus is how far the stream is.
type StreamStatus struct {
	// Readings published and not yet processed.
	// +optional
	Lag int64 `json:"lag"`

	// Partitions of the topics, once they exist.
	// +optional
	Partitions int32 `json:"partitions,omitempty"`

	// Hour up to which all readings have been processed, in the readings' own time.
	// +optional
	LastEventTime *metav1.Time `json:"lastEventTime,omitempty"`

	// Since when nothing more is stored, although readings are to come.
	// +optional
	WaitingSince *metav1.Time `json:"waitingSince,omitempty"`

	// When readings are due after a gap in the dataset.
	// +optional
	NextReadingsAt *metav1.Time `json:"nextReadingsAt,omitempty"`

	// Share of the dataset that was replayed, such as 42%.
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Progress string `json:"progress,omitempty"`
}

// ForecastStatus counts forecasts and judges them.
type ForecastStatus struct {
	// Meters with a forecast in the newest day of issues.
	// +optional
	Meters int32 `json:"meters"`

	// By how much the forecasts of the newest day that is over were nearer to what
	// was measured than repeating the week before, in mean absolute error of all
	// meters: 100% is exact, 0% no better. Absent while there is no such week.
	// +kubebuilder:validation:MaxLength=16
	// +optional
	SkillVsNaive string `json:"skillVsNaive,omitempty"`
}

// DecisionsStatus counts decisions.
type DecisionsStatus struct {
	// Decisions so far, those for no action included.
	// +optional
	Total int64 `json:"total"`

	// Issue time of the newest, in the readings' own time.
	// +optional
	LastIssuedAt *metav1.Time `json:"lastIssuedAt,omitempty"`
}

// VolumesStatus are the volumes that exist. They fix what a spec may ask of a
// store; one without a volume may still ask for anything. They stay while a store
// is external.
type VolumesStatus struct {
	// Of kafka.
	// +optional
	Kafka *VolumeStatus `json:"kafka,omitempty"`

	// Of redis.
	// +optional
	Redis *VolumeStatus `json:"redis,omitempty"`

	// Of timescale.
	// +optional
	Timescale *VolumeStatus `json:"timescale,omitempty"`

	// Of the dumps.
	// +optional
	Backup *VolumeStatus `json:"backup,omitempty"`
}

// VolumeStatus is what the volumes of one store have.
type VolumeStatus struct {
	// Size of the smallest.
	Size Size `json:"size"`

	// StorageClass that made them.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ClassName string `json:"className,omitempty"`

	// Number of brokers whose cluster is on them; of kafka only.
	// +optional
	Brokers int32 `json:"brokers,omitempty"`
}

// WorstLimitStatus compares the highest load of a group with its limit.
type WorstLimitStatus struct {
	// Name of the group.
	// +kubebuilder:validation:MaxLength=128
	Group string `json:"group"`

	// Limit in kW.
	// +kubebuilder:validation:MaxLength=32
	CapacityKW string `json:"capacityKW"`

	// Highest load in kW.
	// +kubebuilder:validation:MaxLength=32
	PeakKW string `json:"peakKW"`

	// The load as a share of the limit, such as 107%.
	// +kubebuilder:validation:MaxLength=32
	Share string `json:"share"`

	// Start of the hour of that load, in the readings' own time.
	At metav1.Time `json:"at"`

	// The load is a forecast, not measured.
	// +optional
	Forecast bool `json:"forecast,omitempty"`
}

// LimitAtRiskStatus is an hour in which a group is likely to exceed its limit.
type LimitAtRiskStatus struct {
	// What the other fields hold, in one line, with the hour in the twin's time zone.
	// +kubebuilder:validation:MaxLength=512
	Summary string `json:"summary"`

	// Name of the group.
	// +kubebuilder:validation:MaxLength=128
	Group string `json:"group"`

	// Start of the hour, in the readings' own time.
	At metav1.Time `json:"at"`

	// Probability that the load exceeds the limit in that hour, such as 43%.
	// +kubebuilder:validation:MaxLength=32
	Probability string `json:"probability"`

	// Energy expected above the limit in that hour, kWh.
	// +kubebuilder:validation:MaxLength=32
	ExcessKWh string `json:"excessKWh"`

	// Limit in kW.
	// +kubebuilder:validation:MaxLength=32
	CapacityKW string `json:"capacityKW"`
}

// StoresStatus defines who runs each store.
type StoresStatus struct {
	// The stream.
	// +optional
	Kafka StoreKind `json:"kafka,omitempty"`

	// The store of windows and model states.
	// +optional
	Redis StoreKind `json:"redis,omitempty"`

	// The database.
	// +optional
	Timescale StoreKind `json:"timescale,omitempty"`
}

// StoreKind defines who runs a store.
// +kubebuilder:validation:Enum=Managed;External
type StoreKind string

// The kinds.
const (
	StoreManaged  StoreKind = "Managed"
	StoreExternal StoreKind = "External"
)
