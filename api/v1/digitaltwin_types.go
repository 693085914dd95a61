package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DigitalTwin is a running digital twin of an electricity grid area. It replays
// or receives smart-meter readings, forecasts every meter a day ahead, proposes
// demand-side-management decisions, and serves all of it.
// ---
// Rules that compare with the object before stand here, because they need the
// status: a value is fixed when it has taken effect, so that a mistake can be
// corrected. Volumes and topics fix what they were made with. A dataset is fixed
// once the twin has run or readings are stored, but for one that the preparation
// has rejected; while generator.mode is "Off" a dataset is not used and may change,
// and the preparation compares it with what is stored when it is used again.
//
// Rules compare what is in force: leaving a field out and adding it again does not
// get round them. A field that an update leaves as it was is never wrong: the status
// may have changed. Texts are looked up with has(): the cost of an optional text is
// estimated as if it had no bound.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.processor.replicas,statuspath=.status.processor.replicas,selectorpath=.status.processor.selector
// +kubebuilder:resource:shortName=dt,categories=all
// +kubebuilder:metadata:annotations={"argocd.argoproj.io/sync-options=Prune=false,Delete=false","kustomize.toolkit.fluxcd.io/prune=disabled"}
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`,description="The state in one word"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether stores and workloads are available"
// +kubebuilder:printcolumn:name="Meters",type=integer,JSONPath=`.status.dataset.meters`,description="Meters seen so far"
// +kubebuilder:printcolumn:name="Progress",type=string,JSONPath=`.status.stream.progress`,description="Share of the dataset that was replayed"
// +kubebuilder:printcolumn:name="Lag",type=integer,JSONPath=`.status.stream.lag`,description="Readings published and not yet processed"
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.endpoints.ui`,description="The web UI"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Rejected",type=integer,priority=1,JSONPath=`.status.dataset.quarantined`
// +kubebuilder:printcolumn:name="Limit At Risk",type=string,priority=1,JSONPath=`.status.limitAtRisk.summary`,description="The limit of a group that is most likely to be exceeded within 48 hours"
// +kubebuilder:printcolumn:name="Last Event",type=string,priority=1,JSONPath=`.status.stream.lastEventTime`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must have at most 40 characters of a-z, 0-9 and '-', start with a letter and end with a letter or digit, as Services are named after it; write for example riverside"
// +kubebuilder:validation:XValidation:rule="!(oldSelf.?status.?dataset.?rows.orValue(0) > 0 || oldSelf.?status.?phase.orValue(\"\") in ['Running', 'Completed']) || has(oldSelf.status) && has(oldSelf.status.conditions) && oldSelf.status.conditions.exists(c, c.type == 'Stalled' && c.reason == 'FixedField') || [self.spec, oldSelf.spec].exists(t, t.?generator.?mode.orValue('Replay') == 'Off' || !has(t.dataset)) || (duration(self.spec.?generator.?warmup.?history.orValue('672h')) == duration(oldSelf.spec.?generator.?warmup.?history.orValue('672h')) && (has(self.spec.timezone) ? self.spec.timezone : 'UTC') == (has(oldSelf.spec.timezone) ? oldSelf.spec.timezone : 'UTC') && (has(self.spec.dataset.window) && has(self.spec.dataset.window.start) ? self.spec.dataset.window.start : \"\") == (has(oldSelf.spec.dataset.window) && has(oldSelf.spec.dataset.window.start) ? oldSelf.spec.dataset.window.start : \"\") && duration(self.spec.dataset.?window.?duration.orValue('8760h')) == duration(oldSelf.spec.dataset.?window.?duration.orValue('8760h')) && has(self.spec.dataset.groups) == has(oldSelf.spec.dataset.groups) && (!has(self.spec.dataset.groups) || self.spec.dataset.groups == oldSelf.spec.dataset.groups) && [[self.spec, oldSelf.spec].map(t, t.?generator.?mode.orValue('Replay') == 'Live' ? 4 : has(t.dataset.synthetic) ? 0 : has(t.dataset.url) ? 1 : has(t.dataset.configMap) ? 2 : 3)].all(k, k[0] == k[1]) && (!has(self.spec.dataset.synthetic) || !has(oldSelf.spec.dataset.synthetic) || [self.spec.dataset.synthetic].all(d, [oldSelf.spec.dataset.synthetic].all(e, d.?meters.orValue(200) == e.?meters.orValue(200) && d.?seed.orValue(42) == e.?seed.orValue(42) && d.?year.orValue(2025) == e.?year.orValue(2025) && d.?groups.orValue(d.?meters.orValue(8) < 8 ? d.meters : 8) == e.?groups.orValue(e.?meters.orValue(8) < 8 ? e.meters : 8)))))",message="what decides meters, partitions and hours is fixed once readings are stored: the kind of dataset, dataset.synthetic, groups and window, timezone, generator.warmup, and generator.mode to or from Live; write what they were, or make another twin"
// +kubebuilder:validation:XValidation:rule="self.?status.?stream.?partitions.orValue(0) == 0 || self.spec.?kafka.?topics.?partitions.orValue(12) in [self.status.stream.partitions, oldSelf.spec.?kafka.?topics.?partitions.orValue(12)]",message="kafka.topics.partitions is fixed once the topics exist, as meters would change partitions; write the number in status.stream.partitions, or make another twin"
// +kubebuilder:validation:XValidation:rule="self.spec.?kafka.?external.hasValue() || self.?status.?volumes.?kafka.?brokers.orValue(0) == 0 || self.spec.?kafka.?managed.?replicas.orValue(1) in [self.status.volumes.kafka.brokers, oldSelf.spec.?kafka.?external.hasValue() ? 0 : oldSelf.spec.?kafka.?managed.?replicas.orValue(1)]",message="kafka.managed.replicas is fixed once the volumes exist, as its voters cannot grow safely; write the number in status.volumes.kafka.brokers, or make another twin"
// +kubebuilder:validation:XValidation:rule="self.spec.?kafka.?external.hasValue() || !self.?status.?volumes.?kafka.hasValue() || quantity(self.spec.?kafka.?managed.?storage.?size.hasValue() ? self.spec.kafka.managed.storage.size : '8Gi').compareTo(quantity(self.status.volumes.kafka.size)) >= 0 || !oldSelf.spec.?kafka.?external.hasValue() && quantity(self.spec.?kafka.?managed.?storage.?size.hasValue() ? self.spec.kafka.managed.storage.size : '8Gi').compareTo(quantity(oldSelf.spec.?kafka.?managed.?storage.?size.hasValue() ? oldSelf.spec.kafka.managed.storage.size : '8Gi')) == 0",message="kafka.managed.storage.size can only grow once the volume exists; write at least the size in status.volumes.kafka.size (8Gi if it is left out)"
// +kubebuilder:validation:XValidation:rule="!self.?status.?volumes.?kafka.hasValue() || !self.spec.?kafka.?managed.?storage.?className.hasValue() || has(self.status.volumes.kafka.className) && self.spec.kafka.managed.storage.className == self.status.volumes.kafka.className || oldSelf.spec.?kafka.?managed.?storage.?className.hasValue() && self.spec.kafka.managed.storage.className == oldSelf.spec.kafka.managed.storage.className",message="kafka.managed.storage.className is fixed once the volume exists; write the class in status.volumes.kafka.className, or leave it out"
// +kubebuilder:validation:XValidation:rule="self.spec.?redis.?external.hasValue() || !self.?status.?volumes.?redis.hasValue() || quantity(self.spec.?redis.?managed.?storage.?size.hasValue() ? self.spec.redis.managed.storage.size : '1Gi').compareTo(quantity(self.status.volumes.redis.size)) >= 0 || !oldSelf.spec.?redis.?external.hasValue() && quantity(self.spec.?redis.?managed.?storage.?size.hasValue() ? self.spec.redis.managed.storage.size : '1Gi').compareTo(quantity(oldSelf.spec.?redis.?managed.?storage.?size.hasValue() ? oldSelf.spec.redis.managed.storage.size : '1Gi')) == 0",message="redis.managed.storage.size can only grow once the volume exists; write at least the size in status.volumes.redis.size (1Gi if it is left out)"
// +kubebuilder:validation:XValidation:rule="!self.?status.?volumes.?redis.hasValue() || !self.spec.?redis.?managed.?storage.?className.hasValue() || has(self.status.volumes.redis.className) && self.spec.redis.managed.storage.className == self.status.volumes.redis.className || oldSelf.spec.?redis.?managed.?storage.?className.hasValue() && self.spec.redis.managed.storage.className == oldSelf.spec.redis.managed.storage.className",message="redis.managed.storage.className is fixed once the volume exists; write the class in status.volumes.redis.className, or leave it out"
// +kubebuilder:validation:XValidation:rule="self.spec.?timescale.?external.hasValue() || !self.?status.?volumes.?timescale.hasValue() || quantity(self.spec.?timescale.?managed.?storage.?size.hasValue() ? self.spec.timescale.managed.storage.size : '10Gi').compareTo(quantity(self.status.volumes.timescale.size)) >= 0 || !oldSelf.spec.?timescale.?external.hasValue() && quantity(self.spec.?timescale.?managed.?storage.?size.hasValue() ? self.spec.timescale.managed.storage.size : '10Gi').compareTo(quantity(oldSelf.spec.?timescale.?managed.?storage.?size.hasValue() ? oldSelf.spec.timescale.managed.storage.size : '10Gi')) == 0",message="timescale.managed.storage.size can only grow once the volume exists; write at least the size in status.volumes.timescale.size (10Gi if it is left out)"
// +kubebuilder:validation:XValidation:rule="!self.?status.?volumes.?timescale.hasValue() || !self.spec.?timescale.?managed.?storage.?className.hasValue() || has(self.status.volumes.timescale.className) && self.spec.timescale.managed.storage.className == self.status.volumes.timescale.className || oldSelf.spec.?timescale.?managed.?storage.?className.hasValue() && self.spec.timescale.managed.storage.className == oldSelf.spec.timescale.managed.storage.className",message="timescale.managed.storage.className is fixed once the volume exists; write the class in status.volumes.timescale.className, or leave it out"
// +kubebuilder:validation:XValidation:rule="!self.spec.?timescale.?managed.?backup.?volume.hasValue() || !self.?status.?volumes.?backup.hasValue() || quantity(self.spec.?timescale.?managed.?backup.?volume.?size.hasValue() ? self.spec.timescale.managed.backup.volume.size : '10Gi').compareTo(quantity(self.status.volumes.backup.size)) >= 0 || oldSelf.spec.?timescale.?managed.?backup.?volume.hasValue() && quantity(self.spec.?timescale.?managed.?backup.?volume.?size.hasValue() ? self.spec.timescale.managed.backup.volume.size : '10Gi').compareTo(quantity(oldSelf.spec.?timescale.?managed.?backup.?volume.?size.hasValue() ? oldSelf.spec.timescale.managed.backup.volume.size : '10Gi')) == 0",message="timescale.managed.backup.volume.size can only grow once the volume exists; write at least the size in status.volumes.backup.size (10Gi if it is left out)"
// +kubebuilder:validation:XValidation:rule="!self.?status.?volumes.?backup.hasValue() || !self.spec.?timescale.?managed.?backup.?volume.?className.hasValue() || has(self.status.volumes.backup.className) && self.spec.timescale.managed.backup.volume.className == self.status.volumes.backup.className || oldSelf.spec.?timescale.?managed.?backup.?volume.?className.hasValue() && self.spec.timescale.managed.backup.volume.className == oldSelf.spec.timescale.managed.backup.volume.className",message="timescale.managed.backup.volume.className is fixed once the volume exists; write the class in status.volumes.backup.className, or leave it out"
type DigitalTwin struct {
	metav1.TypeMeta `json:",inline"`

	// Standard object metadata. The name has at most 40 characters.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// The wanted twin.
	// +required
	Spec DigitalTwinSpec `json:"spec"`

	// What was observed of the twin. Written by the operator only.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status DigitalTwinStatus `json:"status,omitzero"`
}

