// Package layout holds the layout document: the description, as data, of how the
// text of a file becomes meter readings. The same document stands in
// spec.dataset.layout, in the file of --layout, in the layouts that ship with the
// program, and in what `energytwin dataset inspect` prints as its guess.
//
// +kubebuilder:object:generate=true
package layout

// Version is the version of the document that this program reads and writes.
const Version = 1

// Document describes how the text of a file becomes readings.
// ---
// A field that is left out is found out from the file; `energytwin dataset inspect`
// shows the result.
//
// +kubebuilder:validation:XValidation:rule="[has(self.values), has(self.meterColumns), has(self.dayColumns)].filter(x, x).size() <= 1",message="write one of values, meterColumns and dayColumns"
type Document struct {
	// Version of the document; 1 if left out.
	// +kubebuilder:validation:Enum=1
	// +optional
	Version int32 `json:"version,omitempty"`

	// What the file is, for people.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Title string `json:"title,omitempty"`

	// Name of a layout that ships with the program.
	// ---
	// It is one such as octopus.
	// Fields that are set here replace those of that layout. `energytwin dataset layouts`
	// lists the names.
	// +kubebuilder:validation:MaxLength=64
	// +optional
	From string `json:"from,omitempty"`

	// Kind of file.
	// ---
	// Delimited is text in rows and columns, which the rest of this document describes;
	// NEM12 is the Australian market's format, GreenButton is ESPI XML.
	// +optional
	Format Format `json:"format,omitempty"`

	// Encoding of the text.
	// ---
	// UTF-16 covers both byte orders.
	// +optional
	Encoding Encoding `json:"encoding,omitempty"`

	// Sign between columns.
	// ---
	// space stands for any number of spaces.
	// +kubebuilder:validation:Enum=",";";";"|";tab;space
	// +optional
	Separator string `json:"separator,omitempty"`

	// Where the header is.
	// +optional
	Header *Header `json:"header,omitempty"`

	// First cells of rows below the readings.
	// ---
	// They are patterns, such as Total*; these rows are left out and counted.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=128
	// +optional
	Footer []string `json:"footer,omitempty"`

	// How numbers are written.
	// +optional
	Numbers *Numbers `json:"numbers,omitempty"`

	// When a reading was taken.
	// +optional
	Time *Time `json:"time,omitempty"`

	// Whose reading it is.
	// +optional
	Meter *Meter `json:"meter,omitempty"`

	// Column with the direction of energy.
	// ---
	// It is for files that hold several channels of a meter in rows of their own.
	// +optional
	Channels *Channels `json:"channels,omitempty"`

	// Columns with readings.
	// ---
	// They hold readings of the row's meter and time; exports have a negative sign in the
	// sum.
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Values []Value `json:"values,omitempty"`

	// One column for each meter.
	// ---
	// The header is its name.
	// +optional
	MeterColumns *Columns `json:"meterColumns,omitempty"`

	// One column for each interval of a day.
	// ---
	// The file has one row for each day.
	// +optional
	DayColumns *Columns `json:"dayColumns,omitempty"`

	// Unit of the values.
	// +optional
	Unit Unit `json:"unit,omitempty"`

	// Column with the row's unit.
	// ---
	// Rows of a unit that is no active energy or power, such as m3, are left out and
	// counted.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	UnitColumn string `json:"unitColumn,omitempty"`

	// Column with a factor to kWh, or to unit.
	// ---
	// The row's value is multiplied by it.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	FactorColumn string `json:"factorColumn,omitempty"`

	// What a value is.
	// ---
	// Interval is the energy, or the mean power, of one interval; Counter is the state of
	// a counter, whose differences are energy.
	// +optional
	Reading Reading `json:"reading,omitempty"`

	// Column that states how good a value is.
	// +optional
	Quality *Quality `json:"quality,omitempty"`

	// Which rows are readings of electricity.
	// ---
	// Files may hold other things too.
	// +kubebuilder:validation:MaxItems=8
	// +optional
	Rows []RowFilter `json:"rows,omitempty"`
}

// Header defines where the header is: at the line after skip, or at the first row that
// has all cells of contains.
type Header struct {
	// Lines above the header.
	// ---
	// Without a header, lines above the first row.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	// +optional
	Skip int32 `json:"skip,omitempty"`

	// Cells that the header has, as patterns.
	// ---
	// Rows above it are passed over. The pattern "" matches an empty first cell.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=256
	// +optional
	Contains []string `json:"contains,omitempty"`

	// The file has no header.
	// ---
	// Columns are called #1, #2 and on.
	// +optional
	Absent bool `json:"absent,omitempty"`
}

// Numbers defines how numbers are written.
type Numbers struct {
	// Sign before the decimals: "." or ",".
	// +kubebuilder:validation:Enum=".";","
	// +optional
	Decimal string `json:"decimal,omitempty"`

	// Sign between groups of three digits.
	// ---
	// space stands for any kind of space, none for no sign.
	// +kubebuilder:validation:Enum=".";",";"'";space;none
	// +optional
	Thousands string `json:"thousands,omitempty"`

	// Words for a missing value.
	// ---
	// Case does not matter, and an empty cell is always missing. If left out, the usual
	// words, such as NaN and null.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=64
	// +optional
	Missing []string `json:"missing,omitempty"`
}

// Meter defines whose reading it is: a column, or one name for the whole file.
//
// +kubebuilder:validation:XValidation:rule="!has(self.column) || !has(self.name)",message="write meter.column or meter.name"
type Meter struct {
	// Column with the meter's name.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Column string `json:"column,omitempty"`

	// Name of the file's only meter.
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Name string `json:"name,omitempty"`

	// Column with the meter's group.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	GroupColumn string `json:"groupColumn,omitempty"`
}

// Value is a column with readings.
type Value struct {
	// Column of the value.
	// +kubebuilder:validation:MaxLength=256
	Column string `json:"column"`

	// Meter; if left out, the row's.
	// ---
	// It is for rows with values of several meters.
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Meter string `json:"meter,omitempty"`

	// Direction of the energy; Import if left out.
	// ---
	// Export becomes negative.
	// +optional
	Direction Direction `json:"direction,omitempty"`

	// Unit of this column.
	// +optional
	Unit Unit `json:"unit,omitempty"`

	// The value may be missing.
	// ---
	// A file without this column, or a row without a value in it, is read as if the value
	// were 0.
	// +optional
	Optional bool `json:"optional,omitempty"`
}

// Columns is a run of columns.
// ---
// Without from and to it is all that are not named elsewhere in the document.
type Columns struct {
	// First column.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	From string `json:"from,omitempty"`

	// Last column.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	To string `json:"to,omitempty"`

	// Patterns of columns left out.
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=256
	// +optional
	Except []string `json:"except,omitempty"`
}
