package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
)

// benchRecords is how many readings one round of a benchmark moves.
const benchRecords = 100_000

// eachBroker runs a benchmark on the in-process broker and on a real one.
func eachBroker(b *testing.B, bench func(b *testing.B, brokers []string)) {
	b.Run("kfake", func(b *testing.B) {
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
		require.NoError(b, err)
		defer cluster.Close()
		bench(b, cluster.ListenAddrs())
	})
	b.Run("kafka", func(b *testing.B) {
		bench(b, []string{kafkatest.Start(b, kafkatest.Options{}).Address})
	})
}

func report(b *testing.B) {
	b.ReportMetric(float64(benchRecords)*float64(b.N)/b.Elapsed().Seconds(), "readings/s")
	b.ReportAllocs()
}

func benchReading(i int) ([]byte, meter.Reading) {
	r := meter.Reading{Meter: fmt.Sprintf("home-%06d", i%1000), Group: fmt.Sprintf("feeder-%04d", i%20), Hour: meter.Hour(430_000 + i/1000), KWh: float32(i%3000) / 1000}
	return []byte(meter.KeyOf(r.Meter, r.Group)), r
}

func fill(b *testing.B, a *stream.Appender) {
	var value []byte
	for i := range benchRecords {
		key, r := benchReading(i)
		value = meter.AppendMessage(value[:0], r)
		a.Append(key, value)
		if a.Size() >= stream.BatchBytes || i == benchRecords-1 {
			_, err := a.Flush(context.Background())
			require.NoError(b, err)
		}
	}
}

func newTopic(b *testing.B, brokers []string) (*stream.Client, string) {
	c, err := stream.Connect(config.Kafka{Brokers: brokers})
	require.NoError(b, err)
	b.Cleanup(c.Close)
	require.NoError(b, c.EnsureTopic(context.Background(), stream.Topic{Name: "t", Partitions: 1, Replicas: 1}))
	return c, "t"
}

func BenchmarkAppender(b *testing.B) {
	eachBroker(b, func(b *testing.B, brokers []string) {
		c, topic := newTopic(b, brokers)
		a := c.Appender(topic, 0)
		for b.Loop() {
			fill(b, a)
		}
		report(b)
	})
}

// BenchmarkLibraryProduce is the library's own way, for comparison.
func BenchmarkLibraryProduce(b *testing.B) {
	eachBroker(b, func(b *testing.B, brokers []string) {
		_, topic := newTopic(b, brokers)
		c := kafka.Client{Addr: kafka.TCP(brokers...), Transport: &kafka.Transport{}}
		for b.Loop() {
			var records []kafka.Record
			for i := range benchRecords {
				key, r := benchReading(i)
				records = append(records, kafka.Record{Key: kafka.NewBytes(key), Value: kafka.NewBytes(meter.AppendMessage(nil, r))})
				if len(records) == 4000 || i == benchRecords-1 {
					res, err := c.Produce(context.Background(), &kafka.ProduceRequest{Topic: topic, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...)})
					require.NoError(b, err)
					require.NoError(b, res.Error)
					records = records[:0]
				}
			}
		}
		report(b)
	})
}

func BenchmarkPartitionReader(b *testing.B) {
	eachBroker(b, func(b *testing.B, brokers []string) {
		c, topic := newTopic(b, brokers)
		fill(b, c.Appender(topic, 0))
		r := c.PartitionReader(topic, 0, stream.ReaderOptions{})
		for b.Loop() {
			n := 0
			for next := int64(0); next < benchRecords; {
				batch, err := r.Fetch(context.Background(), next)
				require.NoError(b, err)
				for rec := (stream.Record{}); batch.Next(&rec); {
					n += len(rec.Value)
				}
				require.NoError(b, batch.Err())
				next = batch.NextOffset()
			}
		}
		report(b)
	})
}

// BenchmarkLibraryFetch is the library's own way, for comparison.
func BenchmarkLibraryFetch(b *testing.B) {
	eachBroker(b, func(b *testing.B, brokers []string) {
		own, topic := newTopic(b, brokers)
		fill(b, own.Appender(topic, 0))
		c := kafka.Client{Addr: kafka.TCP(brokers...), Transport: &kafka.Transport{}}
		buf := make([]byte, 1024)
		for b.Loop() {
			for next := int64(0); next < benchRecords; {
				res, err := c.Fetch(context.Background(), &kafka.FetchRequest{Topic: topic, Offset: next, MinBytes: 1, MaxBytes: 1 << 20})
				require.NoError(b, err)
				for {
					rec, err := res.Records.ReadRecord()
					if errors.Is(err, io.EOF) {
						break
					}
					require.NoError(b, err)
					_, err = io.ReadFull(rec.Value, buf[:rec.Value.Len()])
					require.NoError(b, err)
					_, _ = rec.Key.Close(), rec.Value.Close()
					next = rec.Offset + 1
				}
			}
		}
		report(b)
	})
}
