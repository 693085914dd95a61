package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// shownBytes is how much of a quarantined message is shown: a message may be a
// megabyte, the database keeps all of it.
const shownBytes = 2_000

// shownMeters is how many meters with suspect readings are listed.
const shownMeters = 100

type qualityInput struct {
	Reason string `query:"reason" maxLength:"64" doc:"Only messages quarantined for this reason" example:"bad_timestamp"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Messages of a page"`
	Cursor string `query:"cursor" maxLength:"1000" format:"base64url" doc:"page.nextCursor of the answer before"`
}

func (s *server) qualityOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/data-quality", OperationID: "dataQuality", Tags: []string{openapi.TagQuality}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "What was rejected of the stream and of the file of readings, and why; and readings that are suspect",
		Description: "Counts are of all time; the messages are a page of the rejected ones, with their original bytes.",
	}, s.dataQuality)
}

func (s *server) dataQuality(ctx context.Context, in *qualityInput) (*output[Quality], error) {
	filters := params.FilterPrint("quality", in.Reason)
	after, err := params.DecodeCursor[reader.QuarantineCursor](filters, in.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := s.db.Summary(ctx)
	if err != nil {
		return nil, s.failed(ctx, "read the summary", err)
	}
	if err := s.afford(ctx, int(min(p.Totals.Quarantined, mostRows-mostPoints))+in.Limit*rowOfList, "limit", "ask for fewer messages"); err != nil {
		return nil, err
	}
	query := reader.QualityQuery{
		Quarantine:   reader.QuarantineFilter{Reason: in.Reason, Bytes: shownBytes, After: after, Limit: in.Limit + 1},
		MostSuspects: shownMeters,
	}
	if upTo := p.GreatestWatermark; upTo != meter.NoHour {
		query.SuspectFrom, query.SuspectTo = upTo+1-meter.HoursPerWeek, upTo+1
	}
	found, err := s.db.Quality(ctx, query)
	if err != nil {
		return nil, s.failed(ctx, "read the data quality", err)
	}
	if _, met := found.Reasons[in.Reason]; in.Reason != "" && !met && !slices.Contains(twin.Reasons(), in.Reason) {
		return nil, problem.Invalid("reason", fmt.Sprintf("%q is no reason for which messages are rejected; these are %s", in.Reason, strings.Join(twin.Reasons(), ", ")))
	}
	messages, page, err := pageOf(found.Messages, in.Limit, filters, func(m reader.QuarantinedMessage) reader.QuarantineCursor { return m.Cursor() }, quarantinedView)
	if err != nil {
		return nil, s.failed(ctx, "list the quarantine", err)
	}
	file, err := s.datasetQuality(ctx)
	if err != nil {
		return nil, err
	}
	q := Quality{Counts: countsView(p.Totals), ByReason: reasonCounts(found.Reasons), Messages: messages, Suspects: suspectMeters(found.Suspects), Dataset: file}
	meta := Meta{TZ: s.twin.Timezone, AsOf: maybeHour(p.LeastWatermark)}
	return &output[Quality]{Body: Answer[Quality]{Data: q, Page: page, Meta: meta}}, nil
}

// datasetQuality is what the generator reported of its file, nil if it has none.
func (s *server) datasetQuality(ctx context.Context) (*DatasetQuality, error) {
	r, err := s.datasetReport(ctx)
	if err != nil {
		return nil, s.failed(ctx, "read the report on the dataset", err)
	}
	if r == nil {
		return nil, nil
	}
	out := &DatasetQuality{
		ValuesRead: r.Read, RejectedRows: r.RejectedRows, ByReason: []ReasonCount{}, Rows: []RejectedRow{}, Missing: r.Missing, Estimated: r.Estimated,
		Skipped: r.Skipped, IncompleteHours: r.Incomplete, OverlappingHours: r.Overlaps, CounterResets: r.Resets, Findings: append([]string{}, r.Findings...),
	}
	for _, c := range r.Reasons {
		out.ByReason = append(out.ByReason, ReasonCount{Reason: c.Reason, Count: c.Rows})
	}
	for _, row := range r.Rows {
		out.Rows = append(out.Rows, RejectedRow(row))
	}
	return out, nil
}

func suspectMeters(found []reader.SuspectMeter) []SuspectMeter {
	out := make([]SuspectMeter, len(found))
	for i, m := range found {
		out[i] = SuspectMeter{Meter: m.Name, Readings: m.Readings, Newest: Reading{At: m.Newest.Time(), KWh: m.KWh}}
	}
	return out
}

// reasonCounts are the reasons, most frequent first.
func reasonCounts(counts map[string]int64) []ReasonCount {
	out := make([]ReasonCount, 0, len(counts))
	for reason, n := range counts {
		out = append(out, ReasonCount{Reason: reason, Count: n})
	}
	slices.SortFunc(out, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

func quarantinedView(q reader.QuarantinedMessage) Quarantined {
	return Quarantined{
		Partition: q.Partition, Offset: q.Offset, Reason: q.Reason, Detail: q.Detail,
		Key: readable(q.Key), Value: readable(q.Value), KnownAt: q.KnownAt.UTC().Truncate(time.Millisecond),
	}
}

// readable is the start of a message as text.
func readable(b []byte) string {
	if len(b) > shownBytes {
		b = b[:shownBytes]
	}
	return strings.ToValidUTF8(string(b), "�")
}
