package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// BatchBytes is a good size for a batch: large enough to cost little per
// record, and below what brokers accept by default (1 MiB).
const BatchBytes = 512 << 10

// Appender appends records to one partition, strictly in order: one request
// is in flight at a time, all replicas must have it, and the first error is
// the last thing it does. The way on from an error is a new Appender that
// continues after LastRecord. An Appender is used by one goroutine at a time.
type Appender struct {
	client    *Client
	topic     string
	partition int
	batch     RecordBatch
	failed    error
}

// Appender makes an appender for a partition of a topic.
func (c *Client) Appender(topic string, partition int) *Appender {
	return &Appender{client: c, topic: topic, partition: partition}
}

// Append adds a record to the appender's own batch. Key and value are copied.
func (a *Appender) Append(key, value []byte, headers ...Header) {
	a.batch.Append(key, value, headers...)
}

// Len is the number of records in the batch.
func (a *Appender) Len() int { return a.batch.Len() }

// Size is the size of the batch in bytes.
func (a *Appender) Size() int { return a.batch.Size() }

// Flush sends the appender's own batch as Send does.
func (a *Appender) Flush(ctx context.Context) (offset int64, err error) { return a.Send(ctx, &a.batch) }

// Send sends a batch, waits until all replicas in sync have it, and empties
// it. It returns the offset of the batch's first record; with an empty batch
// it does nothing. After an error it is unknown whether the batch was written.
func (a *Appender) Send(ctx context.Context, batch *RecordBatch) (offset int64, err error) {
	if a.failed != nil {
		return 0, fmt.Errorf("append after an earlier error: %w", a.failed)
	}
	if batch.Len() == 0 {
		return 0, nil
	}
	res, err := a.client.kafka.RawProduce(ctx, &kafka.RawProduceRequest{
		Topic:        a.topic,
		Partition:    a.partition,
		RequiredAcks: kafka.RequireAll,
		RawRecords:   protocol.RawRecordSet{Reader: bytes.NewReader(batch.finish(time.Now()))},
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		a.failed = fmt.Errorf("append to %s partition %d: %w", a.topic, a.partition, err)
		// A request that was given up may still be reading the batch.
		*batch = RecordBatch{}
		return 0, a.failed
	}
	batch.Reset()
	return res.BaseOffset, nil
}

// Producer spreads records over the partitions of a topic by their key. It
// has one Appender for each partition, with all that this means for order and
// errors.
type Producer struct {
	appenders []*Appender
}

// Producer makes a producer for a topic that exists.
func (c *Client) Producer(ctx context.Context, topic string) (*Producer, error) {
	n, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	p := &Producer{appenders: make([]*Appender, n)}
	for i := range p.appenders {
		p.appenders[i] = c.Appender(topic, i)
	}
	return p, nil
}

// Append adds a record to the batch of its key's partition.
func (p *Producer) Append(key, value []byte, headers ...Header) {
	p.appenders[Partition(key, len(p.appenders))].Append(key, value, headers...)
}

// Size is the size of the largest batch in bytes.
func (p *Producer) Size() int {
	n := 0
	for _, a := range p.appenders {
		n = max(n, a.Size())
	}
	return n
}

// Flush sends all batches, partitions in parallel. After an error the
// producer is of no more use.
func (p *Producer) Flush(ctx context.Context) error {
	errs := make([]error, len(p.appenders))
	var wg sync.WaitGroup
	for i, a := range p.appenders {
		if a.Len() > 0 {
			wg.Go(func() { _, errs[i] = a.Flush(ctx) })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}
