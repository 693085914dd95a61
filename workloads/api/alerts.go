package api

import (
	"context"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
)

// Alert is something that a person should know of now.
type Alert struct {
	Kind     string     `json:"kind" enum:"limit_exceeded,limit_at_risk,not_fresh,not_together,not_settled,not_relayed,meters_stale,meters_suspect,readings_rejected,webhook_failing" doc:"limit_exceeded: the newest hour of a group is above its limit. limit_at_risk: an hour of the next 48 exceeds it, with the plans, more probably than the policy tolerates. not_…: a condition of GET /api/v1/operations fails. meters_…: meters have that status. readings_rejected: messages were rejected; only in GET /api/v1/stream. webhook_failing: a webhook delivers nothing, or was turned off because of that"`
	Severity string     `json:"severity" enum:"critical,warning"`
	Message  string     `json:"message" doc:"In one sentence"`
	Group    *string    `json:"group" doc:"That it is about; null for none"`
	Meters   []string   `json:"meters" nullable:"false" doc:"That it is about, by name, at most the first 20"`
	At       *time.Time `json:"at" doc:"Start of the hour that it is about; null for none"`
	Value    *float64   `json:"value" doc:"Load in kW, probability, number of meters, or messages of a webhook that wait; null for none"`
	Limit    *float64   `json:"limit" doc:"What the value is above: capacity in kW, or tolerated probability; null for none"`
}

func (s *server) alertOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/alerts", OperationID: "alerts", Tags: []string{openapi.TagTwin}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "What is wrong now, the worst first",
		Description: "Alerts follow from what is stored, and end when their cause does. None is kept.",
	}, s.alerts)
}

func (s *server) alerts(ctx context.Context, _ *noInput) (*output[[]Alert], error) {
	size, err := s.area(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.afford(ctx, size.groups*rowOfList+2*size.meters/passRows, "", "ask for single groups and meters"); err != nil {
		return nil, err
	}
	partitions, err := s.db.Progress(ctx)
	if err != nil {
		return nil, s.failed(ctx, "read the progress", err)
	}
	upkeep, err := s.db.Upkeep(ctx)
	if err != nil {
		return nil, s.failed(ctx, "read the upkeep", err)
	}
	p := progressOf(partitions)
	found := s.failing(&p, &upkeep)
	limits, err := s.limitAlerts(ctx, p.least)
	if err != nil {
		return nil, s.failed(ctx, "read the limits", err)
	}
	meters, err := s.meterAlerts(ctx)
	if err != nil {
		return nil, s.failed(ctx, "read the meters", err)
	}
	webhooks, err := s.webhookAlerts(ctx)
	if err != nil {
		return nil, s.failed(ctx, "read the webhooks", err)
	}
	data := worstFirst(found, limits, meters, webhooks)
	meta := Meta{TZ: s.twin.Timezone, AsOf: maybeHour(p.least)}
	return &output[[]Alert]{Body: Answer[[]Alert]{Data: data, Meta: meta}}, nil
}

// worstFirst are alerts in their order, critical ones before warnings.
func worstFirst(lists ...[]Alert) []Alert {
	out := []Alert{}
	for _, severity := range []string{"critical", "warning"} {
		for _, list := range lists {
			for i := range list {
				if list[i].Severity == severity {
					out = append(out, list[i])
				}
			}
		}
	}
	return out
}

// failing are the conditions that fail.
func (s *server) failing(p *progress, u *reader.Upkeep) (found []Alert) {
	kinds := map[string]string{"Fresh": "not_fresh", "Together": "not_together", "Settled": "not_settled", "Relayed": "not_relayed"}
	for _, c := range s.conditions(p, u) {
		if c.OK {
			continue
		}
		severity := "warning"
		if c.Type == "Fresh" {
			severity = "critical"
		}
		found = append(found, Alert{Kind: kinds[c.Type], Severity: severity, Message: c.Message, Meters: []string{}})
	}
	return found
}

// limitAlerts are those of groups above their limits, and of groups that may be.
func (s *server) limitAlerts(ctx context.Context, now meter.Hour) (found []Alert, err error) {
	groups, err := s.db.Groups(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		capacity := s.capacity(g.Name)
		if capacity == nil || g.LastHour == meter.NoHour || g.LastKWh <= *capacity {
			continue
		}
		found = append(found, limitExceeded(g.Name, g.LastHour, g.LastKWh, *capacity))
	}
	risks, err := s.limitRisks(ctx, now)
	if err != nil {
		return nil, err
	}
	for i := range risks {
		r := &risks[i]
		if r.worst.Probability <= r.tolerated {
			continue
		}
		at := r.worst.At.UTC()
		found = append(found, Alert{
			Kind: "limit_at_risk", Severity: "warning", Group: maybeText(r.group), Meters: []string{}, At: &at, Value: maybe(r.worst.Probability), Limit: maybe(r.tolerated),
			Message: fmt.Sprintf("%s exceeds its limit of %.4g kW with a probability of %.0f %% in the hour from %s", r.group, r.worst.CapacityKW, 100*r.worst.Probability, at.Format(time.RFC3339)),
		})
	}
	return found, nil
}

// limitExceeded is the alert of a group whose load in an hour is above its limit.
func limitExceeded(group string, at meter.Hour, kwh, capacity float64) Alert {
	return Alert{
		Kind: "limit_exceeded", Severity: "critical", Group: maybeText(group), Meters: []string{}, At: maybeHour(at), Value: maybe(kwh), Limit: maybe(capacity),
		Message: fmt.Sprintf("%s draws %.4g kW, its limit is %.4g kW", group, kwh, capacity),
	}
}

// mostNamed is how many meters an alert names.
const mostNamed = 20

// meterAlerts are those of meters that do not report, or cannot be right.
func (s *server) meterAlerts(ctx context.Context) (found []Alert, err error) {
	for _, of := range []struct {
		status          reader.MeterStatus
		kind, one, many string
	}{
		{
			reader.StatusStale, "meters_stale",
			"1 meter has not reported for longer than the policy's freshness", "%d meters have not reported for longer than the policy's freshness",
		},
		{
			reader.StatusSuspect, "meters_suspect",
			"1 meter has readings of the last 24 hours that do not fit what it has measured before", "%d meters have readings of the last 24 hours that do not fit what they have measured before",
		},
	} {
		freshness := s.twin.Processor.Policy.Freshness
		numbers, err := s.meterOrder(ctx, reader.MeterFilter{Status: of.status, FreshnessHours: freshness}, func(context.Context) error { return nil })
		if err != nil {
			return nil, err
		}
		if len(numbers) == 0 {
			continue
		}
		named, err := s.db.MetersNumbered(ctx, numbers[:min(mostNamed, len(numbers))], freshness)
		if err != nil {
			return nil, err
		}
		alert := Alert{Kind: of.kind, Severity: "warning", Meters: []string{}, Value: maybe(float64(len(numbers))), Message: of.one}
		for _, m := range named {
			alert.Meters = append(alert.Meters, m.Name)
		}
		if len(numbers) > 1 {
			alert.Message = fmt.Sprintf(of.many, len(numbers))
		}
		found = append(found, alert)
	}
	return found, nil
}
