package layout

// Channels distinguishes the channels of a meter.
// ---
// A row whose channel fits none of the patterns is rejected.
type Channels struct {
	// Column with the channel.
	// +kubebuilder:validation:MaxLength=256
	Column string `json:"column"`

	// Patterns of channels from the grid.
	// ---
	// * stands for any characters, ? for one.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=128
	// +optional
	Import []string `json:"import,omitempty"`

	// Patterns of channels to the grid.
	// ---
	// Their energy becomes negative.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=128
	// +optional
	Export []string `json:"export,omitempty"`

	// Patterns of channels left out.
	// ---
	// Their rows are counted.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=128
	// +optional
	Ignore []string `json:"ignore,omitempty"`
}

// Quality distinguishes values by how good they are.
// ---
// What fits none of the patterns counts as measured.
type Quality struct {
	// Column of the mark.
	// +kubebuilder:validation:MaxLength=256
	Column string `json:"column"`

	// Patterns of marks of gaps.
	// ---
	// Their values are no readings, and are counted as missing.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=128
	// +optional
	Missing []string `json:"missing,omitempty"`

	// Patterns of marks of estimates.
	// ---
	// Their values are kept, and counted.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=128
	// +optional
	Estimated []string `json:"estimated,omitempty"`
}

// RowFilter defines which rows are readings of electricity.
// ---
// Others are left out and counted.
//
// +kubebuilder:validation:XValidation:rule="has(self.keep) || has(self.leaveOut)",message="write keep or leaveOut"
type RowFilter struct {
	// Column that is compared.
	// +kubebuilder:validation:MaxLength=256
	Column string `json:"column"`

	// Patterns of rows that are kept.
	// ---
	// If left out, all rows that leaveOut does not fit.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=128
	// +optional
	Keep []string `json:"keep,omitempty"`

	// Patterns of rows left out.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=128
	// +optional
	LeaveOut []string `json:"leaveOut,omitempty"`
}
