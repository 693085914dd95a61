package dataset

import (
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// SuspiciousHours is the length from which a run of zeros, or of one other
// value, is suspected to mark missing readings.
const SuspiciousHours = 24

// ReportVersion is the version of Report as JSON. Raise it with every change after which
// a field means something else or is gone.
const ReportVersion = 1

// Report is what an inspection of a dataset finds.
type Report struct {
	Version int `json:"version"`
	Info
	Start        time.Time     `json:"start"`
	End          time.Time     `json:"end"` // exclusive
	MissingHours int64         `json:"missingHours"`
	Suspicious   int           `json:"suspicious"` // meters with long runs of zeros or of one value
	Meters       []MeterReport `json:"meters"`
}

// MeterReport is what an inspection finds about one meter. Runs are of
// consecutive hours; a gap ends them.
type MeterReport struct {
	Name            string    `json:"name"`
	Group           string    `json:"group,omitempty"`
	First           time.Time `json:"first,omitzero"`
	Last            time.Time `json:"last,omitzero"`
	Rows            int64     `json:"rows"`
	Gaps            int       `json:"gaps"`            // runs of missing hours between the first and the last row
	MissingHours    int       `json:"missingHours"`    // in these gaps
	LongestGap      int       `json:"longestGap"`      // hours
	Repeated        int       `json:"repeated"`        // rows for an hour that had one already
	Negative        int       `json:"negative"`        // rows of net export
	Zeros           int       `json:"zeros"`           // rows that are 0
	LongestZeros    int       `json:"longestZeros"`    // hours
	LongestConstant int       `json:"longestConstant"` // hours of one value that is not 0
	Min             float32   `json:"min"`             // kWh in an hour
	Mean            float64   `json:"mean"`
	Max             float32   `json:"max"`

	lastHour meter.Hour
	lastKWh  float32
	run      int
	sum      float64
}

// Suspicious is true if the meter has a run that is suspected to be no measurement.
func (m *MeterReport) Suspicious() bool {
	return m.LongestZeros >= SuspiciousHours || m.LongestConstant >= SuspiciousHours
}

// Inspect reads all rows of a source once.
func Inspect(s Source) (*Report, error) {
	info := s.Info()
	r := &Report{Version: ReportVersion, Info: info, Start: info.Start.Time(), End: info.End.Time(), Meters: make([]MeterReport, len(info.Meters))}
	r.Info.Meters = nil
	for i, m := range info.Meters {
		r.Meters[i] = MeterReport{Name: m.Name, Group: m.Group}
	}
	for block, err := range s.Rows(info.Start) {
		if err != nil {
			return nil, err
		}
		for _, row := range block {
			r.Meters[row.Meter].add(row)
		}
	}
	for i := range r.Meters {
		m := &r.Meters[i]
		if m.Rows == 0 {
			continue
		}
		m.Last = m.lastHour.Time()
		m.Mean = m.sum / float64(m.Rows)
		r.MissingHours += int64(m.MissingHours)
		if m.Suspicious() {
			r.Suspicious++
		}
	}
	return r, nil
}

func (m *MeterReport) add(row Row) {
	if m.Rows == 0 {
		m.First = row.Hour.Time()
		m.Min, m.Max = row.KWh, row.KWh
	}
	m.Min, m.Max = min(m.Min, row.KWh), max(m.Max, row.KWh)
	m.sum += float64(row.KWh)
	if row.KWh < 0 {
		m.Negative++
	}
	if row.KWh == 0 {
		m.Zeros++
	}
	m.follow(row)
	m.Rows++
	m.lastHour, m.lastKWh = row.Hour, row.KWh
}

// follow compares a row with the one before it.
func (m *MeterReport) follow(row Row) {
	if m.Rows > 0 && row.Hour == m.lastHour {
		m.Repeated++
		return
	}
	gap := int(row.Hour-m.lastHour) - 1
	if m.Rows == 0 {
		gap = 0
	}
	if gap > 0 {
		m.Gaps++
		m.MissingHours += gap
		m.LongestGap = max(m.LongestGap, gap)
	}
	if m.Rows > 0 && gap == 0 && row.KWh == m.lastKWh {
		m.run++
	} else {
		m.run = 1
	}
	if row.KWh == 0 {
		m.LongestZeros = max(m.LongestZeros, m.run)
	} else {
		m.LongestConstant = max(m.LongestConstant, m.run)
	}
}
