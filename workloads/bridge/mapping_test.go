package bridge

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
)

func TestMessagesAreMapped(t *testing.T) {
	for _, c := range []struct {
		mapping        config.MQTTMapping
		topic, payload string
		want, err      string
	}{
		{config.MQTTMapping{}, "any", `{"meter":"m","group":"g","ts":"2026-01-01T00:00:00Z","kwh":0.5,"interval":"PT1H"}`,
			`{"group":"g","interval":"PT1H","kwh":0.5,"meter":"m","ts":"2026-01-01T00:00:00Z"}`, ""},
		{config.MQTTMapping{Topic: "area/{group}/{meter}/+", Time: "t", Energy: "ENERGY.Period", Unit: "Wh", Interval: "PT15M"},
			"area/north/m 1/SENSOR", `{"t":1767225600,"ENERGY":{"Period":"250"}}`,
			`{"group":"north","interval":"PT15M","kwh":0.25,"meter":"m 1","ts":"2026-01-01T00:00:00Z"}`, ""},
		{config.MQTTMapping{Interval: "PT1H"}, "any", `{"meter":"m","ts":1767225600000,"kwh":1}`,
			`{"interval":"PT1H","kwh":1,"meter":"m","ts":"2026-01-01T00:00:00Z"}`, ""},
		{config.MQTTMapping{Energy: "a.b"}, "any", `{"meter":"m","ts":"x","a.b":2}`, `{"interval":null,"kwh":2,"meter":"m","ts":"x"}`, ""},
		{config.MQTTMapping{}, "any", `0.5`, "", "no JSON object"},
		{config.MQTTMapping{}, "any", `{} {}`, "", "no JSON object"},
		{config.MQTTMapping{}, "any", `{"meter":"m","ts":1.5,"kwh":1}`, "", "ts: is no whole number"},
		{config.MQTTMapping{}, "any", `{"meter":"m","ts":1}`, "", "kwh: is missing"},
		{config.MQTTMapping{}, "any", `{"meter":"m","ts":1,"kwh":"NaN"}`, "", "kwh: is no number"},
		{config.MQTTMapping{Topic: "a/{meter}"}, "b/m", `{}`, "", "levels"},
		{config.MQTTMapping{Topic: "a/{meter}"}, "a/m/x", `{}`, "", "levels"},
	} {
		m, err := newMapping(c.mapping)
		require.NoError(t, err)
		got, err := m.message(c.topic, []byte(c.payload))
		if c.err != "" {
			require.ErrorContains(t, err, c.err, c.payload)
			continue
		}
		require.NoError(t, err, c.payload)
		require.JSONEq(t, c.want, string(got))
	}
}

func TestMappingsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		mapping config.MQTTMapping
		field   string
	}{
		{config.MQTTMapping{Unit: "MWh"}, "unit"},
		{config.MQTTMapping{Interval: "P1D"}, "interval"},
		{config.MQTTMapping{Topic: "a/{site}"}, "topic"},
		{config.MQTTMapping{Topic: "a/x{meter}"}, "topic"},
	} {
		_, err := newMapping(c.mapping)
		require.ErrorContains(t, err, "ingest.mqtt.mapping."+c.field)
	}
}
