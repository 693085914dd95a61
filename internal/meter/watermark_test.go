package meter

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWatermarkMessages(t *testing.T) {
	const noon Hour = 420_012 // 2017-11-30T12:00:00Z
	for value, want := range map[string]struct {
		hour  Hour
		known bool
		err   error
	}{
		string(AppendWatermark(nil, noon)):                           {noon, true, nil},
		`{ "watermark" : "2017-11-30T13:00:00+01:00", "more": [1] }`: {noon, true, nil},
		`{"version":1,"watermark":"2017-11-30T12:00:00Z"}`:           {noon, true, nil},
		`{"version":2,"watermark":"2017-11-30T12:00:00Z"}`:           {NoHour, true, ErrVersion},
		`{"watermark":"2017-11-30T12:15:00Z"}`:                       {NoHour, true, ErrNotWholeHour},
		`{"watermark":"2017-11-30T12:00:00"}`:                        {NoHour, true, ErrTimestamp},
		`{"watermark":"tomorrow"}`:                                   {NoHour, true, ErrTimestamp},
		`{"watermark":1}`:                                            {NoHour, false, nil},
		`{"watermark":null}`:                                         {NoHour, false, nil},
		`{"meter":"m","watermark":"2017-11-30T12:00:00Z"}`:           {NoHour, false, nil},
		`{"meter":"m","ts":"2017-11-30T12:00:00Z","kwh":1}`:          {NoHour, false, nil},
		`["watermark","2017-11-30T12:00:00Z"]`:                       {NoHour, false, nil},
		`{"watermark":"2017-11-30T12:00:00Z"`:                        {NoHour, false, nil},
		``:                                                           {NoHour, false, nil},
	} {
		w, known, err := DecodeWatermark([]byte(value))
		require.Equal(t, want.known, known, value)
		require.Equal(t, want.hour, w, value)
		require.ErrorIs(t, err, want.err, value)
		require.Error(t, DecodeMessage([]byte(value), &Message{}), "a watermark is no reading: %s", value)
	}
}

// The published schema and the decoder agree.
func TestWatermarksOfThePublishedSchema(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "messages", "watermark.schema.json"))
	require.NoError(t, err)
	var schema struct {
		Properties map[string]struct{ Const any }
		Required   []string
		Examples   []json.RawMessage
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	require.Equal(t, []string{"watermark"}, schema.Required)
	require.EqualValues(t, MessageVersion, schema.Properties["version"].Const)
	require.NotEmpty(t, schema.Examples)
	for _, example := range schema.Examples {
		w, known, err := DecodeWatermark(example)
		require.NoError(t, err)
		require.True(t, known)
		require.JSONEq(t, string(example), string(AppendWatermark(nil, w)))
	}
}
