package api

import (
	"context"
	"sync"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/series"
	"github.com/energytwin/energytwin/internal/twin"
)

// pricing is what energy costs: by the specification and its files, and by what was sent
// over it. It is safe for concurrent use.
type pricing struct {
	policy   dsm.Policy // of the specification, with its files
	twin     string
	calendar *meter.Calendar
	own      *dsm.Ledger                             // by policy alone
	files    map[twin.SeriesName]map[meter.Hour]bool // hours that files have

	mu     sync.Mutex
	at     int64 // revision of the series that ledger is by
	ledger *dsm.Ledger
}

// newPricing reads the files of the specification. An error is one of them that cannot be
// read: what depends on prices is unknown then.
func newPricing(of config.Twin, calendar *meter.Calendar) (*pricing, error) {
	if _, err := series.ReadRates(context.Background(), &of); err != nil {
		return nil, err
	}
	p := &pricing{policy: of.Processor.Policy, twin: of.Namespace + "/" + of.Name, calendar: calendar}
	p.files = map[twin.SeriesName]map[meter.Hour]bool{
		twin.SeriesPrice: hoursOf(p.policy.Tariff.Series), twin.SeriesCarbon: hoursOf(p.policy.Tariff.Carbon),
	}
	var err error
	p.own, err = p.with(&twin.SentSeries{})
	p.ledger = p.own
	return p, err
}

func hoursOf(points []dsm.Point) map[meter.Hour]bool {
	hours := make(map[meter.Hour]bool, len(points))
	for _, p := range points {
		hours[meter.HourOf(time.Unix(p.Unix, 0))] = true
	}
	return hours
}

func (p *pricing) with(sent *twin.SentSeries) (*dsm.Ledger, error) {
	policy := p.policy
	policy.Tariff = sent.Over(policy.Tariff)
	return dsm.NewLedger(policy, p.calendar, p.twin)
}

// by is the tariff with what was sent up to the newest revision of the log.
func (p *pricing) by(log *twin.SeriesLog) (*dsm.Ledger, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	newest := log.Newest()
	if newest == p.at {
		return p.ledger, nil
	}
	ledger, err := p.with(log.Sent(newest))
	if err == nil {
		p.at, p.ledger = newest, ledger
	}
	return ledger, err
}

// readSent reads the series that were sent since.
func (s *server) readSent(ctx context.Context) error {
	revisions, err := s.db.SeriesRevisions(ctx, s.sent.Newest())
	if err != nil {
		return s.failed(ctx, "read the series that were sent", err)
	}
	s.sent.Add(revisions)
	return nil
}

// tariff is what energy costs by all that was sent; nil where it is not known.
func (s *server) tariff(ctx context.Context) (*dsm.Ledger, error) {
	if s.pricing == nil {
		return nil, nil
	}
	if err := s.readSent(ctx); err != nil {
		return nil, err
	}
	ledger, err := s.pricing.by(s.sent)
	if err != nil {
		return nil, s.failed(ctx, "apply the series that were sent", err)
	}
	return ledger, nil
}

// tariffKnownAt is the tariff as the twin knew it at a time; "" is tariff.
func (s *server) tariffKnownAt(ctx context.Context, at string, now meter.Hour) (*dsm.Ledger, error) {
	if at == "" || s.pricing == nil {
		return s.tariff(ctx)
	}
	revision, err := s.seriesKnownAt(ctx, at, now)
	if err != nil {
		return nil, err
	}
	ledger, err := s.pricing.with(s.sent.Sent(revision))
	if err != nil {
		return nil, s.failed(ctx, "apply the series that were sent", err)
	}
	return ledger, nil
}

// seriesKnownAt is the revision of the series that the whole twin was processed with at a
// time, which the parameter known states; 0 for none.
func (s *server) seriesKnownAt(ctx context.Context, at string, now meter.Hour) (int64, error) {
	hour, err := s.pastHour("known", at, now)
	if err != nil {
		return 0, err
	}
	if err := s.readSent(ctx); err != nil {
		return 0, err
	}
	revision, err := s.db.SeriesKnownAt(ctx, hour, s.twin.Kafka.Partitions)
	if err != nil {
		return 0, s.failed(ctx, "find the series that were known", err)
	}
	return min(revision, s.sent.Newest()), nil
}
