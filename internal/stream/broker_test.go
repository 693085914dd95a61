package stream_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
)

const brokerPatience = 2 * time.Minute

func brokerContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), brokerPatience)
	t.Cleanup(cancel)
	return ctx
}

func connect(t testing.TB, cfg config.Kafka) *stream.Client {
	t.Helper()
	c, err := stream.Connect(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// drain reads a partition to its end.
func drain(t testing.TB, c *stream.Client, topic string, partition int) (values []string) {
	t.Helper()
	ctx := brokerContext(t)
	logs, err := c.Offsets(ctx, topic)
	require.NoError(t, err)
	r := c.PartitionReader(topic, partition, stream.ReaderOptions{})
	for next := logs[partition].Start; next < logs[partition].End; {
		batch, err := r.Fetch(ctx, next)
		require.NoError(t, err)
		for rec := (stream.Record{}); batch.Next(&rec); {
			values = append(values, string(rec.Value))
		}
		require.NoError(t, batch.Err())
		next = batch.NextOffset()
	}
	return values
}

// A replay of 2019 on a broker that deletes whatever is old, each second.
// Even a producer that puts the reading's time on the record loses nothing.
func TestRealBrokerKeepsAReplayedYear(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Options{Properties: map[string]string{
		"log.retention.check.interval.ms": "1000",
		"log.initial.task.delay.ms":       "1000",
		"log.segment.delete.delay.ms":     "0",
	}})
	c, ctx := connect(t, config.Kafka{Brokers: []string{b.Address}}), brokerContext(t)
	others := &kafka.Client{Addr: kafka.TCP(b.Address), Timeout: brokerPatience}
	// A topic with the broker's default, time of creation, shows when the
	// checks have run: they delete its records.
	_, err := others.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic: "canary", NumPartitions: 1, ReplicationFactor: 1,
	}}})
	require.NoError(t, err)
	const week = 7 * 24 * time.Hour
	topics := []stream.Topic{
		{Name: "unbounded", Partitions: 1, Replicas: 1},
		{Name: "week", Partitions: 1, Replicas: 1, RetentionTime: week},
	}
	for _, topic := range topics {
		require.NoError(t, c.EnsureTopic(ctx, topic))
	}
	want := map[string][]string{}
	others = &kafka.Client{Addr: kafka.TCP(b.Address), Timeout: brokerPatience, Transport: &kafka.Transport{}} // knows all topics
	start := meter.HourOf(time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, topic := range []string{"unbounded", "week", "canary"} {
		a := c.Appender(topic, 0)
		var foreign []kafka.Record
		for h := range meter.Hour(365 * 24) {
			value := meter.AppendMessage(nil, meter.Reading{Meter: "m", Hour: start + h, KWh: float32(h)})
			want[topic] = append(want[topic], string(value))
			foreign = append(foreign, kafka.Record{Time: (start + h).Time(), Key: kafka.NewBytes([]byte("m")), Value: kafka.NewBytes(value)})
			if topic != "canary" {
				a.Append([]byte("m"), value)
			}
		}
		res, err := others.Produce(ctx, &kafka.ProduceRequest{Topic: topic, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(foreign...)})
		require.NoError(t, err)
		require.NoError(t, res.Error)
		_, err = a.Flush(ctx)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		logs, err := c.Offsets(ctx, "canary")
		return err == nil && logs[0] == stream.Offsets{Start: 365 * 24, End: 365 * 24}
	}, brokerPatience, 20*time.Millisecond, "the checks must delete what is old")
	for _, topic := range topics {
		require.Equal(t, append(want[topic.Name], want[topic.Name]...), drain(t, c, topic.Name, 0), topic.Name)
	}
}

