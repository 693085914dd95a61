package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// DatasetReportVersion is the version of the documents in which Redis and the database
// keep a dataset's report. Raise it with every change after which an older document
// means something else or has a field that is gone, and add a document of the version
// before to testdata/dataset_report.
const DatasetReportVersion = 1

// DatasetReport is what the generator leaves in Redis, a processor stores and the API
// shows.
type DatasetReport struct {
	DatasetFigures
	Rows []RejectedRow `json:"rows,omitempty"` // the first rejected ones
}

// RejectedRow is a row, or one value of a row, that cannot be used.
type RejectedRow struct {
	Line   int64  `json:"line"`             // of the unpacked file, from 1
	Column string `json:"column,omitempty"` // "" is the whole line
	Reason string `json:"reason"`
	Text   string `json:"text"` // the start of the line
}

// ErrDatasetReport means that a stored report on a dataset cannot be read.
var ErrDatasetReport = errors.New("a stored report on a dataset cannot be read")

// storedDatasetReport is a stored document: the report beside its version.
type storedDatasetReport struct {
	Version *int `json:"version"`
	DatasetReport
}

// Stored is the document in which Redis and the database keep the report.
func (r *DatasetReport) Stored() (json.RawMessage, error) {
	version := DatasetReportVersion
	return json.Marshal(storedDatasetReport{Version: &version, DatasetReport: *r})
}

// ParseDatasetReport reads a document that Stored wrote. Documents without a version are
// of version 1, which was first written without one. A later version, an unknown field
// and text behind the document are errors.
func ParseDatasetReport(document []byte) (*DatasetReport, error) {
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(document, &head); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDatasetReport, err)
	}
	if v := head.Version; v != nil && (*v < 1 || *v > DatasetReportVersion) {
		return nil, fmt.Errorf("%w: it has version %d, and this program knows those from 1 to %d; run the version of EnergyTwin that wrote it, or a newer one",
			ErrDatasetReport, *v, DatasetReportVersion)
	}
	var out storedDatasetReport
	strict := json.NewDecoder(bytes.NewReader(document))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&out); err != nil {
		return nil, fmt.Errorf("%w: version %d: %w", ErrDatasetReport, DatasetReportVersion, err)
	}
	return &out.DatasetReport, nil
}
