package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// ReaderOptions bound one fetch. Zero fields take the defaults.
type ReaderOptions struct {
	MinBytes int           // the broker waits for so much; default 1
	MaxBytes int           // of one response; default 1 MiB
	MaxWait  time.Duration // how long the broker waits for MinBytes; default 500 ms
}

// PartitionReader reads one partition at offsets that the caller keeps. It
// is used by one goroutine.
type PartitionReader struct {
	client    *Client
	topic     string
	partition int
	opts      ReaderOptions
	buf       []byte
	batch     Batch
}

// PartitionReader makes a reader of one partition.
func (c *Client) PartitionReader(topic string, partition int, opts ReaderOptions) *PartitionReader {
	if opts.MinBytes <= 0 {
		opts.MinBytes = 1
	}
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = 1 << 20
	}
	if opts.MaxWait <= 0 {
		opts.MaxWait = 500 * time.Millisecond
	}
	return &PartitionReader{client: c, topic: topic, partition: partition, opts: opts}
}

// OutOfRangeError reports that an offset is not in the partition's log: before
// its start, because retention or a person deleted it, or past its end,
// because the topic is another one.
type OutOfRangeError struct {
	Topic     string
	Partition int
	Offset    int64
	Log       Offsets
}

func (e *OutOfRangeError) Error() string {
	return fmt.Sprintf("offset %d is not in the log of %s partition %d, which goes from %d to %d",
		e.Offset, e.Topic, e.Partition, e.Log.Start, e.Log.End)
}

// Fetch reads records from an offset on, of transactions only those that were
// committed. It waits for at most MaxWait and may return none. The batch and its records are valid until the next Fetch. An
// offset outside the log gives an *OutOfRangeError.
func (r *PartitionReader) Fetch(ctx context.Context, offset int64) (*Batch, error) {
	reply, err := r.call(ctx, offset)
	if err != nil {
		return nil, fmt.Errorf("fetch from %s partition %d at %d: %w", r.topic, r.partition, offset, err)
	}
	r.buf = reply.buf
	if reply.code != 0 {
		return nil, r.rejection(ctx, offset, kafka.Error(reply.code))
	}
	r.batch.reset(reply, offset)
	return &r.batch, nil
}

func (r *PartitionReader) call(ctx context.Context, offset int64) (*fetchReply, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	call := &fetchCall{
		topic: r.topic, partition: r.partition, offset: offset,
		minBytes: r.opts.MinBytes, maxBytes: r.opts.MaxBytes, maxWait: int32(r.opts.MaxWait.Milliseconds()),
		buf: r.buf,
	}
	// A call that is given up may still be filling its buffer: it gets to
	// keep it.
	r.buf = nil
	res, err := r.client.transport.RoundTrip(ctx, r.client.kafka.Addr, call)
	if err != nil {
		return nil, err
	}
	reply, ok := res.(*fetchReply)
	if !ok {
		return nil, fmt.Errorf("unexpected response %T", res)
	}
	return reply, nil
}

func (r *PartitionReader) rejection(ctx context.Context, offset int64, code error) error {
	if !errors.Is(code, kafka.OffsetOutOfRange) {
		return fmt.Errorf("fetch from %s partition %d at %d: %w", r.topic, r.partition, offset, code)
	}
	logs, err := r.client.Offsets(ctx, r.topic)
	if err != nil {
		return err
	}
	if r.partition >= len(logs) {
		return fmt.Errorf("topic %s has no partition %d", r.topic, r.partition)
	}
	return &OutOfRangeError{Topic: r.topic, Partition: r.partition, Offset: offset, Log: logs[r.partition]}
}

// LastRecord is the last record of a partition, copied; ok is false if the
// partition holds none.
func (c *Client) LastRecord(ctx context.Context, topic string, partition int) (last Record, ok bool, err error) {
	logs, err := c.Offsets(ctx, topic)
	if err != nil {
		return Record{}, false, err
	}
	if partition >= len(logs) {
		return Record{}, false, fmt.Errorf("topic %s has no partition %d", topic, partition)
	}
	log := logs[partition]
	r := c.PartitionReader(topic, partition, ReaderOptions{})
	// The last offsets may belong to control records, which are no records
	// here; then the search starts further back.
	for back := int64(1); ; back *= 16 {
		from := max(log.Start, log.End-back)
		if last, ok, err = r.lastOf(ctx, from, log.End); ok || err != nil || from == log.Start {
			return last, ok, err
		}
	}
}

// lastOf is the last record in [from, end).
func (r *PartitionReader) lastOf(ctx context.Context, from, end int64) (last Record, ok bool, err error) {
	for from < end {
		batch, err := r.Fetch(ctx, from)
		if err != nil {
			return Record{}, false, err
		}
		var rec Record
		found := false
		for batch.Next(&rec) {
			last, found = rec, true
		}
		if err := batch.Err(); err != nil {
			return Record{}, false, err
		}
		if found {
			last.Key, last.Value = append([]byte(nil), last.Key...), append([]byte(nil), last.Value...)
			ok = true
		}
		from = batch.NextOffset()
	}
	return last, ok, nil
}
