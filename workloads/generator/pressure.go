package generator

import (
	"context"
	"time"

	"github.com/energytwin/energytwin/internal/stream"
)

// lagPoll is how often the processors' progress is asked for while publishing
// waits for it.
const lagPoll = 100 * time.Millisecond

// pressure holds publishing back while the processors are behind.
type pressure struct {
	client *stream.Client
	topic  string
	group  string
	maxLag int64 // 0 never holds back
	clock  clock
	show   *meterOfProgress

	start     []int64 // of each partition's log
	end       []int64 // offsets that follow the last record, by partition
	committed []int64 // as last seen
}

// begin looks up where the logs and the processors are.
func (p *pressure) begin(ctx context.Context) error {
	logs, err := p.client.Offsets(ctx, p.topic)
	if err != nil {
		return err
	}
	p.start, p.end = make([]int64, len(logs)), make([]int64, len(logs))
	for i, log := range logs {
		p.start[i], p.end[i] = log.Start, log.End
	}
	return p.look(ctx)
}

// look asks for the committed offsets. A partition without one is taken as
// not begun.
func (p *pressure) look(ctx context.Context) error {
	committed, err := p.client.CommittedOffsets(ctx, p.group, p.topic)
	if err != nil {
		return err
	}
	for i, offset := range committed {
		if offset == stream.NoOffset {
			committed[i] = p.start[i]
		}
	}
	p.committed = committed
	p.show.behind(p.lag())
	return nil
}

// lag is that of the slowest partition, in messages.
func (p *pressure) lag() int64 {
	worst := int64(0)
	for i, end := range p.end {
		worst = max(worst, end-p.committed[i])
	}
	return worst
}

// hold waits until no partition lags by more than the limit. It returns how
// long it waited. The processors are only asked when the lag known so far is
// too large.
func (p *pressure) hold(ctx context.Context) (time.Duration, error) {
	if p.maxLag <= 0 || p.lag() <= p.maxLag {
		return 0, nil
	}
	return p.waitFor(ctx, p.maxLag)
}

// waitFor waits until no partition lags by more than limit.
func (p *pressure) waitFor(ctx context.Context, limit int64) (time.Duration, error) {
	began := p.clock.Now()
	for {
		if err := p.look(ctx); err != nil {
			return 0, err
		}
		if p.lag() <= limit {
			return p.clock.Now().Sub(began), nil
		}
		p.show.phase(PhasePaused)
		if err := p.clock.Sleep(ctx, lagPoll); err != nil {
			return 0, err
		}
	}
}
