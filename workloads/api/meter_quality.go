package api

import (
	"context"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
)

// shownGaps and shownCorrections bound the lists of an answer: the newest are shown.
const (
	shownGaps        = 1_000
	shownCorrections = 100
)

// MeterQuality is how complete and sure the readings of a meter are.
type MeterQuality struct {
	ID          string       `json:"id"`
	Sum         QualityHours `json:"total" doc:"Of the whole range"`
	Days        []QualityDay `json:"days" nullable:"false" doc:"Each day of the twin's calendar, in order of time"`
	Gaps        []Gap        `json:"gaps" nullable:"false" doc:"Runs of hours without a reading, the newest first, at most 1,000"`
	Corrections []Correction `json:"corrections" nullable:"false" doc:"Values that were replaced, the newest correction first, at most 100"`
}

// QualityHours counts hours by how their readings came.
type QualityHours struct {
	Hours     int `json:"hours" doc:"That have passed"`
	Missing   int `json:"missing" doc:"Without a reading"`
	Suspect   int `json:"suspect" doc:"With a suspect reading, of which nothing is computed"`
	Late      int `json:"late" doc:"Whose reading came when the hour had passed"`
	Corrected int `json:"corrected" doc:"Whose value was replaced"`
}

// QualityDay counts the hours of a day.
type QualityDay struct {
	Date string `json:"date" format:"date"`
	QualityHours
}

// Gap is a run of hours without a reading.
type Gap struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to" doc:"Exclusive"`
	Hours int       `json:"hours"`
}

// Correction is a value that was replaced.
type Correction struct {
	At      time.Time `json:"at" doc:"Start of the hour"`
	OldKWh  float32   `json:"oldKwh" doc:"The value that was replaced"`
	KnownAt time.Time `json:"knownAt" doc:"Wall-clock time of the correction"`
}

type meterQualityInput struct {
	MeterPath
	From string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Default the start of the day 30 days ago" example:"now-30d"`
	To   string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Exclusive; default now"`
}

func (s *server) meterQualityOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/meters/{id}/data-quality", OperationID: "meterQuality", Tags: []string{openapi.TagQuality}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Gaps, suspect and late readings, and corrections of a meter, by day",
		Description: "Hours still to come count as nothing, nor do those before the first reading of the range if none came in the two weeks before it: the meter begins there.",
	}, s.meterQuality)
}

func (s *server) meterQuality(ctx context.Context, in *meterQualityInput) (*output[MeterQuality], error) {
	m, err := s.findMeter(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.times(now).Range(in.From, in.To, "now-30d", "now")
	if err != nil {
		return nil, err
	}
	if in.From == "" {
		w.From = s.periodStart(w.From, "day")
	}
	w.To = min(w.To, now)
	view := MeterQuality{ID: m.Name, Days: []QualityDay{}, Gaps: []Gap{}, Corrections: []Correction{}}
	if w.From < w.To {
		if err := s.afford(ctx, w.Hours(), "from", "ask for a shorter range"); err != nil {
			return nil, err
		}
		hours, err := s.db.MeterQuality(ctx, m.MeterNo, w.From-beginsWithin, w.To)
		if err != nil {
			return nil, s.failed(ctx, "read the quality of a meter", err)
		}
		s.countQuality(sinceFirst(hours, w.From), &view)
		corrections, err := s.db.Corrections(ctx, m.MeterNo, w.From, w.To, shownCorrections)
		if err != nil {
			return nil, s.failed(ctx, "read the corrections of a meter", err)
		}
		for _, c := range corrections {
			view.Corrections = append(view.Corrections, Correction{At: c.Hour.Time(), OldKWh: c.KWh, KnownAt: c.KnownAt.UTC().Truncate(time.Millisecond)})
		}
	}
	meta := Meta{Step: "1d", TZ: s.twin.Timezone, AsOf: asOf(now, known), Partial: view.Sum.Missing > 0}
	return &output[MeterQuality]{Body: Answer[MeterQuality]{Data: view, Meta: meta}}, nil
}

// beginsWithin is how long a meter has had no reading before the first that it begins with.
const beginsWithin = 14 * meter.HoursPerDay

// sinceFirst are the hours from `from` on, or from the first reading on where a meter begins
// later.
func sinceFirst(hours []reader.HourQuality, from meter.Hour) []reader.HourQuality {
	first := slices.IndexFunc(hours, func(h reader.HourQuality) bool { return h.Quality != nil })
	if first < 0 {
		return nil
	}
	hours = hours[first:]
	return hours[max(from-hours[0].Hour, 0):]
}

// countQuality counts the hours by day and finds the gaps.
func (s *server) countQuality(hours []reader.HourQuality, view *MeterQuality) {
	var gaps []Gap // oldest first
	for _, h := range hours {
		date := keyOf(s.calendar, h.Hour.Time())
		if n := len(view.Days); n == 0 || view.Days[n-1].Date != date {
			view.Days = append(view.Days, QualityDay{Date: date})
		}
		day := &view.Days[len(view.Days)-1].QualityHours
		day.count(&h)
		view.Sum.count(&h)
		if h.Quality != nil {
			continue
		}
		at := h.Hour.Time()
		if n := len(gaps); n == 0 || !gaps[n-1].To.Equal(at) {
			gaps = append(gaps, Gap{From: at, To: at})
		}
		last := &gaps[len(gaps)-1]
		last.To = (h.Hour + 1).Time()
		last.Hours++
	}
	for i := len(gaps) - 1; i >= 0 && len(view.Gaps) < shownGaps; i-- {
		view.Gaps = append(view.Gaps, gaps[i])
	}
}

func (q *QualityHours) count(h *reader.HourQuality) {
	q.Hours++
	switch {
	case h.Quality == nil:
		q.Missing++
	case h.Quality.IsSuspect():
		q.Suspect++
	}
	if h.Quality != nil && h.Quality.Origin() == twin.Late {
		q.Late++
	}
	if h.Corrections > 0 {
		q.Corrected++
	}
}
