package ingest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/stream"
)

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func testTwin() *config.Twin {
	t := &config.Twin{Namespace: "ns", Name: "twin", Timezone: "UTC", Generator: config.Generator{Mode: "Off"}, Ingest: config.Ingest{HTTP: true}}
	t.Kafka.Partitions = 3
	t.Processor.Policy.Groups = []dsm.Group{{Name: "area"}, {Name: "feeder", Parent: "area"}}
	return t
}

func message(meter, group, ts string, kwh float64) string {
	return fmt.Sprintf(`{"meter":%q,"group":%q,"ts":%q,"kwh":%v,"interval":"PT1H"}`, meter, group, ts, kwh)
}

func TestRowsAreJudgedAsTheProcessorJudgesThem(t *testing.T) {
	good := message("m", "", "2026-01-01T00:00:00Z", 1)
	for _, c := range []struct{ row, column, code string }{
		{`{"meter":""}`, "meter", "bad_meter"},
		{`[]`, "", "malformed"},
		{`{"version":2,"meter":"m"}`, "version", "unsupported_version"},
		{`{"meter":"m","ts":"2026-01-01"}`, "ts", "bad_timestamp"},
		{`{"meter":"m","ts":"2026-01-01T00:00:00Z","kwh":1,"interval":"P1D"}`, "interval", "unsupported_interval"},
		{`{"meter":"m","ts":"2026-01-01T00:10:00Z","kwh":1,"interval":"PT1H"}`, "ts", "not_whole_hour"},
		{`{"meter":"m","ts":"2026-01-01T00:10:00Z","kwh":1,"interval":"PT15M"}`, "ts", "not_aligned"},
		{`{"meter":"m","ts":"2026-01-01T00:00:00Z","kwh":"1","interval":"PT1H"}`, "kwh", "bad_kwh"},
		{message("m", "", "2026-03-01T15:00:00Z", 1), "ts", "in_the_future"},
		{`{"watermark":"2026-01-01T00:00:00Z"}`, "", "watermark"},
		{`{"meter":"` + strings.Repeat("x", MaxRowBytes) + `"}`, "", "row_too_long"},
	} {
		in := NewRules(testTwin()).NewIntake(testNow)
		require.NoError(t, in.JSON([]byte("["+good+","+c.row+"]")), c.row)
		require.Equal(t, 1, in.Accepted)
		require.Equal(t, 1, in.Rejected)
		require.Equal(t, Rejection{Row: 2, Column: c.column, Code: c.code, Detail: in.Rejections[0].Detail}, in.Rejections[0])
		require.NotEmpty(t, in.Rejections[0].Detail)
		if c.code == CodeWatermark {
			require.Len(t, in.records, 1, "a watermark must not end hours by the way")
		} else {
			require.Len(t, in.records, 2, "the processor quarantines and counts what is rejected")
		}
	}
}

func TestBodiesThatAreNoRows(t *testing.T) {
	for _, c := range []struct {
		text string
		err  error
	}{
		{`[{"meter":"m"`, ErrNotJSON},
		{`{"meter":"m"} {"meter":"n"}`, ErrNotJSON},
		{`meter,kwh`, ErrNotJSON},
		{``, ErrNotJSON},
		{`[]`, ErrNoRows},
		{"[" + strings.Repeat("1,", MaxRows) + "1]", ErrTooManyRows},
	} {
		require.ErrorIs(t, NewRules(testTwin()).NewIntake(testNow).JSON([]byte(c.text)), c.err, "%.20s", c.text)
	}
	require.ErrorIs(t, NewRules(testTwin()).NewIntake(testNow).Lines([]byte(" \n\n")), ErrNoRows)
	require.ErrorIs(t, NewRules(testTwin()).NewIntake(testNow).Lines([]byte(strings.Repeat("1\n", MaxRows+1))), ErrTooManyRows)
}

