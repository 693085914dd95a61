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

	// Column that says how good a value is.
	// +optional
	Quality *Quality `json:"quality,omitempty"`

	// Which rows are readings of electricity.
	// ---
	// Files may hold other things too.
	// +kubebuilder:validation:MaxItems=8
	// +optional
	Rows []RowFilter `json:"rows,omitempty"`
}

// Header says where the header is: at the line after skip, or at the first row that
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

// Numbers says how numbers are written.
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

// Time says when a reading was taken.
type Time struct {
	// Column with the time, or date and time.
	// ---
	// The second of two columns has the time of day, or the number of the hour.
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:MaxLength=256
	// +optional
	Columns []string `json:"columns,omitempty"`

	// How a time is written.
	// ---
	// Text is a date and a time of day; Unix is seconds or milliseconds since 1970;
	// Compact is digits alone, such as 202401311530; DayCode is the number of the day
	// followed by two digits for the interval of the day.
	// +optional
	Form TimeForm `json:"form,omitempty"`

	// Order of year, month and day in a date.
	// +optional
	Order DateOrder `json:"order,omitempty"`

	// Numbers of the hours of a day.
	// ---
	// 0-23 and 1-24 go by the clock; 1-25 counts from local midnight, so that a day has
	// 23, 24 or 25 hours.
	// +optional
	Hours Hours `json:"hours,omitempty"`

	// Day with number 1 in the form DayCode.
	// ---
	// It is written as 2009-01-01.
	// +kubebuilder:validation:MaxLength=10
	// +optional
	DayOne string `json:"dayOne,omitempty"`

	// End of the interval that a time marks.
	// +optional
	Marks Marks `json:"marks,omitempty"`

	// Interval of the values, such as 15m.
	// ---
	// It is whole minutes that divide an hour.
	// +kubebuilder:validation:Enum="1m";"2m";"3m";"5m";"6m";"10m";"15m";"20m";"30m";"1h"
	// +optional
	Interval string `json:"interval,omitempty"`

	// Zone of times without an offset.
	// ---
	// It is an IANA time zone, such as Europe/Paris, or a fixed offset, such as UTC+10. If
	// left out, the twin's.
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Zone string `json:"zone,omitempty"`

	// How far times may be off, such as 30s.
	// ---
	// Times are rounded to the interval's grid, those of a counter to the minute.
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Tolerance string `json:"tolerance,omitempty"`

	// The hour that clocks show twice.
	// ---
	// Order gives the first value of a time to the first hour and the second one to the
	// second; Sum is for files with one value for both, which is halved.
	// +optional
	RepeatedHour RepeatedHour `json:"repeatedHour,omitempty"`
}

// Meter says whose reading it is: a column, or one name for the whole file.
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

// Channels tells the channels of a meter apart.
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

// Quality tells values apart by how good they are.
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

// RowFilter says which rows are readings of electricity.
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
