package tabular

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Where encoding/csv reads a text to its end, and no field is longer than the
// look-ahead, the fast reader reads the same records.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a,\"b\"\"c\",d\r\n\n\"x\ny\",2\n", "\"", "a\"b,c\n", "\"a\",\"b\nc\"\nd,e", ",,\n,\n", "\"a\"b\nc\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := NewReader(bytes.NewReader(text), ',')
		var got [][]string
		bad := 0
		for {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if rec.Err != nil {
				bad++
				continue
			}
			got = append(got, stringsOf(rec.Fields))
		}
		require.LessOrEqual(t, r.LineNumber(), int64(bytes.Count(text, []byte("\n"))+1))

		std := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		tooFar := strings.Count(string(text), "\n") >= maxRecordLines || len(text) > maxRecordBytes
		loneReturn := bytes.Contains(text, []byte("\r")) // encoding/csv drops one at the very end only
		if err == nil && !tooFar && !loneReturn {
			require.Zero(t, bad)
			require.Equal(t, want, got)
		}
	})
}

func stringsOf(fields [][]byte) []string {
	out := make([]string, 0, len(fields))
	for _, f := range fields {
		out = append(out, string(f))
	}
	return out
}
