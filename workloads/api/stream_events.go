package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	live "github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/stream"
)

// StateEvent is the load of a group in an hour that was stored, so far.
type StateEvent struct {
	Group  *string   `json:"group" doc:"Null for the meters outside any"`
	At     time.Time `json:"at" doc:"Start of the newest hour that has ended"`
	KWh    *float64  `json:"kwh" doc:"Energy of the hour, with that of the groups below"`
	Meters int       `json:"meters" doc:"That have reported the hour"`
}

// ForecastEvent is a forecast of a group's load that was issued.
type ForecastEvent struct {
	Group    *string    `json:"group" doc:"Null where forecasts of meters alone were issued"`
	IssuedAt time.Time  `json:"issuedAt"`
	DayAhead bool       `json:"dayAhead" doc:"Issued at the issue time of the twin"`
	PeakKW   *float64   `json:"peakKw" doc:"Greatest median hour; null for none"`
	PeakAt   *time.Time `json:"peakAt" doc:"Start of that hour"`
}

// LimitEvent is a limit of a group that is at risk by a forecast that was issued: an hour exceeds
// it, with the plans, more probably than the policy tolerates.
type LimitEvent struct {
	Group       string    `json:"group"`
	IssuedAt    time.Time `json:"issuedAt" doc:"Of the forecast"`
	At          time.Time `json:"at" doc:"Start of the hour that is most likely to exceed the limit"`
	CapacityKW  float64   `json:"capacityKw" doc:"The limit"`
	Probability float64   `json:"probability" doc:"Of that hour, 0 to 1"`
	Tolerated   float64   `json:"tolerated" doc:"Probability that the policy tolerates"`
	ExcessKWh   float64   `json:"excessKwh" doc:"Energy expected above the limit in that hour"`
}

// ResetEvent is sent where events may be missing: read again what is shown.
type ResetEvent struct {
	Reason string `json:"reason" enum:"unknown_id,events_dropped" doc:"unknown_id: the id to go on from is not known here, or older than the events that are kept. events_dropped: events before this one were dropped, as Redis was away"`
}

// errLiveEvent is that of an event of a form that is not known here.
var errLiveEvent = errors.New("a live event of an unknown form")

// liveItems reads what an event of the live stream names. The order is that of how sure it is to
// be the same when read again: decisions do not change.
func (s *server) liveItems(ctx context.Context, e *live.LiveEvent) ([]stream.Item, error) {
	kind := e.Field(live.FieldType)
	if kind == live.LiveRejected {
		return s.rejectedItems(ctx, e)
	}
	at, err := time.Parse(time.RFC3339, e.Field(live.FieldHour))
	if err != nil {
		s.log.WarnContext(ctx, "a live event is skipped", "type", kind, "error", err)
		return nil, nil
	}
	hour := meter.HourOf(at)
	switch kind {
	case live.LiveState:
		return s.stateItems(ctx, e.Partition, hour)
	case live.LiveDecisions:
		made, err := s.decisionItems(ctx, e.Partition, hour)
		if err != nil {
			return nil, err
		}
		issued, err := s.issueItems(ctx, e.Partition, hour)
		return append(made, issued...), err
	case live.LiveForecasts:
		return s.issueItems(ctx, e.Partition, hour)
	}
	s.log.WarnContext(ctx, "a live event is skipped", "type", kind, "error", errLiveEvent) // of a later version
	return nil, nil
}

// itemOf is an item about a group, or about a meter in it.
func (s *server) itemOf(kind stream.Kind, of, group string, data any) (stream.Item, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return stream.Item{}, fmt.Errorf("%s event: %w", kind, err)
	}
	item := stream.Item{Kind: kind, Meter: of, Data: text}
	if group != "" {
		item.Groups = append([]string{group}, s.tree.Above(group)...)
	}
	return item, nil
}

