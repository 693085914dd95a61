package decisions

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// sampleDecisions are one with a value in every field, and one with none where none
// is allowed.
func sampleDecisions() (full, empty Row) {
	unknown := float32(math.NaN())
	full.Decision = dsm.Decision{
		ID: uuid.NewSHA1(uuid.NameSpaceDNS, []byte("full")), Meter: `home "<1>" & ü`, Group: "feeder-7", LimitGroup: "substation",
		IssuedAt: 438000, ValidFrom: 438000, ValidTo: 438004, ActionableFrom: 438001,
		Supersedes: uuid.NewSHA1(uuid.NameSpaceDNS, []byte("before")), SupersededEnergy: 0.125, SupersededDemand: -0.25,
		Action: dsm.ActionBattery, Reason: dsm.ReasonPriceSpread, Plan: []float32{-0.25, 1e-7, 0.5, 0},
		KWhShifted: 0.25, KWReduction: 0, PeakBefore: 1.75, PeakAfter: 1.5, PARBefore: 2.1, PARAfter: 1.8,
		CapKW: 1.5, PriceThresh: 0.3125, SavingP10: -0.01, SavingP50: 1e-9, SavingP90: 3e21, SavingEnergy: 0.25, SavingDemand: -0.5, MonthPeak: 4.5, CO2Kg: 0.1, Confidence: 0.95,
		LastReading: 437999, MissingShare: 0.125, Stale: true,
	}
	empty.Decision = dsm.Decision{
		IssuedAt: 438024, ValidFrom: 438024, ValidTo: 438048, ActionableFrom: 438024, LastReading: meter.NoHour, Reason: 77,
		PeakBefore: unknown, PeakAfter: unknown, PARBefore: unknown, PARAfter: unknown, CapKW: unknown, PriceThresh: unknown, SupersededEnergy: unknown, SupersededDemand: unknown, SavingEnergy: unknown, SavingDemand: unknown, MonthPeak: unknown, CO2Kg: unknown,
	}
	return full, empty
}

// TestDecisionMessages: messages are the recorded ones, to the byte.
func TestDecisionMessages(t *testing.T) {
	recorded, err := os.ReadFile(filepath.Join("testdata", "decision_messages.jsonl"))
	require.NoError(t, err)
	full, empty := sampleDecisions()
	message := full.AppendMessage(nil)
	message = empty.AppendMessage(append(message, '\n'))
	require.Equal(t, string(recorded), string(message)+"\n")
}

// TestMessageFieldsAreDocumented: the published schema describes the fields that
// messages have, and no others.
func TestMessageFieldsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "reference", "messages", "decision.schema.json"))
	require.NoError(t, err)
	var schema struct {
		Required   []string
		Properties map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	fields := func(d Row) map[string]any {
		var m map[string]any
		require.NoError(t, json.Unmarshal(d.AppendMessage(nil), &m))
		return m
	}
	full, empty := sampleDecisions()
	require.ElementsMatch(t, keys(schema.Properties), keys(fields(full)))
	require.Subset(t, keys(fields(empty)), schema.Required)
}

func keys(m map[string]any) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

// TestAnswerFieldsEncodeAsTheirTypes: the type that documents a field has the JSON
// that the field appends.
func TestAnswerFieldsEncodeAsTheirTypes(t *testing.T) {
	full, empty := sampleDecisions()
	for _, d := range []Row{full, empty} {
		for _, f := range AnswerFields() {
			text := f.Append(nil, d.Shown())
			value := reflect.New(f.Type)
			require.NoError(t, json.Unmarshal(text, value.Interface()), f.Name)
			again, err := json.Marshal(value.Interface())
			require.NoError(t, err, f.Name)
			require.JSONEq(t, string(text), string(again), f.Name)
			require.False(t, f.Type.Kind() != reflect.Pointer && string(text) == jsonNull, "%s is null, and its type is not", f.Name)
		}
	}
}

// TestJSONOfNumbersAndText is that of encoding/json.
func TestJSONOfNumbersAndText(t *testing.T) {
	for _, v := range []float32{0, 1, -1, 0.1, 1e-6, 9.999999e-7, 1e-9, -1e-10, 1e-38, 1e20, 1e21, -3e21, 1e30, math.MaxFloat32, math.SmallestNonzeroFloat32,
		float32(math.Copysign(0, -1))} {
		want, err := json.Marshal(v)
		require.NoError(t, err)
		require.Equal(t, string(want), string(appendJSONNumber(nil, v)))
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		require.Equal(t, jsonNull, string(appendJSONNumber(nil, float32(v))))
	}
	for _, s := range []string{"", "home-1", `a"b\c`, "ü\u2028\x01\x7f", "\xff"} {
		var want strings.Builder
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		require.NoError(t, e.Encode(s))
		require.Equal(t, strings.TrimSuffix(want.String(), "\n"), string(appendJSONText(nil, s)))
	}
}
