package embedded

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
)

const testTopic = "default.grid.readings"

// startKafka starts a broker that the test stops.
func startKafka(tb testing.TB, options KafkaOptions) *KafkaServer {
	tb.Helper()
	s, err := Kafka(context.Background(), options)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Stop(context.Background())) })
	return s
}

// kafkaClient has connections of its own: the library's shared ones would be
// those to the broker that had the port before.
func kafkaClient(address string) *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(address), Timeout: 10 * time.Second, Transport: &kafka.Transport{}}
}

func makeTopic(tb testing.TB, address string, partitions int) {
	tb.Helper()
	made, err := kafkaClient(address).CreateTopics(context.Background(), &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: testTopic, NumPartitions: partitions, ReplicationFactor: 1,
			ConfigEntries: []kafka.ConfigEntry{{ConfigName: "message.timestamp.type", ConfigValue: "LogAppendTime"}}}},
	})
	require.NoError(tb, err)
	require.NoError(tb, made.Errors[testTopic])
}

// produce appends a batch to a partition and returns the offset of its first
// record, once acknowledged.
func produce(tb testing.TB, client *kafka.Client, partition int, values ...string) int64 {
	tb.Helper()
	offset, err := tryProduce(client, partition, values...)
	require.NoError(tb, err)
	return offset
}

func tryProduce(client *kafka.Client, partition int, values ...string) (int64, error) {
	records := make([]kafka.Record, len(values))
	for i, value := range values {
		records[i] = kafka.Record{Key: kafka.NewBytes([]byte("meter")), Value: kafka.NewBytes([]byte(value))}
	}
	got, err := client.Produce(context.Background(), &kafka.ProduceRequest{
		Topic: testTopic, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...),
	})
	if err != nil {
		return 0, err
	}
	return got.BaseOffset, got.Error
}

// fetchAll reads a partition from an offset to its end.
func fetchAll(tb testing.TB, client *kafka.Client, partition int, from int64) []string {
	tb.Helper()
	var values []string
	for {
		got, err := client.Fetch(context.Background(), &kafka.FetchRequest{
			Topic: testTopic, Partition: partition, Offset: from, MinBytes: 1, MaxBytes: 4 << 20, MaxWait: 100 * time.Millisecond,
		})
		require.NoError(tb, err)
		require.NoError(tb, got.Error)
		for {
			record, err := got.Records.ReadRecord()
			if err != nil {
				break // the batch's end
			}
			value, err := kafka.ReadAll(record.Value)
			require.NoError(tb, err)
			values = append(values, string(value))
			from = record.Offset + 1
		}
		if from >= got.HighWatermark {
			return values
		}
	}
}

func TestKafkaKeepsRecordsOffsetsAndPort(t *testing.T) {
	dir := t.TempDir()
	first := startKafka(t, KafkaOptions{Dir: dir})
	makeTopic(t, first.Address, 3)
	client := kafkaClient(first.Address)
	require.EqualValues(t, 0, produce(t, client, 2, "a", "b"))
	require.EqualValues(t, 2, produce(t, client, 2, "c"))
	commit(t, client, 2, 3)
	require.NoError(t, first.Stop(t.Context()))

	second := startKafka(t, KafkaOptions{Dir: dir})
	require.Equal(t, first.Address, second.Address)
	client = kafkaClient(second.Address)
	require.Equal(t, []string{"a", "b", "c"}, fetchAll(t, client, 2, 0))
	require.EqualValues(t, 3, committed(t, client, 2))
	require.EqualValues(t, 3, produce(t, client, 2, "d"))
}

const testGroup = "default.grid.processor"

func commit(t *testing.T, client *kafka.Client, partition int, offset int64) {
	t.Helper()
	got, err := client.OffsetCommit(t.Context(), &kafka.OffsetCommitRequest{
		GroupID: testGroup, GenerationID: -1,
		Topics: map[string][]kafka.OffsetCommit{testTopic: {{Partition: partition, Offset: offset}}},
	})
	require.NoError(t, err)
	require.NoError(t, got.Topics[testTopic][0].Error)
}

func committed(t *testing.T, client *kafka.Client, partition int) int64 {
	t.Helper()
	got, err := client.OffsetFetch(t.Context(), &kafka.OffsetFetchRequest{
		GroupID: testGroup, Topics: map[string][]int{testTopic: {partition}},
	})
	require.NoError(t, err)
	require.NoError(t, got.Error)
	return got.Topics[testTopic][0].CommittedOffset
}

// A record that was acknowledged is there after a kill -9 at any moment, with
// the same offset, and nothing else is.
func TestKafkaKeepsAcknowledgedRecordsAfterAKill(t *testing.T) {
	dir := t.TempDir()
	kept := int64(0)
	for round := range 3 {
		h := startHelper(t, os.Args[0], "kafka", dir, nil)
		address := h.until(t, "ready: ")
		if round == 0 {
			makeTopic(t, address, 1)
		}
		acknowledged := produceUntilKilled(t, h, address, kept, 200)
		commitCheck := startKafka(t, KafkaOptions{Dir: dir})
		got := fetchAll(t, kafkaClient(commitCheck.Address), 0, 0)
		require.GreaterOrEqual(t, int64(len(got)), acknowledged)
		for offset, value := range got {
			require.Equal(t, strconv.Itoa(offset), value)
		}
		kept = int64(len(got))
		require.NoError(t, commitCheck.Stop(t.Context()))
	}
}

