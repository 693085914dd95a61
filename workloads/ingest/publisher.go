package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/tracing"
)

// chunkHeader is on the first record of each chunk: the id of the batch and the number of
// the chunk. It shows whoever takes over from a process that was killed what is in the log.
const chunkHeader = "energytwin-batch"

// Extent is where a chunk lies in the log.
type Extent struct {
	Partition   int
	First, Next int64 // offsets: of its first record, and behind its last
}

// Publisher puts intakes into the stream of a twin. It is safe for concurrent use.
type Publisher struct {
	client *stream.Client
	topic  string
	tracer *tracing.Tracer

	mu   sync.Mutex
	ends []int64 // of the partitions' logs, at the time at
	at   time.Time
}

// Trace has what is published shown in the traces of who publishes it. It is called before
// the first Publish.
func (p *Publisher) Trace(t *tracing.Tracer) { p.tracer = t }

// NewPublisher makes a publisher to a topic of readings.
func NewPublisher(client *stream.Client, topic string) *Publisher {
	return &Publisher{client: client, topic: topic}
}

// endsFor is how long the ends of the logs hold: they are only a bound from below.
const endsFor = time.Second

// LogEnds are the ends of the partitions' logs, at most a second ago.
func (p *Publisher) LogEnds(ctx context.Context) ([]int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ends != nil && time.Since(p.at) < endsFor {
		return p.ends, nil
	}
	logs, err := p.client.Offsets(ctx, p.topic)
	if err != nil {
		return nil, err
	}
	ends := make([]int64, len(logs))
	for i, log := range logs {
		ends[i] = log.End
	}
	p.ends, p.at = ends, time.Now()
	return ends, nil
}

// Publish appends an intake to the partitions, in parallel, and returns when all replicas
// in sync have it. After an error any part of it may be in the log.
func (p *Publisher) Publish(ctx context.Context, batch uuid.UUID, in *Intake) ([]Extent, error) {
	return p.publish(ctx, batch, in.chunks(), nil)
}

// Complete appends what the log lacks of an intake of which any part may be there, behind
// the offsets from.
func (p *Publisher) Complete(ctx context.Context, batch uuid.UUID, in *Intake, from []int64) ([]Extent, error) {
	chunks := in.chunks()
	there, err := p.find(ctx, batch, chunks, from)
	if err != nil {
		return nil, err
	}
	return p.publish(ctx, batch, chunks, there)
}

func (p *Publisher) publish(ctx context.Context, batch uuid.UUID, chunks []chunk, there map[int]int64) (_ []Extent, err error) {
	ctx, span := p.tracer.Within(ctx, "publish readings")
	defer span.End()
	if span.Recorded() {
		records := 0
		for i := range chunks {
			records += len(chunks[i].records)
		}
		span.Set(attribute.String("messaging.system", "kafka"), attribute.String("messaging.destination.name", p.topic), attribute.Int("messaging.batch.message_count", records))
		defer func() {
			if err != nil {
				span.Fail("kafka")
			}
		}()
	}
	parent := []byte(tracing.Inject(ctx))
	extents := make([]Extent, len(chunks))
	tasks, ctx := errgroup.WithContext(ctx)
	for begin := 0; begin < len(chunks); {
		end := begin + 1
		for end < len(chunks) && chunks[end].partition == chunks[begin].partition {
			end++
		}
		of := chunks[begin:end]
		tasks.Go(func() error {
			appender := p.client.Appender(p.topic, of[0].partition)
			for i := range of {
				c := &of[i]
				first, found := there[c.number]
				if !found {
					var err error
					if first, err = appendChunk(ctx, appender, batch, c, parent); err != nil {
						return err
					}
				}
				extents[c.number] = Extent{Partition: c.partition, First: first, Next: first + int64(len(c.records))}
			}
			return nil
		})
		begin = end
	}
	return extents, tasks.Wait()
}

// appendChunk appends a chunk. The trace that it is from, if there is one, is named beside
// its mark: on one record, so that it costs nothing for the others.
func appendChunk(ctx context.Context, a *stream.Appender, batch uuid.UUID, c *chunk, parent []byte) (first int64, err error) {
	for i, r := range c.records {
		if i == 0 {
			headers := []stream.Header{{Key: chunkHeader, Value: chunkMark(batch, c.number)}}
			if len(parent) > 0 {
				headers = append(headers, stream.Header{Key: tracing.Parent, Value: parent})
			}
			a.Append(r.key, r.value, headers...)
			continue
		}
		a.Append(r.key, r.value)
	}
	return a.Flush(ctx)
}

func chunkMark(batch uuid.UUID, number int) []byte {
	return binary.BigEndian.AppendUint32(batch[:], uint32(number))
}

// find is which chunks of a batch are in the log behind the offsets from, each with the
// offset of its first record. Partitions are read in parallel.
func (p *Publisher) find(ctx context.Context, batch uuid.UUID, chunks []chunk, from []int64) (map[int]int64, error) {
	logs, err := p.client.Offsets(ctx, p.topic)
	if err != nil {
		return nil, err
	}
	there := map[int]int64{}
	var mu sync.Mutex
	tasks, ctx := errgroup.WithContext(ctx)
	last := -1
	for i := range chunks {
		partition := chunks[i].partition
		if partition == last {
			continue
		}
		last = partition
		log := logs[partition]
		begin := log.Start
		if partition < len(from) && from[partition] <= log.End { // else the topic was recreated
			begin = max(begin, from[partition])
		}
		tasks.Go(func() error {
			return p.scan(ctx, partition, begin, log.End, func(rec *stream.Record) {
				mark := rec.Header(chunkHeader)
				if len(mark) != len(batch)+4 || uuid.UUID(mark[:len(batch)]) != batch {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				there[int(binary.BigEndian.Uint32(mark[len(batch):]))] = rec.Offset
			})
		})
	}
	return there, tasks.Wait()
}

// scan reads the records of a partition from an offset to another.
func (p *Publisher) scan(ctx context.Context, partition int, from, end int64, see func(*stream.Record)) error {
	r := p.client.PartitionReader(p.topic, partition, stream.ReaderOptions{})
	for from < end {
		batch, err := r.Fetch(ctx, from)
		var outside *stream.OutOfRangeError
		if errors.As(err, &outside) && outside.Log.Start > from { // retention deleted it meanwhile
			from = outside.Log.Start
			continue
		}
		if err != nil {
			return err
		}
		for rec := (stream.Record{}); batch.Next(&rec); {
			see(&rec)
		}
		if err := batch.Err(); err != nil {
			return fmt.Errorf("read what is published: %w", err)
		}
		from = batch.NextOffset()
	}
	return nil
}
