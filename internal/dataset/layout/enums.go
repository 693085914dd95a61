package layout

// Format is the kind of a file.
// +kubebuilder:validation:Enum=Delimited;NEM12;GreenButton
type Format string

// The formats.
const (
	Delimited   Format = "Delimited"   // text in rows and columns
	NEM12       Format = "NEM12"       // interval data of the Australian market (AEMO)
	GreenButton Format = "GreenButton" // ESPI XML (NAESB REQ.21)
)

// Encoding is how characters are stored.
// +kubebuilder:validation:Enum=UTF-8;UTF-16;Windows-1252
type Encoding string

// The encodings. Windows-1252 includes ISO-8859-1 as spreadsheets write it.
const (
	UTF8        Encoding = "UTF-8"
	UTF16       Encoding = "UTF-16"
	Windows1252 Encoding = "Windows-1252"
)

// Unit is what the numbers of a file mean.
// +kubebuilder:validation:Enum=kWh;Wh;MWh;kW;W;MW
type Unit string

// The units. All become kWh; power is the mean of the interval.
const (
	KWh Unit = "kWh"
	Wh  Unit = "Wh"
	MWh Unit = "MWh"
	KW  Unit = "kW"
	W   Unit = "W"
	MW  Unit = "MW"
)

// Power reports whether the unit is one of power, not of energy.
func (u Unit) Power() bool { return u == KW || u == W || u == MW }

// Kilo is the factor to kWh, or to kW.
func (u Unit) Kilo() float64 {
	switch u {
	case Wh, W:
		return 1e-3
	case MWh, MW:
		return 1e3
	}
	return 1
}

// Reading is what a value is.
// +kubebuilder:validation:Enum=Interval;Counter
type Reading string

// The kinds of readings.
const (
	Interval Reading = "Interval" // energy or mean power of one interval
	Counter  Reading = "Counter"  // the state of a counter
)

// TimeForm is how a time is written.
// +kubebuilder:validation:Enum=Text;Unix;Compact;DayCode
type TimeForm string

// The forms of a time.
const (
	Text    TimeForm = "Text"
	Unix    TimeForm = "Unix"
	Compact TimeForm = "Compact"
	DayCode TimeForm = "DayCode"
)

// DateOrder is the order of year, month and day.
// +kubebuilder:validation:Enum=YMD;DMY;MDY
type DateOrder string

// The orders.
const (
	YMD DateOrder = "YMD"
	DMY DateOrder = "DMY"
	MDY DateOrder = "MDY"
)

// Hours is how the hours of a day are numbered.
// +kubebuilder:validation:Enum="0-23";"1-24";"1-25"
type Hours string

// The numberings.
const (
	Hours0To23 Hours = "0-23" // by the clock; 0 begins at midnight
	Hours1To24 Hours = "1-24" // by the clock; 1 begins at midnight
	Hours1To25 Hours = "1-25" // counted from local midnight, over clock changes
)

// Marks is the end of its interval that a time marks.
// +kubebuilder:validation:Enum=Start;End
type Marks string

// The two ends.
const (
	Start Marks = "Start"
	End   Marks = "End"
)

// RepeatedHour is what becomes of the hour that clocks show twice.
// +kubebuilder:validation:Enum=Order;Sum
type RepeatedHour string

// The two treatments.
const (
	Order RepeatedHour = "Order" // the file has it twice
	Sum   RepeatedHour = "Sum"   // the file has it once, with the energy of both
)

// Direction is where energy flows.
// +kubebuilder:validation:Enum=Import;Export
type Direction string

// The directions.
const (
	Import Direction = "Import" // from the grid
	Export Direction = "Export" // to the grid
)
