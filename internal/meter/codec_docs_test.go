package meter

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The published schema and the decoder must say the same.
func TestDecoderAgreesWithThePublishedSchema(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "messages", "reading.schema.json"))
	require.NoError(t, err)
	var schema struct {
		Required   []string
		Properties map[string]struct {
			MaxLength        int
			Minimum, Maximum float64
			Const            string
		}
		Examples []map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	require.Equal(t, MaxNameBytes, schema.Properties["meter"].MaxLength)
	require.Equal(t, MaxNameBytes, schema.Properties["group"].MaxLength)
	require.Equal(t, []float64{-MaxAbsKWh, MaxAbsKWh}, []float64{schema.Properties["kwh"].Minimum, schema.Properties["kwh"].Maximum})
	require.Equal(t, "PT1H", schema.Properties["interval"].Const)
	require.NotEmpty(t, schema.Examples)

	decode := func(example map[string]any) error {
		value, err := json.Marshal(example)
		require.NoError(t, err)
		return DecodeMessage(value, &Message{})
	}
	for _, example := range schema.Examples {
		require.NoError(t, decode(example))
		for field := range schema.Properties {
			whole, there := example[field]
			if !there {
				continue
			}
			delete(example, field)
			if slices.Contains(schema.Required, field) {
				require.Error(t, decode(example), "without %s", field)
			} else {
				require.NoError(t, decode(example), "without %s", field)
			}
			example[field] = whole
		}
	}
}
