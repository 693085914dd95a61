package api

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// TestDecisionAnswers: the answers of the API about decisions are the recorded ones,
// to the byte.
func TestDecisionAnswers(t *testing.T) {
	twin := config.Twin{}
	twin.Processor.Policy.Tariff.Currency = "EUR"
	utc, err := meter.NewCalendar("UTC")
	require.NoError(t, err)
	s := &server{twin: twin, calendar: utc}
	unknown := float32(math.NaN())
	full := decisions.Row{
		Decision: dsm.Decision{
			ID: uuid.NewSHA1(uuid.NameSpaceDNS, []byte("full")), Meter: `home "<1>" & ü`, Group: "feeder-7",
			IssuedAt: 438000, ValidFrom: 438000, ValidTo: 438004, ActionableFrom: 438001,
			Supersedes: uuid.NewSHA1(uuid.NameSpaceDNS, []byte("before")), SupersededEnergy: 0.125, SupersededDemand: -0.25,
			Action: dsm.ActionBattery, Reason: dsm.ReasonPriceSpread, Plan: []float32{-0.25, 1e-7, 0.5, 0},
			KWhShifted: 0.25, KWReduction: -0, PeakBefore: 1.75, PeakAfter: 1.5, PARBefore: 2.1, PARAfter: 1.8,
			CapKW: 1.5, PriceThresh: 0.3125, SavingP10: -0.01, SavingP50: 1e-9, SavingP90: 3e21, SavingEnergy: 0.25, SavingDemand: -0.5, MonthPeak: 4.5, CO2Kg: 0.1, Confidence: 0.95,
			Items:        []dsm.PlanItem{{Action: dsm.ActionBattery, Saving: 0.1, Plan: []float32{-0.25, 0, 0.5, 0}, Value: []float32{0.1, 0.2, 0.3, unknown}}},
			Factors:      []dsm.WeightedFactor{{Factor: dsm.FactorPriceSpread, Weight: 0.2}, {Factor: dsm.FactorMissing, Weight: unknown}},
			Binding:      []dsm.Constraint{dsm.ConstraintStoreSize, 42},
			Alternatives: []dsm.Alternative{{Action: dsm.ActionLoadShift, Reason: dsm.ReasonLowerSaving, Saving: -0.05}},
			LastReading:  437999, MissingShare: 0.125, Stale: true,
		},
		MeterNo: 1, GroupNo: 2, Provenance: 3, HeldTo: 438003,
	}
	empty := decisions.Row{Decision: dsm.Decision{
		IssuedAt: 438024, ValidFrom: 438024, ValidTo: 438048, ActionableFrom: 438024, LastReading: meter.NoHour, Reason: 77,
		PeakBefore: unknown, PeakAfter: unknown, PARBefore: unknown, PARAfter: unknown, CapKW: unknown, PriceThresh: unknown, SupersededEnergy: unknown, SupersededDemand: unknown, SavingEnergy: unknown, SavingDemand: unknown, MonthPeak: unknown, CO2Kg: unknown,
	}, Shadow: true, HeldTo: 438048}
	made := decisions.Provenance{Model: "combined", ModelVersion: "7", Mode: "Advisory"}
	for name, body := range map[string]any{
		"list": decisionList{Answer[[]DecisionHeader]{Data: []DecisionHeader{s.decisionHeader(full, 438002), s.decisionHeader(empty, 438002)}}},
		"full": Answer[Decision]{Data: s.decisionView(full, made, []decisions.Row{full}, 438002)},
		"none": Answer[Decision]{Data: s.decisionView(empty, made, nil, 438050)},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			require.NoError(t, writeJSON(&got, body))
			file := filepath.Join("testdata", "decision_"+name+".json")
			if *update {
				require.NoError(t, os.WriteFile(file, got.Bytes(), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got.String())
			var encoded bytes.Buffer
			require.NoError(t, huma.DefaultJSONFormat.Marshal(&encoded, body))
			require.Equal(t, encoded.String(), got.String())
		})
	}
}

// TestPagesOfDecisionsAreWrittenAsTheyEncode: with a page, without decisions, and in a zone.
func TestPagesOfDecisionsAreWrittenAsTheyEncode(t *testing.T) {
	next, at := `c"<`, time.Date(2019, 7, 1, 0, 0, 0, 0, time.UTC)
	for _, answer := range []Answer[[]DecisionHeader]{
		{Data: []DecisionHeader{}},
		{Data: []DecisionHeader{}, Page: &Page{Limit: 50, NextCursor: &next, HasMore: true}, Meta: Meta{TZ: "Europe/London", AsOf: &at, Partial: true}},
	} {
		var got, encoded bytes.Buffer
		require.NoError(t, writeJSON(&got, decisionList{answer}))
		require.NoError(t, huma.DefaultJSONFormat.Marshal(&encoded, answer))
		require.Equal(t, encoded.String(), got.String())
	}
}

// A decision about a limit names the meters that move most for it, and what the others move together.
func TestDecisionNamesWhoHoldsTheLimit(t *testing.T) {
	if store == nil {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	s, err := newServer(filledTwin(t), Deps{DB: store})
	require.NoError(t, err)
	var about *decisions.Row
	end, err := s.db.Summary(t.Context())
	require.NoError(t, err)
	list, err := s.db.ListDecisions(t.Context(), reader.DecisionList{
		From: end.LeastWatermark - 24*60, To: end.LeastWatermark, About: "group", Planned: true, Limit: 1000,
	})
	require.NoError(t, err)
	for i := range list {
		if list[i].Reason == dsm.ReasonGroupLimit {
			about = &list[i]
			break
		}
	}
	require.NotNil(t, about, "a limit was at risk in these weeks")

	answer, err := s.getDecision(t.Context(), &decisionPath{ID: about.ID.String()})
	require.NoError(t, err)
	by := answer.Body.Data.Contributors
	require.Positive(t, by.Meters)
	require.Len(t, by.Top, min(by.Meters, mostContributors))
	require.Equal(t, by.Meters, len(by.Top)+by.RestMeters)
	sum := *by.RestKWh
	for i, m := range by.Top {
		sum += *m.KWh
		require.True(t, i == 0 || *m.KWh <= *by.Top[i-1].KWh, "the greatest first")
	}
	require.InDelta(t, *by.KWh, sum, 1e-5)
	require.GreaterOrEqual(t, *by.KWh, about.KWhShifted-1e-4, "what the group moves in sum, meters move at least")

	words, err := s.explainDecision(t.Context(), &decisionPath{ID: about.ID.String()})
	require.NoError(t, err)
	require.Contains(t, strings.Join(words.Body.Data.Why, " "), "For the limit, "+by.Top[0].Meter+" (")
	members, err := s.db.ListDecisions(t.Context(), reader.DecisionList{From: about.IssuedAt, To: about.IssuedAt + 1, GroupNo: &about.GroupNo, About: "meter", Limit: 1})
	require.NoError(t, err)
	answer, err = s.getDecision(t.Context(), &decisionPath{ID: members[0].ID.String()})
	require.NoError(t, err)
	require.Nil(t, answer.Body.Data.Contributors)
}
