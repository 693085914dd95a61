package config

import (
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// Settings are what decides the effects of the twin: the settings of its core. Call
// series.Read before, where the twin has series. An error names the field and the fix.
func (t *Twin) Settings() (twin.Settings, error) {
	p := &t.Processor
	temperatures, err := TemperaturesOf(p.Temperatures)
	if err != nil {
		return twin.Settings{}, fmt.Errorf("spec.processor.forecast.temperature: %w", err)
	}
	s := twin.Settings{
		Twin:            t.Namespace + "/" + t.Name,
		SpecHash:        t.SpecHash,
		Timezone:        t.Timezone,
		IssueAt:         p.IssueAt,
		Horizon:         p.Horizon.Hours(),
		Reissue:         p.Reissue.Meters.Hours(),
		GroupReissue:    p.Reissue.Groups.Hours(),
		AllowedLateness: meter.Hour(p.AllowedLateness.Hours()),
		History:         p.HistoryWindow.Hours(),
		From:            meter.NoHour,
		To:              meter.NoHour,
		MaxKWh:          t.Dataset.MaxKW,
		IssueFrom:       meter.NoHour,
		Policy:          p.Policy,
		Temperatures:    temperatures,
	}
	t.bound(&s)
	return s, nil
}

// aheadOfBroker is how far the readings of a stream that follows the clock may lie
// after the time at which the broker accepted them.
const aheadOfBroker = time.Hour

// bound sets which hours are accepted. A replay stays inside the dataset's window,
// as far as that is known: where the spec names no start, only what reads the file
// knows it. A loop goes on with later years and has no end. A stream from outside
// may not run ahead of the broker's clock.
func (t *Twin) bound(s *twin.Settings) {
	mode := t.Generator.Mode
	s.WarmUp = mode != "Off" && t.Generator.WarmUp > 0
	if mode == "Live" || mode == "Off" {
		s.MaxAhead = aheadOfBroker
		return
	}
	if t.Dataset.Start.IsZero() {
		return
	}
	from, to := meter.HoursWithin(t.Dataset.Start, time.Duration(t.Dataset.Span))
	s.From = from
	if mode == "Replay" && to > from {
		s.To = to
	}
	if s.WarmUp {
		s.IssueFrom = from + meter.Hour(t.Generator.WarmUp.Hours())
	}
}