// DigitalTwinList is a list of twins.
//
// +kubebuilder:object:root=true
type DigitalTwinList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DigitalTwin `json:"items"`
}

// DigitalTwinSpec is the wanted twin. A spec of {dataset: {synthetic: {}}} is a
// working one.
//
// +kubebuilder:validation:XValidation:rule="has(self.dataset) || self.?generator.?mode.orValue('Replay') == 'Off'",message="write where readings come from: dataset: {synthetic: {}} makes up households, dataset.url, dataset.configMap or dataset.persistentVolumeClaim read a file; or set generator.mode: \"Off\", with the quotes, and send readings from outside"
// +kubebuilder:validation:XValidation:rule="self.?generator.?mode.orValue('Replay') == 'Off' || duration(self.?generator.?warmup.?history.orValue('672h')) < duration(self.?dataset.?window.?duration.orValue('8760h'))",message="generator.warmup.history (672h if left out) must be shorter than dataset.window.duration, as warm-up hours are not published; write a shorter warm-up or a longer window"
// +kubebuilder:validation:XValidation:rule="self.?processor.?replicas.orValue(1) <= self.?kafka.?topics.?partitions.orValue(12)",message="processor.replicas must not exceed kafka.topics.partitions (12 if left out), as further processors would have nothing to read; write fewer replicas"
// +kubebuilder:validation:XValidation:rule="self.?processor.?autoscaling.?maxReplicas.orValue(1) <= self.?kafka.?topics.?partitions.orValue(12)",message="processor.autoscaling.maxReplicas must not exceed kafka.topics.partitions (12 if left out), as further processors would have nothing to read; write fewer"
// +kubebuilder:validation:XValidation:rule="!has(self.operations) || !has(self.operations.backupAt) || (has(self.timescale) && has(self.timescale.managed) && has(self.timescale.managed.backup))",message="operations.backupAt needs timescale.managed.backup, which has the place of the dumps; write that, or remove operations.backupAt"
// +kubebuilder:validation:XValidation:rule="!self.?ingest.?mqtt.hasValue() || self.?generator.?mode.orValue('Replay') == 'Off'",message="ingest.mqtt needs generator.mode: \"Off\", with the quotes, as a generator publishes all readings of the twin itself; write that, or remove the field"
// +kubebuilder:validation:XValidation:rule="!self.?ingest.?http.?enabled.orValue(false) || self.?generator.?mode.orValue('Replay') == 'Off'",message="ingest.http.enabled needs generator.mode: \"Off\", with the quotes, as a generator publishes all readings of the twin itself; write that, or remove ingest.http.enabled"
// +kubebuilder:validation:XValidation:rule="!self.?api.?webhooks.?enabled.orValue(false) || !self.?redis.?external.?secretRef.hasValue() || self.?redis.?external.?liveSecretRef.hasValue()",message="api.webhooks.enabled needs redis.external.liveSecretRef: webhooks send what the API reads from the live streams, and it logs in to them as a user of its own; write that, or remove api.webhooks.enabled"
type DigitalTwinSpec struct {
	// IANA time zone of the area, such as Europe/London. Calendar features,
	// tariffs and issue times are local to it.
	// +kubebuilder:default=UTC
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$') && self != 'Local'",message="write an IANA time zone, such as Europe/London or UTC"
	// +optional
	Timezone string `json:"timezone,omitempty"`

	// Whether the twin runs. Suspended stops the workloads and keeps the stores
	// running; Hibernated stops everything and keeps the volumes.
	// +kubebuilder:default=Running
	// +optional
	State State `json:"state,omitempty"`

	// How long the twin may make no progress before it is Stalled with the reason
	// ProgressDeadlineExceeded, until it makes progress again.
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="write a duration from 1s to 24h, such as 10m"
	// +optional
	ProgressDeadline Duration `json:"progressDeadline,omitempty"`

	// What becomes of volumes and credentials when the twin is deleted.
	// +kubebuilder:default=Retain
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// Image of the workloads. If left out, the operator's own at the time when
	// the twin was made, pinned in status.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Image string `json:"image,omitempty"`

	// Registry that goes before the names of all images that the operator
	// chooses, such as registry.example.org/mirror. Images written in full in
	// this spec are left as they are.
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[a-z0-9._/-]*[a-z0-9])?$')",message="write a registry with an optional path, without a scheme and a last slash, such as registry.example.org/mirror"
	// +optional
	ImageRegistry string `json:"imageRegistry,omitempty"`

	// When images are pulled. If left out, the cluster's own rule.
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	// +optional
	ImagePullPolicy string `json:"imagePullPolicy,omitempty"`

	// Whether an upgrade of the operator moves this twin's images.
	// +kubebuilder:default=Manual
	// +optional
	UpdatePolicy UpdatePolicy `json:"updatePolicy,omitempty"`

	// What is to be done once: a backup, restarts, new passwords.
	// +optional
	Operations *Operations `json:"operations,omitempty"`

	// What all pods of the twin have in common.
	// +optional
	Pods *Pods `json:"pods,omitempty"`

	// Where readings come from and which part of them is used. Needed unless
	// generator.mode is "Off".
	// +optional
	Dataset *Dataset `json:"dataset,omitempty"`

	// How readings are published.
	// +kubebuilder:default={}
	// +optional
	Generator Generator `json:"generator,omitzero"`

	// How readings come in from outside.
	// +optional
	Ingest Ingest `json:"ingest,omitzero"`

	// How the stream is turned into forecasts and decisions.
	// +kubebuilder:default={}
	// +optional
	Processor Processor `json:"processor,omitzero"`

	// The REST API and the web UI.
	// +kubebuilder:default={}
	// +optional
	API API `json:"api,omitzero"`

	// The stream. If left out, the operator runs a broker for this twin.
	// +structType=atomic
	// +optional
	Kafka *Kafka `json:"kafka,omitempty"`

	// The store of windows and model states. If left out, the operator runs one
	// for this twin.
	// +structType=atomic
	// +optional
	Redis *Redis `json:"redis,omitempty"`

	// The database of readings, forecasts and decisions. If left out, the
	// operator runs one for this twin.
	// +structType=atomic
	// +optional
	Timescale *Timescale `json:"timescale,omitempty"`

	// Metrics, dashboards and alerts.
	// +kubebuilder:default={}
	// +optional
	Monitoring Monitoring `json:"monitoring,omitzero"`

	// Whether NetworkPolicies let only the flows pass that the twin needs.
	// +kubebuilder:default=Enabled
	// +optional
	NetworkPolicy NetworkPolicyMode `json:"networkPolicy,omitempty"`
}

