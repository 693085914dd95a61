package v1

import "github.com/energytwin/energytwin/internal/dataset/layout"

// Dataset defines where readings come from and which part of them is used.
//
// +kubebuilder:validation:XValidation:rule="[has(self.synthetic), has(self.url), has(self.configMap), has(self.persistentVolumeClaim)].filter(x, x).size() == 1",message="write exactly one of dataset.synthetic, dataset.url, dataset.configMap and dataset.persistentVolumeClaim; dataset: {synthetic: {}} makes up households"
// +kubebuilder:validation:XValidation:rule="!has(self.synthetic) || (!has(self.layout) && !has(self.groups))",message="synthetic households have their own layout and groups; remove dataset.layout and dataset.groups, or read a file"
type Dataset struct {
	// Made-up households with physically shaped load, the same for the same seed.
	// +optional
	Synthetic *SyntheticSource `json:"synthetic,omitempty"`

	// A file fetched over HTTP.
	// +optional
	URL *URLSource `json:"url,omitempty"`

	// A file in a ConfigMap of the twin's namespace.
	// ---
	// Compressed files go into its binaryData; about 1 MB at most.
	// +optional
	ConfigMap *ConfigMapSource `json:"configMap,omitempty"`

	// A file on a volume of the twin's namespace.
	// +optional
	PersistentVolumeClaim *VolumeSource `json:"persistentVolumeClaim,omitempty"`

	// How the text of the file becomes readings.
	// ---
	// What is left out is found out.
	// +optional
	Layout *layout.Document `json:"layout,omitempty"`

	// The part of the readings that is used, at most a year.
	// +optional
	Window *DatasetWindow `json:"window,omitempty"`

	// What happens to rows that cannot be read: Quarantine sets them aside with
	// their reason and goes on; Reject rejects the dataset.
	// +kubebuilder:default=Quarantine
	// +optional
	InvalidRows InvalidRows `json:"invalidRows,omitempty"`

	// Most that any meter can draw or feed in, in kW. A reading beyond it is suspect.
	// +kubebuilder:validation:XValidation:rule="double(self) > 0.0",message="write a power in kW above 0, such as 25"
	// +optional
	MaxKW Decimal `json:"maxKW,omitempty"`

	// Which meters belong to which group, for a dataset that does not contain it.
	// ---
	// The first group that fits a meter takes it.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=200
	// +optional
	Groups []MeterGroup `json:"groups,omitempty"`
}

// SyntheticSource asks for made-up households.
//
// +kubebuilder:validation:XValidation:rule="!has(self.groups) || self.groups <= (has(self.meters) ? self.meters : 200)",message="dataset.synthetic.groups must not exceed dataset.synthetic.meters (200 if left out); write fewer groups"
type SyntheticSource struct {
	// Number of households; 200 if left out.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=200000
	// +optional
	Meters *int32 `json:"meters,omitempty"`

	// Number of feeders that the households are spread over, named feeder-0001
	// and on; 8 if left out, or as many as there are meters if fewer.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20000
	// +optional
	Groups *int32 `json:"groups,omitempty"`

	// The same seed gives the same readings; 42 if left out.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4294967295
	// +optional
	Seed *int64 `json:"seed,omitempty"`

	// Calendar year of the readings; 2025 if left out.
	// +kubebuilder:validation:Minimum=1990
	// +kubebuilder:validation:Maximum=2099
	// +optional
	Year *int32 `json:"year,omitempty"`
}

// URLSource is a file fetched over HTTP.
//
// +kubebuilder:validation:XValidation:rule="self.location.startsWith('https://') || has(self.sha256)",message="a file fetched over plain http needs dataset.url.sha256, the checksum of the file; or write an https address"
type URLSource struct {
	// Address of the file.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^ /?#@]+([/?#][^ ]*)?$')",message="write an http or https address without a user name, such as https://example.org/readings.csv.gz"
	Location string `json:"location"`

	// SHA-256 of the file as it is served, in hexadecimal.
	// ---
	// A file that differs is rejected.
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{64}$')",message="write the 64 lower-case hexadecimal digits that sha256sum prints"
	// +optional
	SHA256 string `json:"sha256,omitempty"`

	// Secret with the key token, sent as Authorization: Bearer.
	// +optional
	TokenSecretRef *SecretReference `json:"tokenSecretRef,omitempty"`
}

// ConfigMapSource is a file in a ConfigMap of the twin's namespace.
type ConfigMapSource struct {
	// Name of the ConfigMap.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// Key in its data or binaryData, which is also the file's name.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="write a key of the ConfigMap, such as readings.csv.gz"
	Key string `json:"key"`
}

// VolumeSource is a file on a volume of the twin's namespace.
type VolumeSource struct {
	// Name of the PersistentVolumeClaim.
	// ---
	// It is mounted read-only.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClaimName string `json:"claimName"`

	// Path of the file from the volume's root.
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="size(self) > 0 && !self.startsWith('/') && !self.split('/').exists(p, p == '..')",message="write a path from the volume's root without '..', such as 2019/readings.csv.gz"
	Path string `json:"path"`
}

// InvalidRows defines what happens to rows that cannot be read.
// +kubebuilder:validation:Enum=Reject;Quarantine
type InvalidRows string

// What happens to rows that cannot be read.
const (
	InvalidRowsReject     InvalidRows = "Reject"
	InvalidRowsQuarantine InvalidRows = "Quarantine"
)

// DatasetWindow is the part of the readings that is used.
type DatasetWindow struct {
	// First local day, such as 2019-01-01.
	// ---
	// If left out, the day of the first reading; processors in a cluster do not know
	// it then, and reject no reading for lying outside the window.
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:XValidation:rule="self.matches('^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$')",message="write a day as year-month-day, such as 2019-01-01"
	// +optional
	Start string `json:"start,omitempty"`

	// Length, from 48h to 8784h (366 days); 8760h if left out.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('48h') && duration(self) <= duration('8784h') && duration(self).getSeconds() % 3600 == 0",message="write whole hours from 48h to 8784h (366 days)"
	// +optional
	Duration Duration `json:"duration,omitempty"`
}

// MeterGroup defines which meters belong to a group.
type MeterGroup struct {
	// Name of the group, as in processor.dsm.groups.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name"`

	// Names of the group's meters. * stands for any characters, ? for one.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	Meters []string `json:"meters"`
}
