package generator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/tracing"
)

// dueTogether is how close two hours may be to be published as one: at a high
// speed a request for each hour would cost more than the readings in it.
const dueTogether = 20 * time.Millisecond

// lane is the way to one partition. While one batch is being sent the other
// is filled.
type lane struct {
	appender *stream.Appender
	from     meter.Hour // earlier hours are in the topic already
	until    meter.Hour // last hour that the partition gets readings of; NoHour for a partition without meters
	mark     meter.Hour // newest watermark that is in a batch or in the topic
	filling  *stream.RecordBatch
	sending  *stream.RecordBatch
}

// publisher publishes from the point where it begins until the first error.
type publisher struct {
	g        *generator
	lanes    []lane
	pressure *pressure
	pace     pace

	inFlight sync.WaitGroup
	errs     []error    // of the lanes' last sending
	ends     []int64    // offsets after the lanes' last sending
	sent     int64      // readings being sent
	marks    int64      // watermarks in the batches that are being filled
	hour     meter.Hour // the newest one that is in a batch

	span  tracing.Span // of what is being sent
	value []byte
}

func newPublisher(g *generator, pos position, pr *pressure, pc pace) *publisher {
	n := len(pos.from)
	p := &publisher{
		g: g, pressure: pr, pace: pc, hour: meter.NoHour,
		lanes: make([]lane, n), errs: make([]error, n), ends: make([]int64, n),
	}
	for i := range p.lanes {
		p.lanes[i] = lane{
			appender: g.stream.Appender(g.topic, i), from: pos.from[i], until: g.shares[i].last, mark: pos.marks[i],
			filling: &stream.RecordBatch{}, sending: &stream.RecordBatch{},
		}
	}
	return p
}

// run publishes all hours from an hour on.
func (p *publisher) run(ctx context.Context, from meter.Hour) error {
	// Nothing may be on its way any more when the caller looks at the topic.
	defer p.inFlight.Wait()
	for b, err := range p.g.line.blocks(from) {
		if err != nil {
			return fatal{err}
		}
		if !p.wantsAny(b) {
			continue
		}
		if p.g.recreated && b.hour > p.g.front {
			// The topic has again what the one before had.
			if err := p.drain(ctx); err != nil {
				return err
			}
			p.g.recreated = false
		}
		// Hardly anything of the warm-up is published, so no time passes in it.
		if b.hour >= p.g.warm.to {
			if err := p.waitUntilDue(ctx, b.hour); err != nil {
				return err
			}
		}
		if err := p.add(ctx, b); err != nil {
			return err
		}
	}
	return p.end(ctx)
}

// wantsAny reports whether an hour has a reading to be published.
func (p *publisher) wantsAny(b block) bool {
	return slices.ContainsFunc(b.rows, func(row dataset.Row) bool { return p.wants(row, b.hour) })
}

// wants reports whether a reading is to be published: not in the topic yet, and
// not in the warm-up.
func (p *publisher) wants(row dataset.Row, h meter.Hour) bool {
	return h >= p.lanes[p.g.routes[row.Meter].partition].from && !p.g.warm.holds(row.Meter, h)
}