func TestReadingsAreInTheOrderOfTimeUnderTheKeyOfTheirTree(t *testing.T) {
	lines := strings.Join([]string{
		message("a", "feeder", "2026-01-01T02:00:00Z", 1),
		"",
		message("b", "", "2026-01-01T01:00:00Z", 2),
		message("c", "area", "2026-01-01T01:00:00Z", 3),
		"broken",
		message("c", "area", "2026-01-01T01:00:00Z", 4), // a correction stays behind what it corrects
		`{"meter":"a\u0062","ts":"2026-01-01T00:00:00Z","kwh":5,"interval":"PT15M"}`,
	}, "\n")
	in := NewRules(testTwin()).NewIntake(testNow)
	require.NoError(t, in.Lines([]byte(lines)))
	require.Equal(t, 5, in.Accepted)
	require.EqualValues(t, 5, in.Rejections[0].Row, "lines count, empty ones too")
	byKey := map[string][]float64{}
	for _, c := range in.chunks() {
		last := int64(0)
		for _, r := range c.records {
			require.GreaterOrEqual(t, r.start, last)
			last = r.start
			if r.start == afterAll {
				require.Equal(t, "broken", string(r.value))
				continue
			}
			require.Equal(t, stream.Partition(r.key, 3), c.partition)
			var m struct{ KWh float64 }
			require.NoError(t, json.Unmarshal(r.value, &m))
			byKey[string(r.key)] = append(byKey[string(r.key)], m.KWh)
		}
	}
	require.Equal(t, map[string][]float64{"area": {3, 4, 1}, "b": {2}, "ab": {5}}, byKey)
}

func TestTextsAreReadByTheirLayout(t *testing.T) {
	const csv = "meter,group,start,kwh\nm,feeder,2026-01-01T00:00:00Z,0.5\nm,feeder,2026-01-01T01:00:00Z,broken\nm,feeder,2026-01-01T02:00:00Z,0.25\n"
	in := NewRules(testTwin()).NewIntake(testNow)
	require.NoError(t, in.File(t.Context(), []byte(csv), &layout.Document{Meter: &layout.Meter{Column: "meter", GroupColumn: "group"}}))
	require.Equal(t, 2, in.Accepted)
	require.Equal(t, 1, in.Rejected)
	require.EqualValues(t, 3, in.Rejections[0].Row)
	require.Equal(t, CodeUnreadableRow, in.Rejections[0].Code)
	require.Equal(t, "kwh", in.Rejections[0].Column)
	in.chunks()
	first := in.records[slices.IndexFunc(in.records, func(r record) bool { return r.start != afterAll })]
	require.Equal(t, `{"meter":"m","group":"feeder","ts":"2026-01-01T00:00:00Z","kwh":0.5,"interval":"PT1H"}`, string(first.value))
	require.Equal(t, "area", string(first.key))

	in = NewRules(testTwin()).NewIntake(testNow)
	octopus, err := layout.Named("octopus")
	require.NoError(t, err)
	require.NoError(t, in.File(t.Context(), []byte("Consumption (kWh), Start, End\n0.1, 2026-01-01T00:00:00+00:00, 2026-01-01T00:30:00+00:00\n"+
		"0.2, 2026-01-01T00:30:00+00:00, 2026-01-01T01:00:00+00:00\n0.3, 2026-01-01T01:00:00+00:00, 2026-01-01T01:30:00+00:00\n"), octopus))
	require.Equal(t, 1, in.Accepted)
	require.Contains(t, strings.Join(in.Findings, "\n"), "1 hours are left out")

	in = NewRules(testTwin()).NewIntake(testNow)
	err = in.File(t.Context(), []byte("when,a\n03/04/2026 00:00,1\n03/04/2026 01:00,2\n03/04/2026 02:00,2\n"), nil)
	var unreadable *FileError
	require.ErrorAs(t, err, &unreadable)
	var doubt *dataset.DoubtError
	require.ErrorAs(t, err, &doubt)
}
