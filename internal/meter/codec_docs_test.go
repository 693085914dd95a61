package meter

import (
	"encoding/json"
	"maps"
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
			Enum             []string
		}
		AllOf []struct {
			If, Then struct {
				Properties map[string]struct {
					Const            string
					Minimum, Maximum float64
				}
			}
		}
		Examples []map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	require.Equal(t, MaxNameBytes, schema.Properties["meter"].MaxLength)
	require.Equal(t, MaxNameBytes, schema.Properties["group"].MaxLength)
	require.Equal(t, []float64{-MaxAbsKWh, MaxAbsKWh}, []float64{schema.Properties["kwh"].Minimum, schema.Properties["kwh"].Maximum})
	limits := map[string]float64{"PT1H": MaxAbsKWh, "PT30M": MaxAbsKWh / 2, "PT15M": MaxAbsKWh / 4}
	require.ElementsMatch(t, slices.Collect(maps.Keys(limits)), schema.Properties["interval"].Enum)
	require.Len(t, schema.AllOf, len(limits)-1, "a limit for each finer interval")
	for _, rule := range schema.AllOf {
		kwh, limit := rule.Then.Properties["kwh"], limits[rule.If.Properties["interval"].Const]
		require.Equal(t, []float64{-limit, limit}, []float64{kwh.Minimum, kwh.Maximum})
	}
	require.NotEmpty(t, schema.Examples)

	decode := func(example map[string]any) error {
		value, err := json.Marshal(example)
		require.NoError(t, err)
		return DecodeMessage(value, &Message{})
	}
	for interval, limit := range limits {
		example := maps.Clone(schema.Examples[0])
		example["interval"], example["kwh"] = interval, limit
		require.NoError(t, decode(example), interval)
		example["kwh"] = -limit - 1
		require.ErrorIs(t, decode(example), ErrEnergy, interval)
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
