package layout

// Time defines when a reading was taken.
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