func (s *server) decisionItems(ctx context.Context, partition int, issued meter.Hour) ([]stream.Item, error) {
	rows, err := s.db.DecisionsIssued(ctx, partition, issued)
	if err != nil {
		return nil, err
	}
	items := make([]stream.Item, len(rows))
	for i, d := range rows {
		d.HeldTo = d.ValidTo // as it was when it was made
		if items[i], err = s.itemOf(stream.KindDecision, d.Meter, d.Group, s.decisionHeader(d, issued)); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// issueItems are the forecasts of an issue, and the limits that are at risk by them.
func (s *server) issueItems(ctx context.Context, partition int, issued meter.Hour) (items []stream.Item, err error) {
	forecasts, err := s.db.GroupForecastsIssued(ctx, partition, issued)
	if err != nil {
		return nil, err
	}
	if len(forecasts) == 0 {
		item, err := s.itemOf(stream.KindForecast, "", "", ForecastEvent{IssuedAt: issued.Time()})
		return []stream.Item{item}, err
	}
	var risks []stream.Item
	for i := range forecasts {
		f := &forecasts[i]
		item, err := s.itemOf(stream.KindForecast, "", f.Group, forecastEvent(f))
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		limit := s.limitOf(f.Group)
		if limit == nil || f.Limit == nil {
			continue
		}
		risk := limitRisk{group: f.Group, tolerated: limit.Exceedance}
		if limit.Exceedance == 0 {
			risk.tolerated = meanDay
		}
		if !risk.add(&f.GroupForecast, issued) || !risk.atRisk() {
			continue
		}
		w := &risk.worst
		if item, err = s.itemOf(stream.KindLimit, "", f.Group, LimitEvent{
			Group: f.Group, IssuedAt: issued.Time(), At: w.At.UTC(), CapacityKW: w.CapacityKW,
			Probability: rounded(w.Probability), Tolerated: risk.tolerated, ExcessKWh: rounded(w.ExcessKWh),
		}); err != nil {
			return nil, err
		}
		risks = append(risks, item)
	}
	return append(items, risks...), nil
}

func forecastEvent(f *reader.NamedGroupForecast) ForecastEvent {
	event := ForecastEvent{Group: maybeText(f.Group), IssuedAt: f.IssuedAt.Time(), DayAhead: f.DayAhead}
	for i, kwh := range f.P50 {
		if kw := maybe(float64(kwh)); kw != nil && (event.PeakKW == nil || *kw > *event.PeakKW) {
			event.PeakKW, event.PeakAt = kw, maybeHour(f.IssuedAt+meter.Hour(i))
		}
	}
	return event
}

// stateItems are the loads of groups, and those above a limit once more, as alerts.
func (s *server) stateItems(ctx context.Context, partition int, hour meter.Hour) (items []stream.Item, err error) {
	rows, err := s.db.GroupLoadAt(ctx, partition, hour)
	if err != nil {
		return nil, err
	}
	loads := map[string]*reader.GroupHour{}
	for _, row := range rows {
		for _, group := range append([]string{row.Group}, s.tree.Above(row.Group)...) {
			if loads[group] == nil {
				loads[group] = &reader.GroupHour{Group: group}
			}
			loads[group].KWh += row.KWh
			loads[group].Meters += row.Meters
		}
	}
	var alerts []stream.Item
	for _, group := range slices.Sorted(maps.Keys(loads)) {
		load := loads[group]
		item, err := s.itemOf(stream.KindState, "", group, StateEvent{Group: maybeText(group), At: hour.Time(), KWh: maybe(load.KWh), Meters: load.Meters})
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if capacity := s.capacity(group); capacity != nil && load.KWh > *capacity {
			if item, err = s.itemOf(stream.KindAlert, "", group, limitExceeded(group, hour, load.KWh, *capacity)); err != nil {
				return nil, err
			}
			alerts = append(alerts, item)
		}
	}
	return append(items, alerts...), nil
}

func (s *server) rejectedItems(ctx context.Context, e *live.LiveEvent) ([]stream.Item, error) {
	from, err1 := strconv.ParseInt(e.Field(live.FieldFrom), 10, 64)
	to, err2 := strconv.ParseInt(e.Field(live.FieldTo), 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		s.log.WarnContext(ctx, "a live event is skipped", "type", live.LiveRejected, "error", err)
		return nil, nil
	}
	found, err := s.db.RejectedBetween(ctx, e.Partition, from, to)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var n int64
	for _, r := range found {
		n += r.Messages
	}
	message := fmt.Sprintf("%d messages were rejected, most of them as %s", n, found[0].Reason)
	if n == 1 {
		message = "1 message was rejected as " + found[0].Reason
	}
	item, err := s.itemOf(stream.KindAlert, "", "", Alert{
		Kind: "readings_rejected", Severity: "warning", Meters: []string{}, Value: maybe(float64(n)), Message: message,
	})
	return []stream.Item{item}, err
}
