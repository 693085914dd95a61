package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// Times of a publication.
const (
	// Lease is how long a batch belongs to the process that publishes it, unless it renews
	// the claim: a retry waits as long after the process was killed.
	Lease = 8 * time.Second
	// longestPublication bounds it, however often the claim is renewed.
	longestPublication = 15 * time.Second
)

// errClaimLost ends a publication whose claim could not be renewed.
var errClaimLost = errors.New("the claim on the batch could not be renewed in time")

// Request is what a caller sends at once.
type Request struct {
	Caller string // whose idempotency keys are apart from those of others
	Key    string // of idempotency; "" for none
	// Print is what the key stands for: the body, and all else that decides its rows.
	Print [sha256.Size]byte
	// Read decodes the body.
	Read func(context.Context, *Intake) error
}

// Answer is what a caller learns about the rows of a batch. It is stored, so that the same
// request gets it again.
type Answer struct {
	Accepted   int         `json:"accepted"`
	Rejected   int         `json:"rejected"`
	Rejections []Rejection `json:"rejections"`
	Findings   []string    `json:"findings"`
}

// Receipt is a batch that is in the stream.
type Receipt struct {
	ID       uuid.UUID
	Answer   Answer
	Repeated bool // the same request was received before
}

// Errors of Receive beside those of Request.Read.
var (
	ErrKeyReused   = errors.New("the idempotency key was used for another body")
	ErrUnpublished = errors.New("the stream does not take the batch")
)

// InProgressError reports that a batch is being published by another request, or by a process
// that was killed.
type InProgressError struct{ Until time.Time }

func (e *InProgressError) Error() string {
	return "a request with this idempotency key is being worked on; ask again later"
}

// Store keeps batches.
type Store interface {
	BatchOf(ctx context.Context, caller, key string) (reader.Batch, error)
	ClaimBatch(ctx context.Context, b reader.NewBatch, lease time.Duration) (reader.Batch, bool, error)
	TakeOverBatch(ctx context.Context, id uuid.UUID, lease time.Duration) (reader.Batch, bool, error)
	RenewBatch(ctx context.Context, id uuid.UUID, claim int32, lease time.Duration) (bool, error)
	BatchPublished(ctx context.Context, p reader.PublishedBatch) (bool, error)
}

// Receiver puts requests into the stream, each idempotency key once, on any number of
// replicas and whatever process is killed. It is safe for concurrent use.
type Receiver struct {
	Rules     *Rules
	Publisher *Publisher
	Store     Store
	Clock     func() time.Time
	Lease     time.Duration // 0 is Lease
}

// Receive puts the rows of a request into the stream and returns when all replicas have
// them. A request that was received before gets the answer that it got then. The error is
// that of Request.Read, ErrKeyReused, *InProgressError, ErrUnpublished with its cause, or
// that of the store.
func (r *Receiver) Receive(ctx context.Context, q *Request) (Receipt, error) {
	if q.Key != "" {
		before, err := r.Store.BatchOf(ctx, q.Caller, q.Key)
		if err == nil && (before.Published || before.Hash != q.Print) {
			return repeated(&before, q)
		}
		if err != nil && !errors.Is(err, reader.ErrNotFound) {
			return Receipt{}, err
		}
	}
	now := r.Clock().UTC().Truncate(time.Microsecond) // as the store keeps it
	in, err := r.read(ctx, q, now)
	if err != nil {
		return Receipt{}, err
	}
	// A caller that gives up does not stop what has begun: it asks again, and gets the answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestPublication)
	defer cancel()
	ends, err := r.Publisher.LogEnds(ctx)
	if err != nil {
		return Receipt{}, unpublished(err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Receipt{}, err
	}
	claimed := time.Now()
	batch, made, err := r.Store.ClaimBatch(ctx, reader.NewBatch{ID: id, Caller: q.Caller, Key: q.Key, Hash: q.Print, ReceivedAt: now, LogEnds: ends}, r.lease())
	switch {
	case err != nil:
		return Receipt{}, err
	case made:
		return r.publish(ctx, &batch, claimed, func(ctx context.Context) (*Intake, []Extent, error) {
			extents, err := r.Publisher.Publish(ctx, batch.ID, in)
			return in, extents, unpublished(err)
		})
	case batch.Published || batch.Hash != q.Print:
		return repeated(&batch, q)
	}
	until := batch.ClaimedUntil
	claimed = time.Now()
	batch, taken, err := r.Store.TakeOverBatch(ctx, batch.ID, r.lease())
	switch {
	case err != nil:
		return Receipt{}, err
	case !taken:
		return Receipt{}, &InProgressError{Until: until}
	}
	return r.publish(ctx, &batch, claimed, func(ctx context.Context) (*Intake, []Extent, error) {
		// What is of the future is judged as it was then: the chunks have to be the same.
		in, err := r.read(ctx, q, batch.ReceivedAt)
		if err != nil {
			return nil, nil, err
		}
		extents, err := r.Publisher.Complete(ctx, batch.ID, in, batch.LogEnds)
		return in, extents, unpublished(err)
	})
}

// read decodes a request that was received at a time.
func (r *Receiver) read(ctx context.Context, q *Request, at time.Time) (*Intake, error) {
	in := r.Rules.NewIntake(at)
	return in, q.Read(ctx, in)
}

func (r *Receiver) lease() time.Duration {
	if r.Lease > 0 {
		return r.Lease
	}
	return Lease
}

// quiet is how long a process has stopped sending to the stream when its claim ends: what a
// broker still has of it is in the log before another process looks.
func (r *Receiver) quiet() time.Duration { return r.lease() * 5 / 8 }

func unpublished(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnpublished, err)
}