// produceUntilKilled appends records whose value is their offset, and kills the
// broker while they run once `enough` more are acknowledged. It returns the offset
// after the last acknowledged one.
func produceUntilKilled(t *testing.T, h *helperProcess, address string, next int64, enough int64) int64 {
	t.Helper()
	client := kafkaClient(address)
	end := next + enough
	for {
		if next == end {
			go h.cmd.Process.Kill() //nolint:errcheck // waited for below
		}
		values := []string{strconv.FormatInt(next, 10), strconv.FormatInt(next+1, 10)}
		if _, err := tryProduce(client, 0, values...); err != nil {
			require.GreaterOrEqual(t, next, end, "the broker failed before it was killed: %v", err)
			h.kill()
			return next
		}
		next += 2
	}
}

func TestKafkaListOffsets(t *testing.T) {
	s := startKafka(t, KafkaOptions{})
	makeTopic(t, s.Address, 2)
	client := kafkaClient(s.Address)
	produce(t, client, 1, "a", "b", "c")
	got, err := client.ListOffsets(t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		testTopic: {kafka.FirstOffsetOf(1), kafka.LastOffsetOf(1), kafka.FirstOffsetOf(0), kafka.LastOffsetOf(0)},
	}})
	require.NoError(t, err)
	last := map[int]int64{}
	for _, partition := range got.Topics[testTopic] {
		require.NoError(t, partition.Error)
		require.EqualValues(t, 0, partition.FirstOffset)
		last[partition.Partition] = partition.LastOffset
	}
	require.Equal(t, map[int]int64{0: 0, 1: 3}, last)
}

// The group protocol runs through kafka-go: a group of two shares all partitions,
// and when one leaves the other has them all.
func TestKafkaConsumerGroup(t *testing.T) {
	s := startKafka(t, KafkaOptions{})
	makeTopic(t, s.Address, 4)
	join := func() *kafka.ConsumerGroup {
		group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
			ID: testGroup, Brokers: []string{s.Address}, Topics: []string{testTopic},
			SessionTimeout: 10 * time.Second, HeartbeatInterval: 100 * time.Millisecond, RebalanceTimeout: 5 * time.Second,
			StartOffset: kafka.FirstOffset,
		})
		require.NoError(t, err)
		return group
	}
	first := join()
	defer first.Close()
	generation, err := first.Next(t.Context())
	require.NoError(t, err)
	require.Len(t, generation.Assignments[testTopic], 4)

	second := join()
	shared, err := second.Next(t.Context())
	require.NoError(t, err)
	require.Len(t, shared.Assignments[testTopic], 2)
	require.NoError(t, shared.CommitOffsets(map[string]map[int]int64{testTopic: {shared.Assignments[testTopic][0].ID: 7}}))
	moved := shared.Assignments[testTopic][0].ID
	require.NoError(t, second.Close())

	for len(generation.Assignments[testTopic]) != 4 || generation.ID <= shared.ID {
		generation, err = first.Next(t.Context())
		require.NoError(t, err)
	}
	for _, assignment := range generation.Assignments[testTopic] {
		if assignment.ID == moved {
			require.EqualValues(t, 7, assignment.Offset)
		}
	}
}

func TestKafkaTakesAnotherPortWhenItsOwnIsTaken(t *testing.T) {
	dir := t.TempDir()
	first := startKafka(t, KafkaOptions{Dir: dir})
	require.NoError(t, first.Stop(t.Context()))
	other, err := net.Listen("tcp", first.Address)
	require.NoError(t, err)
	defer other.Close()
	second := startKafka(t, KafkaOptions{Dir: dir})
	require.NotEqual(t, first.Address, second.Address)
}

func TestKafkaFolderIsForOneProcess(t *testing.T) {
	dir := t.TempDir()
	startKafka(t, KafkaOptions{Dir: dir})
	_, err := Kafka(t.Context(), KafkaOptions{Dir: dir})
	require.ErrorIs(t, err, ErrInUse)
}

func TestTwoKafkasAtOnce(t *testing.T) {
	a, b := startKafka(t, KafkaOptions{}), startKafka(t, KafkaOptions{})
	makeTopic(t, a.Address, 1)
	makeTopic(t, b.Address, 1)
	produce(t, kafkaClient(a.Address), 0, "only here")
	require.Empty(t, fetchAll(t, kafkaClient(b.Address), 0, 0))
}

// BenchmarkKafka is the broker's own limit: batches of 5,000 messages of the
// size of a reading, one request at a time.
func BenchmarkKafka(b *testing.B) {
	const batch = 5000
	values := make([]string, batch)
	for i := range values {
		values[i] = fmt.Sprintf(`{"meter":"meter-%05d","group":"feeder-12","ts":"2026-01-01T00:00:00Z","kwh":0.4217,"interval":"PT1H"}`, i)
	}
	for _, durable := range []bool{false, true} {
		s := startKafka(b, KafkaOptions{Sync: durable})
		makeTopic(b, s.Address, 1)
		client := kafkaClient(s.Address)
		b.Run(fmt.Sprintf("produce/sync=%t", durable), func(b *testing.B) {
			for b.Loop() {
				produce(b, client, 0, values...)
			}
			b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "messages/s")
		})
		b.Run(fmt.Sprintf("fetch/sync=%t", durable), func(b *testing.B) {
			read := 0
			for b.Loop() {
				read += len(fetchAll(b, client, 0, 0))
			}
			b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
