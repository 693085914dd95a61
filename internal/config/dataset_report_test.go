package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// storedReport is the report of the documents in testdata/dataset_report.
func storedReport() *DatasetReport {
	return &DatasetReport{
		DatasetFigures: DatasetFigures{
			Read: 64_800, RejectedRows: 3, Missing: 24, Estimated: 5, Skipped: 6, Incomplete: 7, Overlaps: 8, Resets: 9,
			Reasons:  []RowsFigures{{Reason: "the value is not a number", Rows: 2}, {Reason: "the timestamp is empty", Rows: 1}},
			Findings: []string{"guessed unit: kWh (nothing names a unit, and kWh is the usual one; to change it, set spec.dataset.layout.unit)"},
		},
		Rows: []RejectedRow{
			{Line: 17, Column: "kwh", Reason: "the value is not a number", Text: "home-000001,2019-01-01T15:00:00Z,much"},
			{Line: 202, Reason: "the timestamp is empty", Text: "home-000009,,0.4"},
		},
	}
}

func TestStoredDatasetReports(t *testing.T) {
	for _, name := range []string{"v1.json", "v1-without-a-version.json"} {
		t.Run(name, func(t *testing.T) {
			document, err := os.ReadFile(filepath.Join("testdata", "dataset_report", name))
			require.NoError(t, err)
			report, err := ParseDatasetReport(document)
			require.NoError(t, err)
			require.Equal(t, storedReport(), report)
		})
	}
	current, err := os.ReadFile(filepath.Join("testdata", "dataset_report", "v1.json"))
	require.NoError(t, err)
	written, err := storedReport().Stored()
	require.NoError(t, err)
	require.Equal(t, string(current), string(written)+"\n", "a change of the document needs another version")
}

func TestDatasetReportsThatAreRejected(t *testing.T) {
	for name, tc := range map[string]struct{ document, message string }{
		"a later version":   {`{"version":2,"read":1}`, "version 2, and this program knows those from 1 to 1"},
		"version 0":         {`{"version":0}`, "version 0"},
		"version as text":   {`{"version":"1"}`, "version"},
		"an unknown field":  {`{"version":1,"read":1,"duplicates":2}`, `unknown field "duplicates"`},
		"without a version": {`{"duplicates":2}`, `unknown field "duplicates"`},
		"in a row":          {`{"version":1,"rows":[{"line":1,"file":"a.csv"}]}`, `unknown field "file"`},
		"text behind it":    {`{"version":1}{}`, "after top-level value"},
		"no document":       {`[]`, "cannot unmarshal array"},
		"nothing":           {``, "unexpected end"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseDatasetReport([]byte(tc.document))
			require.ErrorIs(t, err, ErrDatasetReport)
			require.ErrorContains(t, err, tc.message)
		})
	}
}
