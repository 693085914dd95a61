package api

import (
	"context"
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// twinNow is the twin's own now: the hour before which every partition is
// complete. A twin that replays 2019 lives in 2019. Before the first reading
// it is the hour of the wall clock, and known is false.
func (s *server) twinNow(ctx context.Context) (now meter.Hour, known bool, err error) {
	partitions, err := s.db.Progress(ctx)
	if err != nil {
		return 0, false, s.failed(ctx, "read the watermarks", err)
	}
	mark := meter.NoHour
	for _, p := range partitions {
		if p.Watermark != meter.NoHour && (mark == meter.NoHour || p.Watermark < mark) {
			mark = p.Watermark
		}
	}
	if mark == meter.NoHour {
		return meter.HourOf(s.clock()), false, nil
	}
	return mark, true, nil
}

// times reads times relative to the twin's now, and dates of its calendar.
func (s *server) times(now meter.Hour) params.Times {
	return params.Times{Now: now.Time(), Zone: s.calendar.Location()}
}

// pastHour reads the hour of a parameter that asks for what was known then: it does not lie
// after the twin's now.
func (s *server) pastHour(field, text string, now meter.Hour) (meter.Hour, error) {
	at, err := s.times(now).Parse(field, text)
	if err != nil {
		return 0, err
	}
	if at.After(now.Time()) {
		return 0, problem.Invalid(field, fmt.Sprintf("%s lies after the twin's now (%s), of which nothing is known yet", text, now.Time().Format(time.RFC3339)))
	}
	return meter.HourOf(at), nil
}

// asOf is meta.asOf for a now of twinNow.
func asOf(now meter.Hour, known bool) *time.Time {
	if !known {
		return nil
	}
	return maybeHour(now)
}
