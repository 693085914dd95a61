package stream_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
)

// Producers of other systems may use transactions. What they abort was never
// said.
func TestAbortedTransactionsAreNotRead(t *testing.T) {
	test := func(t *testing.T, brokers []string) {
		ctx := brokerContext(t)
		c := connect(t, config.Kafka{Brokers: brokers})
		require.NoError(t, c.EnsureTopic(ctx, stream.Topic{Name: "t", Partitions: 1, Replicas: 1}))
		producers := make([]*kgo.Client, 2)
		for i := range producers {
			var err error
			producers[i], err = kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.TransactionalID(fmt.Sprintf("producer %d", i)), kgo.DefaultProduceTopic("t"))
			require.NoError(t, err)
			defer producers[i].Close()
		}
		plain := c.Appender("t", 0)
		var want []string
		for round := range 6 {
			ends := []kgo.TransactionEndTry{kgo.TransactionEndTry(round%2 == 0), kgo.TransactionEndTry(round%3 == 0)}
			for _, p := range producers {
				require.NoError(t, p.BeginTransaction())
			}
			for i, p := range producers {
				for n := range 3 {
					value := fmt.Sprintf("round %d, producer %d, %d", round, i, n)
					require.NoError(t, p.ProduceSync(ctx, kgo.StringRecord(value)).FirstErr())
					if ends[i] == kgo.TryCommit {
						want = append(want, value)
					}
				}
			}
			value := fmt.Sprintf("round %d, outside", round)
			plain.Append(nil, []byte(value))
			_, err := plain.Flush(ctx)
			require.NoError(t, err)
			want = append(want, value)
			// A broker lists aborted transactions in the order in which they end, which
			// may not be that in which they begin.
			for _, i := range [][]int{{0, 1}, {1, 0}}[round%2] {
				require.NoError(t, producers[i].EndTransaction(ctx, ends[i]))
			}
		}
		require.Equal(t, want, drain(t, c, "t", 0))
		last, ok, err := c.LastRecord(ctx, "t", 0)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, want[len(want)-1], string(last.Value))
	}
	t.Run("kfake", func(t *testing.T) {
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
		require.NoError(t, err)
		defer cluster.Close()
		test(t, cluster.ListenAddrs())
	})
	t.Run("kafka", func(t *testing.T) { test(t, []string{kafkatest.Start(t, kafkatest.Options{}).Address}) })
}
