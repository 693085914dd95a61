package timescale

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesOfStatements(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1": "SELECT", "\n\t\tSELECT\n a": "SELECT", "with x AS (SELECT 1) SELECT 2": "WITH", "(SELECT 1)": "SELECT", "begin": "BEGIN",
		"": "statement", "SET x = 'secret'": "SET", "'secret'": "statement", "averyveryverylongword x": "statement", "SELECT\t1": "SELECT",
	} {
		require.Equal(t, want, operationOf(sql), sql)
	}
	for name, want := range map[string]string{
		"/reader.(*DB).MeterLoad": "reader.MeterLoad", "/reader.(*DB).MeterLoad.func1": "reader.MeterLoad", "/writer.reject": "writer.reject",
		".(*DB).Ping": "timescale.Ping", ".Overview.func2.1": "timescale.Overview", "/reader.collect[...]": "reader.collect",
	} {
		require.Equal(t, want, plainFunction(name), name)
	}
}