// State defines whether a twin runs.
// +kubebuilder:validation:Enum=Running;Suspended;Hibernated
type State string

// The states.
const (
	StateRunning    State = "Running"
	StateSuspended  State = "Suspended"  // workloads at zero replicas
	StateHibernated State = "Hibernated" // everything at zero replicas, volumes kept
)

// DeletionPolicy defines what becomes of data when the twin is deleted.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

// The deletion policies.
const (
	DeletionRetain DeletionPolicy = "Retain"
	DeletionDelete DeletionPolicy = "Delete"
)

// UpdatePolicy defines whether an operator upgrade moves a twin's images.
// +kubebuilder:validation:Enum=Manual;Automatic
type UpdatePolicy string

// The update policies.
const (
	UpdateManual    UpdatePolicy = "Manual"
	UpdateAutomatic UpdatePolicy = "Automatic"
)

// NetworkPolicyMode defines whether NetworkPolicies are made.
// +kubebuilder:validation:Enum=Enabled;Disabled
type NetworkPolicyMode string

// The modes.
const (
	NetworkPolicyEnabled  NetworkPolicyMode = "Enabled"
	NetworkPolicyDisabled NetworkPolicyMode = "Disabled"
)

// Annotations that people set on a twin.
const (
	// AnnotationPaused, set to "true", makes the operator leave the twin and its
	// children alone.
	AnnotationPaused = Group + "/paused"
)

// Finalizer is present only under deletionPolicy: Delete. It holds the twin
// until its volumes and credentials are gone.
const Finalizer = Group + "/delete-data"
