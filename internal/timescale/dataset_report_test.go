package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDatasetReportIsKeptAsItWasWritten(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		report, err := s.DatasetReport(t.Context())
		require.NoError(t, err)
		require.Nil(t, report)
		for _, text := range []string{`{"read":1}`, `{"read":2, "rows":[{"text":"a\u0000b ü"}]}`, `{"read":2, "rows":[{"text":"a\u0000b ü"}]}`} {
			require.NoError(t, s.SetDatasetReport(t.Context(), []byte(text)))
			report, err = s.DatasetReport(t.Context())
			require.NoError(t, err)
			require.Equal(t, text, string(report))
		}
		require.Equal(t, 1, s.count(t, `SELECT count(*) FROM dataset_report`))
		require.Error(t, s.SetDatasetReport(t.Context(), []byte(`{`)))
	})
}
