package openapi

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// An integer is a number without a fraction, however it is written (JSON Schema 2020-12, 4.2.3).
func TestIntegersOfJSONSchema(t *testing.T) {
	type body struct {
		N    *int    `json:"n"`
		List []int64 `json:"list"`
		KWh  float64 `json:"kwh"`
		In   *struct{ N int }
	}
	for text, want := range map[string]int{
		`{"n": 2146}`: 2146, `{"n": 2146.0}`: 2146, `{"n": -0.0}`: 0, `{"n": 2e3}`: 2000, `{"n": 1.5e1}`: 15, `{"n": 9007199254740992.0}`: 1 << 53,
		`{"n": 7, "kwh": 0.5}`: 7, `{"n": 7.0, "kwh": 0.5, "list": [1.0, 2, 3e0]}`: 7,
	} {
		var b body
		require.NoError(t, unmarshal([]byte(text), &b), text)
		require.NotNil(t, b.N, text)
		require.Equal(t, want, *b.N, text)
	}
	var b body
	require.NoError(t, unmarshal([]byte(`{"n": 7.0, "kwh": 0.5, "list": [1.0, 2], "In": {"N": 3.0}}`), &b))
	require.Equal(t, []int64{1, 2}, b.List)
	require.Equal(t, 0.5, b.KWh)
	require.Equal(t, 3, b.In.N)

	for _, text := range []string{`{"n": 0.5}`, `{"n": "7"}`, `{"n": 1e999999999}`, `{"n": 1e300}`, `{"n": 9007199254740994.0}`, `{"n": 7.0, "kwh": "x"}`, `{"n": `, `[7.0]`} {
		require.Error(t, unmarshal([]byte(text), &body{}), text)
	}
	var kind *json.UnmarshalTypeError
	require.ErrorAs(t, unmarshal([]byte(`{"n": 0.5}`), &body{}), &kind)
	require.Equal(t, "number 0.5", kind.Value, "the error is about what the caller wrote")
}
