package stream

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/energytwin/energytwin/internal/config"
)

// patience bounds the waits of the tests; none of them takes nearly so long.
const patience = 3 * time.Minute

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func testClient(t testing.TB, opts ...kfake.Opt) *Client {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	c, err := Connect(config.Kafka{Brokers: cluster.ListenAddrs()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func testTopic(t testing.TB, c *Client, partitions int) string {
	t.Helper()
	require.NoError(t, c.EnsureTopic(testContext(t), Topic{Name: "ns.twin.readings", Partitions: partitions, Replicas: 1}))
	return "ns.twin.readings"
}

// readAll reads a partition from an offset to its end.
func readAll(t testing.TB, c *Client, topic string, partition int, from int64, opts ReaderOptions) []Record {
	t.Helper()
	ctx := testContext(t)
	logs, err := c.Offsets(ctx, topic)
	require.NoError(t, err)
	r := c.PartitionReader(topic, partition, opts)
	var out []Record
	for from < logs[partition].End {
		batch, err := r.Fetch(ctx, from)
		require.NoError(t, err)
		var rec Record
		for batch.Next(&rec) {
			rec.Key, rec.Value = append([]byte(nil), rec.Key...), append([]byte(nil), rec.Value...)
			out = append(out, rec)
		}
		require.NoError(t, batch.Err())
		from = batch.NextOffset()
	}
	return out
}

func TestPartitionAgreesWithJava(t *testing.T) {
	// The hashes that Kafka's own unit test of its Java code expects.
	for key, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		require.Equal(t, want, int32(murmur2([]byte(key))), key)
	}
	balancer := kafka.Murmur2Balancer{}
	for i := range 1000 {
		key := fmt.Appendf(nil, "meter-%d", i)
		require.Equal(t, balancer.Balance(kafka.Message{Key: key}, 0, 1, 2, 3, 4, 5, 6), Partition(key, 7))
	}
}

func TestEnsureTopic(t *testing.T) {
	c, ctx := testClient(t), testContext(t)
	topic := Topic{Name: "t", Partitions: 3, Replicas: 1, RetentionBytes: 1 << 30}
	require.NoError(t, c.EnsureTopic(ctx, topic))
	require.NoError(t, c.EnsureTopic(ctx, topic), "again")
	topic.Partitions = 4
	require.ErrorContains(t, c.EnsureTopic(ctx, topic), "has 3 partitions, 4 are wanted")
	config := func() map[string]string {
		t.Helper()
		got, err := c.topicConfig(ctx, "t")
		require.NoError(t, err)
		return got
	}
	require.Equal(t, "LogAppendTime", config()["message.timestamp.type"])
	require.Equal(t, "-1", config()["retention.ms"])
	require.Equal(t, "1073741824", config()["retention.bytes"])
	require.NoError(t, c.EnsureTopic(ctx, Topic{Name: "t", Partitions: 3, Replicas: 1, RetentionTime: time.Hour, MaxMessageBytes: 2 << 20}))
	require.Equal(t, "3600000", config()["retention.ms"])
	require.Equal(t, "-1", config()["retention.bytes"])
	require.Equal(t, "2097152", config()["max.message.bytes"])
	require.NoError(t, c.DeleteTopic(ctx, "t"))
	require.NoError(t, c.DeleteTopic(ctx, "t"))
}

func TestAppendAndFetch(t *testing.T) {
	c, ctx := testClient(t), testContext(t)
	topic := testTopic(t, c, 2)
	a := c.Appender(topic, 1)
	offset, err := a.Flush(ctx)
	require.NoError(t, err)
	require.Zero(t, offset)
	big := strings.Repeat("x", 300)
	for i := range 5 {
		for j := range 200 {
			a.Append(fmt.Appendf(nil, "k%d", j), fmt.Appendf(nil, "%d/%d %s", i, j, big), Header{Key: "h", Value: []byte("v")})
		}
		require.Equal(t, 200, a.Len())
		require.Greater(t, a.Size(), 200*300)
		offset, err := a.Flush(ctx)
		require.NoError(t, err)
		require.EqualValues(t, i*200, offset)
	}
	a.Append(nil, nil)
	_, err = a.Flush(ctx)
	require.NoError(t, err)

	// Small responses cut batches; the start lies inside a batch.
	for _, maxBytes := range []int{1, 100_000, 1 << 20} {
		got := readAll(t, c, topic, 1, 150, ReaderOptions{MaxBytes: maxBytes})
		require.Len(t, got, 851)
		for i, rec := range got[:850] {
			n := i + 150
			require.EqualValues(t, n, rec.Offset)
			require.Equal(t, fmt.Sprintf("k%d", n%200), string(rec.Key))
			require.Equal(t, fmt.Sprintf("%d/%d %s", n/200, n%200, big), string(rec.Value))
			require.WithinDuration(t, time.Now(), rec.Time(), patience)
		}
	}
	last := readAll(t, c, topic, 1, 1000, ReaderOptions{})
	require.Len(t, last, 1)
	require.Empty(t, last[0].Key)

	logs, err := c.Offsets(ctx, topic)
	require.NoError(t, err)
	require.Equal(t, []Offsets{{0, 0}, {0, 1001}}, logs)

	batch, err := c.PartitionReader(topic, 0, ReaderOptions{MaxWait: time.Millisecond}).Fetch(ctx, 0)
	require.NoError(t, err)
	require.False(t, batch.Next(&Record{}))
	require.Zero(t, batch.NextOffset())
}

func TestReadsWhatTheLibraryWrites(t *testing.T) {
	c, ctx := testClient(t), testContext(t)
	topic := testTopic(t, c, 1)
	for _, compression := range []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd} {
		var records []kafka.Record
		for i := range 50 {
			records = append(records, kafka.Record{
				Time: time.UnixMilli(int64(1000 + i)),
				Key:  kafka.NewBytes(fmt.Appendf(nil, "k%d", i)), Value: kafka.NewBytes(fmt.Appendf(nil, "v%d", i)),
			})
		}
		res, err := c.kafka.Produce(ctx, &kafka.ProduceRequest{
			Topic: topic, RequiredAcks: kafka.RequireAll,
			Records: kafka.NewRecordReader(records...), Compression: compression,
		})
		require.NoError(t, err)
		require.NoError(t, res.Error)
	}
	got := readAll(t, c, topic, 0, 0, ReaderOptions{})
	require.Len(t, got, 250)
	for i, rec := range got {
		require.EqualValues(t, i, rec.Offset)
		require.Equal(t, fmt.Sprintf("k%d", i%50), string(rec.Key))
		require.Equal(t, fmt.Sprintf("v%d", i%50), string(rec.Value))
	}
}

func TestTheLibraryReadsWhatWeWrite(t *testing.T) {
	c, ctx := testClient(t), testContext(t)
	topic := testTopic(t, c, 1)
	a := c.Appender(topic, 0)
	for i := range 300 {
		a.Append(fmt.Appendf(nil, "k%d", i), fmt.Appendf(nil, "v%d", i), Header{Key: "reason", Value: []byte("bad_kwh")})
	}
	_, err := a.Flush(ctx)
	require.NoError(t, err)
	res, err := c.kafka.Fetch(ctx, &kafka.FetchRequest{Topic: topic, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second})
	require.NoError(t, err)
	for i := range 300 {
		rec, err := res.Records.ReadRecord()
		require.NoError(t, err)
		key, _ := kafka.ReadAll(rec.Key)
		value, _ := kafka.ReadAll(rec.Value)
		require.Equal(t, fmt.Sprintf("k%d v%d", i, i), string(key)+" "+string(value))
		require.Equal(t, []kafka.Header{{Key: "reason", Value: []byte("bad_kwh")}}, rec.Headers)
	}
}

func TestOffsetOutOfRange(t *testing.T) {
	c, ctx := testClient(t), testContext(t)
	topic := testTopic(t, c, 1)
	a := c.Appender(topic, 0)
	a.Append([]byte("k"), []byte("v"))
	_, err := a.Flush(ctx)
	require.NoError(t, err)
	_, err = c.PartitionReader(topic, 0, ReaderOptions{}).Fetch(ctx, 7)
	var out *OutOfRangeError
	require.ErrorAs(t, err, &out)
	require.Equal(t, OutOfRangeError{Topic: topic, Offset: 7, Log: Offsets{0, 1}}, *out)
}

func TestAppenderStopsAtFirstError(t *testing.T) {
	c, ctx := testClient(t), testContext(t)
	topic := testTopic(t, c, 1)
	a := c.Appender(topic, 0)
	a.Append([]byte("k"), make([]byte, 2<<20)) // larger than brokers take
	_, err := a.Flush(ctx)
	require.ErrorIs(t, err, kafka.MessageSizeTooLarge)
	a.Append([]byte("k"), []byte("v"))
	_, err = a.Flush(ctx)
	require.ErrorIs(t, err, kafka.MessageSizeTooLarge, "it must not go on")
	require.Empty(t, readAll(t, c, topic, 0, 0, ReaderOptions{}))
}

func TestLastRecord(t *testing.T) {
	c, ctx := testClient(t), testContext(t)
	topic := testTopic(t, c, 1)
	_, ok, err := c.LastRecord(ctx, topic, 0)
	require.NoError(t, err)
	require.False(t, ok)
	a := c.Appender(topic, 0)
	for i := range 1000 {
		a.Append([]byte("k"), fmt.Appendf(nil, "v%d", i))
	}
	_, err = a.Flush(ctx)
	require.NoError(t, err)
	last, ok, err := c.LastRecord(ctx, topic, 0)
	require.NoError(t, err)
	require.True(t, ok)
	require.EqualValues(t, 999, last.Offset)
	require.Equal(t, "v999", string(last.Value))
}

func TestProducerSpreadsByKey(t *testing.T) {
	c, ctx := testClient(t), testContext(t)
	topic := testTopic(t, c, 3)
	p, err := c.Producer(ctx, topic)
	require.NoError(t, err)
	for i := range 90 {
		p.Append(fmt.Appendf(nil, "k%d", i), fmt.Appendf(nil, "%d", i))
	}
	require.NoError(t, p.Flush(ctx))
	n := 0
	for partition := range 3 {
		for _, rec := range readAll(t, c, topic, partition, 0, ReaderOptions{}) {
			require.Equal(t, partition, Partition(rec.Key, 3))
			n++
		}
	}
	require.Equal(t, 90, n)
}

func TestDamagedBatches(t *testing.T) {
	var w RecordBatch
	for i := range 10 {
		w.Append([]byte("key"), fmt.Appendf(nil, "value %d", i))
	}
	whole := append([]byte(nil), w.finish(time.UnixMilli(1))[recordSetLengthSize:]...)
	read := func(records []byte) (n int, err error) {
		var b Batch
		b.reset(&fetchReply{records: records, highWatermark: 10}, 0)
		var rec Record
		for b.Next(&rec) {
			n++
		}
		return n, b.Err()
	}
	n, err := read(whole)
	require.NoError(t, err)
	require.Equal(t, 10, n)
	for i := batchAttributesAt; i < len(whole); i++ {
		broken := append([]byte(nil), whole...)
		broken[i] ^= 0x10
		_, err := read(broken)
		require.ErrorIs(t, err, ErrCorrupt, "byte %d", i)
	}
	for cut := 1; cut < len(whole); cut++ {
		_, err := read(whole[:cut])
		require.ErrorIs(t, err, ErrCorrupt, "cut at %d", cut)
		n, err := read(append(append([]byte(nil), whole...), whole[:cut]...))
		require.NoError(t, err, "a cut second batch is no error")
		require.Equal(t, 10, n)
	}
	// A count larger than the records, with a right check sum.
	lying := append([]byte(nil), whole...)
	binary.BigEndian.PutUint32(lying[batchRecordCountAt:], 11)
	resum(lying)
	n, err = read(lying)
	require.ErrorIs(t, err, ErrCorrupt)
	require.Equal(t, 10, n)
}

func TestControlBatchesAreStepsWithoutRecords(t *testing.T) {
	var w RecordBatch
	w.Append([]byte("key"), []byte("value"))
	control := append([]byte(nil), w.finish(time.UnixMilli(1))[recordSetLengthSize:]...)
	control[batchAttributesAt+1] |= attributeControl
	resum(control)
	var b Batch
	b.reset(&fetchReply{records: control, highWatermark: 1}, 0)
	require.False(t, b.Next(&Record{}))
	require.NoError(t, b.Err())
	require.EqualValues(t, 1, b.NextOffset())
}

func resum(batch []byte) {
	binary.BigEndian.PutUint32(batch[batchChecksumAt:], checksum(batch))
}

func FuzzBatch(f *testing.F) {
	var w RecordBatch
	for i := range 3 {
		w.Append([]byte("key"), fmt.Appendf(nil, "value %d", i), Header{Key: "h", Value: []byte("v")})
	}
	f.Add(append([]byte(nil), w.finish(time.UnixMilli(1))[recordSetLengthSize:]...))
	f.Fuzz(func(t *testing.T, records []byte) {
		// Damage behind a right check sum is what could do harm.
		if len(records) >= batchHeadSize {
			binary.BigEndian.PutUint32(records[batchLengthAt:], uint32(len(records)-batchLengthEnd))
			resum(records)
		}
		var b Batch
		b.reset(&fetchReply{records: records, highWatermark: 10}, 0)
		last := int64(-1)
		for rec := (Record{}); b.Next(&rec); last = rec.Offset {
			require.Greater(t, rec.Offset, last)
			require.GreaterOrEqual(t, b.NextOffset(), rec.Offset+1)
		}
	})
}