// waitUntilDue sends what there is and waits, if the hour lies ahead.
func (p *publisher) waitUntilDue(ctx context.Context, h meter.Hour) error {
	due := p.pace.due(h)
	if due.IsZero() || due.Sub(p.g.clock.Now()) < dueTogether {
		return nil
	}
	if err := p.drain(ctx); err != nil {
		return err
	}
	defer p.g.progress.due(time.Time{})
	for {
		// Drain may have been held back, which moves the time.
		due := p.pace.due(h)
		wait := due.Sub(p.g.clock.Now())
		if wait <= 0 {
			return nil
		}
		p.g.progress.due(due)
		if err := p.g.clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// add puts an hour into the batches and sends them when one is full.
func (p *publisher) add(ctx context.Context, b block) error {
	p.hour = b.hour
	for _, row := range b.rows {
		if !p.wants(row, b.hour) {
			continue
		}
		to := p.g.routes[row.Meter]
		l := &p.lanes[to.partition]
		p.append(l, to, row, b.hour)
		if l.filling.Size() >= p.g.batch {
			if err := p.send(ctx); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (p *publisher) append(l *lane, to route, row dataset.Row, h meter.Hour) {
	p.value = meter.AppendMessage(p.value[:0], meter.Reading{Meter: to.meter, Group: to.group, Hour: h, KWh: row.KWh})
	l.filling.Append(to.key, p.value)
}

// send waits for the batches before, and starts sending the next ones, all
// partitions at the same time.
func (p *publisher) send(ctx context.Context) error {
	if err := p.settle(ctx); err != nil {
		return err
	}
	held, err := p.pressure.hold(ctx)
	if err != nil {
		return err
	}
	if held > 0 {
		p.pace.paused(held)
		p.g.progress.phase(PhasePublishing)
	}
	p.markEnded(p.hour)
	p.sent, p.marks = -p.marks, 0
	ctx = p.traced(ctx)
	for i := range p.lanes {
		l := &p.lanes[i]
		l.filling, l.sending = l.sending, l.filling
		n := int64(l.sending.Len())
		if n == 0 {
			continue
		}
		p.sent += n
		p.inFlight.Go(func() {
			offset, err := l.appender.Send(ctx, l.sending)
			if err == nil && offset < p.pressure.end[i] {
				err = fmt.Errorf("partition %d ends before what was published: %w", i, errRecreated)
			}
			if p.errs[i] = err; err == nil {
				p.ends[i] = offset + n
			}
		})
	}
	return nil
}

// traced begins the span of what is about to be sent, if that is anything. It ends when all
// of it is acknowledged.
func (p *publisher) traced(ctx context.Context) context.Context {
	records := 0
	for i := range p.lanes {
		records += p.lanes[i].filling.Len()
	}
	if records == 0 {
		return ctx
	}
	if ctx, p.span = p.g.tracer.Start(ctx, "publish readings"); p.span.Recorded() {
		p.span.Set(attribute.String("messaging.system", "kafka"), attribute.String("messaging.destination.name", p.g.topic),
			attribute.Int("messaging.batch.message_count", records), attribute.String("energytwin.hour", p.hour.String()))
	}
	return ctx
}

// errRecreated is the error of a topic that was deleted and made again while it
// was written to.
var errRecreated = errors.New("the topic was recreated")

// settle waits for the batches that are being sent.
func (p *publisher) settle(ctx context.Context) error {
	p.inFlight.Wait()
	span := p.span
	p.span = tracing.Span{}
	defer span.End()
	if err := errors.Join(p.errs...); err != nil {
		span.Fail("kafka")
		return err
	}
	for i, end := range p.ends {
		if end > 0 {
			p.pressure.end[i] = end
		}
	}
	if p.sent > 0 {
		p.g.progress.published(p.sent, p.hour)
		p.g.savePublished(ctx, p.hour)
		p.sent = 0
	}
	return nil
}

// markEnded puts the watermark w into the batches of partitions whose meters have
// no reading of a later hour, so that their event time goes on with that of the
// others.
func (p *publisher) markEnded(w meter.Hour) {
	for i := range p.lanes {
		l := &p.lanes[i]
		if l.until == meter.NoHour || l.until >= w || l.mark >= w {
			continue
		}
		l.mark = w
		p.value = meter.AppendWatermark(p.value[:0], w)
		l.filling.Append(nil, p.value)
		p.marks++
	}
}

// end sends what there is and then, to every partition with meters, that the
// replay's last hour has ended.
func (p *publisher) end(ctx context.Context) error {
	if err := p.drain(ctx); err != nil {
		return err
	}
	p.markEnded(p.g.end())
	return p.drain(ctx)
}

// drain sends what there is and waits until it is acknowledged.
func (p *publisher) drain(ctx context.Context) error {
	if err := p.send(ctx); err != nil {
		return err
	}
	return p.settle(ctx)
}