func TestRealBrokerStream(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Options{Users: map[string]string{"twin": "s3cret pass"}})
	dir := t.TempDir()
	secret := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o600))
		return path
	}
	plain := connect(t, config.Kafka{Brokers: []string{b.Address}})
	scram := connect(t, config.Kafka{Brokers: []string{b.SASLAddress}, UserFile: secret("user", "twin"), PassFile: secret("pass", "s3cret pass")})
	for name, c := range map[string]*stream.Client{"plain": plain, "scram": scram} {
		t.Run(name, func(t *testing.T) {
			ctx := brokerContext(t)
			require.NoError(t, c.Ping(ctx))
			topic := stream.Topic{Name: "topic-" + name, Partitions: 3, Replicas: 1}
			require.NoError(t, c.EnsureTopic(ctx, topic))
			require.NoError(t, c.EnsureTopic(ctx, topic))
			topic.RetentionTime = time.Hour
			require.NoError(t, c.EnsureTopic(ctx, topic), "with another configuration")
			topic.Partitions = 4
			require.ErrorContains(t, c.EnsureTopic(ctx, topic), "has 3 partitions, 4 are wanted")

			a := c.Appender(topic.Name, 2)
			var want []string
			for i := range 10_000 {
				want = append(want, fmt.Sprintf("value %d", i))
				a.Append([]byte("k"), []byte(want[i]))
				if a.Size() > 50_000 || i == 9_999 {
					_, err := a.Flush(ctx)
					require.NoError(t, err)
				}
			}
			require.Equal(t, want, drain(t, c, topic.Name, 2))
			last, ok, err := c.LastRecord(ctx, topic.Name, 2)
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, "value 9999", string(last.Value))
			require.WithinDuration(t, time.Now(), last.Time(), brokerPatience)

			var out *stream.OutOfRangeError
			_, err = c.PartitionReader(topic.Name, 2, stream.ReaderOptions{}).Fetch(ctx, 20_000)
			require.ErrorAs(t, err, &out)
			require.Equal(t, stream.Offsets{Start: 0, End: 10_000}, out.Log)

			requireGroupWorks(t, c, topic.Name)
			require.NoError(t, c.DeleteTopic(ctx, topic.Name))
		})
	}
	t.Run("a topic with the broker's defaults", func(t *testing.T) {
		ctx := brokerContext(t)
		others := &kafka.Client{Addr: kafka.TCP(b.Address), Timeout: brokerPatience, Transport: &kafka.Transport{}}
		res, err := others.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: "theirs", NumPartitions: 1, ReplicationFactor: 1}}})
		require.NoError(t, err)
		require.NoError(t, res.Errors["theirs"])
		require.NoError(t, plain.EnsureTopic(ctx, stream.Topic{Name: "theirs", Partitions: 1, Replicas: 1}))
		// The controller has taken the change; the broker hears of it a moment later.
		require.Eventually(t, func() bool {
			configs, err := others.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{{
				ResourceType: kafka.ResourceTypeTopic, ResourceName: "theirs", ConfigNames: []string{"message.timestamp.type"},
			}}})
			return err == nil && configs.Resources[0].ConfigEntries[0].ConfigValue == "LogAppendTime"
		}, brokerPatience, 50*time.Millisecond)
	})
	wrong := connect(t, config.Kafka{Brokers: []string{b.SASLAddress}, UserFile: secret("user", "twin"), PassFile: secret("pass", "wrong")})
	require.Error(t, wrong.Ping(brokerContext(t)))
}

// requireGroupWorks runs two members until all partitions are committed.
func requireGroupWorks(t *testing.T, c *stream.Client, topic string) {
	t.Helper()
	ctx, cancel := context.WithCancel(brokerContext(t))
	var members sync.WaitGroup
	for range 2 {
		g := c.Group("group-"+topic, topic, slog.New(slog.DiscardHandler))
		members.Go(func() {
			_ = g.Run(ctx, func(ctx context.Context, partition int) error {
				g.CommitHint(partition, int64(partition+1))
				<-ctx.Done()
				return nil
			})
		})
	}
	require.Eventually(t, func() bool {
		offsets, err := c.CommittedOffsets(ctx, "group-"+topic, topic)
		return err == nil && fmt.Sprint(offsets) == "[1 2 3]"
	}, brokerPatience, 50*time.Millisecond)
	cancel()
	members.Wait()
}

// A broker that is killed comes back with all that it acknowledged, and a
// client finds it again.
func TestRealBrokerIsKilled(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Options{})
	c, ctx := connect(t, config.Kafka{Brokers: []string{b.Address}}), brokerContext(t)
	require.NoError(t, c.EnsureTopic(ctx, stream.Topic{Name: "t", Partitions: 1, Replicas: 1}))
	a := c.Appender("t", 0)
	a.Append(nil, []byte("before"))
	_, err := a.Flush(ctx)
	require.NoError(t, err)
	b.Kill()
	a.Append(nil, []byte("lost"))
	_, err = a.Flush(ctx)
	require.Error(t, err)
	b.Run()
	require.Eventually(t, func() bool {
		last, ok, err := c.LastRecord(ctx, "t", 0)
		return err == nil && ok && string(last.Value) == "before"
	}, brokerPatience, 50*time.Millisecond)
	a = c.Appender("t", 0)
	a.Append(nil, []byte("after"))
	_, err = a.Flush(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"before", "after"}, drain(t, c, "t", 0))
}