// publication puts a batch into the stream.
type publication func(context.Context) (*Intake, []Extent, error)

// holding runs a publication and renews its claim meanwhile. It ends the publication where
// the claim is another's, or could not be renewed until it has to be quiet.
func (r *Receiver) holding(ctx context.Context, b *reader.Batch, claimed time.Time, publish publication) (*Intake, []Extent, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		r.renew(ctx, b, claimed, cancel)
	}()
	in, extents, err := publish(ctx)
	if lost := context.Cause(ctx); err != nil && errors.Is(lost, errClaimLost) {
		err = unpublished(lost)
	}
	cancel(nil)
	<-renewing
	return in, extents, err
}

// renew renews a claim until the context ends.
func (r *Receiver) renew(ctx context.Context, b *reader.Batch, claimed time.Time, lose context.CancelCauseFunc) {
	sends := r.lease() - r.quiet()
	until := claimed.Add(sends)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(sends/3, time.Until(until))):
		}
		at := time.Now() // before the store's clock is read: the claim ends no sooner
		call, end := context.WithDeadline(ctx, until)
		ours, err := r.Store.RenewBatch(call, b.ID, b.Claim, r.lease())
		end()
		switch {
		case err == nil && ours:
			until = at.Add(sends)
		case err == nil, !time.Now().Before(until):
			lose(errClaimLost)
			return
		}
	}
}

// publish puts a batch into the stream that was claimed at a time or later, and records
// that it is there.
func (r *Receiver) publish(ctx context.Context, b *reader.Batch, claimed time.Time, publish publication) (Receipt, error) {
	in, extents, err := r.holding(ctx, b, claimed, publish)
	if err != nil {
		return Receipt{}, err
	}
	answer := Answer{Accepted: in.Accepted, Rejected: in.Rejected, Rejections: in.Rejections, Findings: in.Findings}
	text, err := json.Marshal(answer)
	if err != nil {
		return Receipt{}, err
	}
	p := reader.PublishedBatch{ID: b.ID, Claim: b.Claim, Answer: text}
	for _, e := range extents {
		p.Partitions = append(p.Partitions, int32(e.Partition))
		p.First, p.Next = append(p.First, e.First), append(p.Next, e.Next)
	}
	ours, err := r.Store.BatchPublished(ctx, p)
	if err != nil {
		return Receipt{}, err
	}
	if !ours { // it took too long, and another request took it over
		return Receipt{}, &InProgressError{Until: b.ClaimedUntil.Add(r.lease())}
	}
	return Receipt{ID: b.ID, Answer: answer}, nil
}

// repeated is the answer to a request whose key is known.
func repeated(b *reader.Batch, q *Request) (Receipt, error) {
	if b.Hash != q.Print {
		return Receipt{}, ErrKeyReused
	}
	answer, err := AnswerOf(b)
	return Receipt{ID: b.ID, Answer: answer, Repeated: true}, err
}

// AnswerOf is the stored answer about a batch that is published.
func AnswerOf(b *reader.Batch) (a Answer, err error) {
	if err = json.Unmarshal(b.Answer, &a); err != nil {
		err = fmt.Errorf("the stored answer of batch %s: %w", b.ID, err)
	}
	return a, err
}

// NewReceiver makes a receiver of the readings of a twin.
func NewReceiver(rules *Rules, client *stream.Client, store Store, clock func() time.Time) *Receiver {
	return &Receiver{Rules: rules, Publisher: NewPublisher(client, rules.twin.Topic("readings")), Store: store, Clock: clock}
}
