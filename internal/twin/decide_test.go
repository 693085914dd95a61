package twin

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// What is decided beside the rules is what a partition under those rules decides, and
// nothing else follows from it.
func TestDecideBeside(t *testing.T) {
	own := testRules(t, testSettings())
	changed := testSettings()
	changed.SpecHash = "two"
	changed.Policy.Tariff.Default, changed.Policy.Tariff.DemandCharge = .5, 3
	changed.Policy.Groups = nil
	other := testRules(t, changed)
	require.True(t, own.SharesForecasts(other))

	walk := func(p *Partition) (decisions, beside, rest string) {
		var meters []*Meter
		for i := range 4 {
			meters = append(meters, p.Register(MeterRef{MeterKey: MeterKey{Name: fmt.Sprint("m", i), Group: "feeder"}, MeterNo: int32(i + 1), GroupNo: 1}))
		}
		var fx Effects
		var state []byte
		for day := range 20 {
			p.Begin(&fx)
			for i := range meter.HoursPerDay {
				h := own.From + meter.Hour(day*meter.HoursPerDay+i)
				for k, m := range meters {
					p.Accept(Reading{Meter: m, Hour: h, KWh: .2 + float32((int(h)*7+k*13)%24)/12}, p.next, &fx)
					p.next++
				}
			}
			p.Finish(&fx)
			decisions += fmt.Sprintf("%+v", fx.Decisions)
			beside += fmt.Sprintf("%+v", fx.Beside)
			rest += fmt.Sprintf("%+v %+v %+v", fx.Forecasts, fx.GroupTotals, fx.Counts)
		}
		for _, m := range meters {
			state = m.AppendBinary(state)
		}
		return decisions, beside, rest + string(p.AppendHeader(state))
	}
	decisions, none, rest := walk(New(0, own))
	require.Equal(t, len(none), 20*len("[]"))
	wanted, _, _ := walk(New(0, other))
	require.NotEqual(t, decisions, wanted)

	both := New(0, own)
	both.DecideBeside(other)
	gotDecisions, gotBeside, gotRest := walk(both)
	require.Equal(t, decisions, gotDecisions)
	require.Equal(t, wanted, gotBeside)
	require.Equal(t, rest, gotRest)
}

func TestWhatSharesForecasts(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Settings)
		shares bool
	}{
		"nothing": {func(*Settings) {}, true},
		"policy":  {func(s *Settings) { s.SpecHash, s.Policy.Mode = "two", dsm.ModeOff }, true},
		"nesting": {func(s *Settings) {
			s.Policy.Groups = []dsm.Group{{Name: "feeder", Parent: "transformer", CapacityKW: 3}, {Name: "transformer"}}
		}, false},
		"issue time":   {func(s *Settings) { s.IssueAt = "12:00" }, false},
		"history":      {func(s *Settings) { s.History = 1400 }, false},
		"lateness":     {func(s *Settings) { s.AllowedLateness = 2 }, false},
		"reissue":      {func(s *Settings) { s.Reissue = 6 }, false},
		"limit":        {func(s *Settings) { s.MaxKWh = 50 }, false},
		"temperatures": {func(s *Settings) { s.Temperatures = forecast.NewTemperatures(map[meter.Hour]float32{s.From: 3}) }, false},
	} {
		s := testSettings()
		c.change(&s)
		require.Equal(t, c.shares, testRules(t, testSettings()).SharesForecasts(testRules(t, s)), name)
	}
}
