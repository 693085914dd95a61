package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

// fixture is what all measurements of a size share: a twin, its filled topic,
// and samples from it.
type fixture struct {
	size  size
	twin  *config.Twin
	path  string           // of the twin's document
	logs  []stream.Offsets // of the topic, by partition
	cache samples
}

// samples are made when first needed.
type samples struct {
	messages    [][]byte
	requests    [][]request // by partition
	checkpoints []history.Checkpoint
}

// newFixture fills a topic with the readings of a size, through the real
// generator.
func (b *bench) newFixture(ctx context.Context, s size) (*fixture, error) {
	name := fmt.Sprintf("m%dd%d", s.Meters, s.Days)
	f := &fixture{size: s}
	var err error
	if f.twin, err = twinOf(name, s, b.stores, b.stores.databaseURL(name)); err != nil {
		return nil, err
	}
	if f.path, err = save(f.twin, b.dir); err != nil {
		return nil, err
	}
	line := b.show.begin(fmt.Sprintf("filling the topic  %s", s), s.readings())
	p, err := b.generate(ctx, f.twin, f.path, s, line.set)
	if err != nil {
		line.drop()
		return nil, err
	}
	line.end(p)
	f.logs, err = b.stores.kafka.Offsets(ctx, f.twin.Topic("readings"))
	return f, err
}

// generate runs the generator process on a new topic.
func (b *bench) generate(ctx context.Context, twin *config.Twin, path string, s size, watch func(int64)) (pass, error) {
	topic := twin.Topic("readings")
	if err := b.newTopic(ctx, topic, twin.Kafka.Partitions); err != nil {
		return pass{}, err
	}
	began := time.Now()
	p, err := start(ctx, b.dir, "generator", b.programs.perf, nil, "generate", "--config", path)
	if err != nil {
		return pass{}, err
	}
	if err := p.follow(watch); err != nil {
		return pass{}, err
	}
	took := time.Since(began)
	logs, err := b.stores.kafka.Offsets(ctx, topic)
	if err != nil {
		return pass{}, err
	}
	watermarks := int64(0) // one behind the readings of each partition
	for _, log := range logs {
		if log.End > log.Start {
			watermarks++
		}
	}
	if n := messagesIn(logs); n != s.readings()+watermarks {
		return pass{}, fmt.Errorf("the topic has %d messages, not %d and %d watermarks", n, s.readings(), watermarks)
	}
	return pass{readings: s.readings(), took: took, cpu: p.cpu()}, nil
}

// newTopic makes a topic as `energytwin prepare` does, in place of the one
// that may be there.
func (b *bench) newTopic(ctx context.Context, name string, partitions int) error {
	if err := b.stores.kafka.DeleteTopic(ctx, name); err != nil {
		return err
	}
	return b.stores.kafka.EnsureTopic(ctx, stream.Topic{Name: name, Partitions: partitions, Replicas: 1})
}

func messagesIn(logs []stream.Offsets) int64 {
	n := int64(0)
	for _, log := range logs {
		n += log.End - log.Start
	}
	return n
}

// eachRecord calls f with the records of a partition until it wants no more.
func (b *bench) eachRecord(ctx context.Context, f *fixture, partition int, use func(stream.Record) (more bool)) error {
	reader := b.stores.kafka.PartitionReader(f.twin.Topic("readings"), partition, stream.ReaderOptions{MaxBytes: fetchBytes})
	log := f.logs[partition]
	for next := log.Start; next < log.End; {
		batch, err := reader.Fetch(ctx, next)
		if err != nil {
			return err
		}
		for rec := (stream.Record{}); batch.Next(&rec); {
			if !use(rec) {
				return nil
			}
		}
		if err := batch.Err(); err != nil {
			return err
		}
		next = batch.NextOffset()
	}
	return nil
}

// sampleBytes is how much of a topic is held in memory at most.
const sampleBytes = 96 << 20

// messages are the first messages of all partitions, one after the other in
// memory.
func (b *bench) messages(ctx context.Context, f *fixture) ([][]byte, error) {
	if f.cache.messages != nil {
		return f.cache.messages, nil
	}
	share := sampleBytes / len(f.logs)
	var out [][]byte
	for p := range f.logs {
		text := make([]byte, 0, share)
		err := b.eachRecord(ctx, f, p, func(rec stream.Record) bool {
			if _, watermark, _ := meter.DecodeWatermark(rec.Value); watermark {
				return true // no reading
			}
			if len(text)+len(rec.Value) > share {
				return false
			}
			from := len(text)
			text = append(text, rec.Value...)
			out = append(out, text[from:])
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	f.cache.messages = out
	return out, nil
}

// request is a record set as it is sent to the broker.
type request struct {
	body    []byte
	records int64
}

// requests are the first record sets of each partition, as large as those of
// the generator.
func (b *bench) requests(ctx context.Context, f *fixture) ([][]request, error) {
	if f.cache.requests != nil {
		return f.cache.requests, nil
	}
	out := make([][]request, len(f.logs))
	for p := range f.logs {
		sets := &recordSets{most: sampleBytes / len(f.logs)}
		if err := b.eachRecord(ctx, f, p, sets.add); err != nil {
			return nil, err
		}
		if err := sets.flush(); err != nil {
			return nil, fmt.Errorf("record sets of partition %d: %w", p, err)
		}
		out[p] = sets.done
	}
	f.cache.requests = out
	return out, nil
}

// recordSets packs records into record sets.
type recordSets struct {
	most    int // bytes of records
	done    []request
	records []kafka.Record
	size    int // of the records that are not packed yet
	all     int // of all records
	err     error
}

func (s *recordSets) add(rec stream.Record) (more bool) {
	s.records = append(s.records, kafka.Record{
		Key: kafka.NewBytes(bytes.Clone(rec.Key)), Value: kafka.NewBytes(bytes.Clone(rec.Value)),
	})
	n := len(rec.Key) + len(rec.Value)
	s.size, s.all = s.size+n, s.all+n
	if s.size >= stream.BatchBytes {
		s.err = s.flush()
	}
	return s.err == nil && s.all < s.most
}

func (s *recordSets) flush() error {
	if s.err != nil || len(s.records) == 0 {
		return s.err
	}
	var body bytes.Buffer
	set := protocol.RecordSet{Version: 2, Records: kafka.NewRecordReader(s.records...)}
	if _, err := set.WriteTo(&body); err != nil {
		return err
	}
	s.done = append(s.done, request{body: body.Bytes(), records: int64(len(s.records))})
	s.records, s.size = nil, 0
	return nil
}
