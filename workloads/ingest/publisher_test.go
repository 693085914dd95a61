package ingest

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
	"github.com/energytwin/energytwin/internal/tracing"
	"github.com/energytwin/energytwin/internal/tracing/tracingtest"
)

// brokers are what the tests publish to: one in this process, and Apache Kafka.
func brokers(t *testing.T, run func(t *testing.T, c *stream.Client)) {
	t.Run("in process", func(t *testing.T) {
		run(t, inProcess(t))
	})
	t.Run("Apache Kafka", func(t *testing.T) {
		run(t, topicOf(t, kafkatest.Start(t, kafkatest.Options{}).Address))
	})
}

func inProcess(t *testing.T) *stream.Client {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return topicOf(t, cluster.ListenAddrs()[0])
}

func topicOf(t *testing.T, address string) *stream.Client {
	c, err := stream.Connect(config.Kafka{Brokers: []string{address}})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.NoError(t, c.EnsureTopic(t.Context(), stream.Topic{Name: "ns.twin.readings", Partitions: 3, Replicas: 1}))
	return c
}

// inLog counts the values of all partitions.
func inLog(t *testing.T, c *stream.Client) map[string]int {
	p := NewPublisher(c, "ns.twin.readings")
	logs, err := c.Offsets(t.Context(), p.topic)
	require.NoError(t, err)
	out := map[string]int{}
	for partition, log := range logs {
		require.NoError(t, p.scan(t.Context(), partition, log.Start, log.End, func(r *stream.Record) { out[string(r.Value)]++ }))
	}
	return out
}

// manyRows are rows of which each is there once, enough for several chunks of a partition.
func manyRows(n, from int) string {
	var b strings.Builder
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		b.WriteString(message(fmt.Sprintf("meter-%d-%s", i%40, strings.Repeat("x", 80)), "", start.Add(time.Duration(from+i)*time.Hour).Format(time.RFC3339), float64(i)))
		b.WriteByte('\n')
	}
	return b.String()
}

func intakeOf(t *testing.T, lines string) *Intake {
	in := NewRules(testTwin()).NewIntake(testNow.AddDate(20, 0, 0))
	require.NoError(t, in.Lines([]byte(lines)))
	return in
}

// Whatever part of a batch is in the log, completing it leaves each row there once.
func TestCompletingAPublication(t *testing.T) {
	brokers(t, func(t *testing.T, c *stream.Client) {
		random := rand.New(rand.NewPCG(1, 2))
		p := NewPublisher(c, "ns.twin.readings")
		want := map[string]int{}
		for round := range 8 {
			ends, err := NewPublisher(c, p.topic).LogEnds(t.Context())
			require.NoError(t, err)
			lines := manyRows(12_000, round*20_000)
			for line := range strings.Lines(lines) {
				want[strings.TrimSpace(line)]++
			}
			other := message("other", "", fmt.Sprintf("2024-01-%02dT00:00:00Z", round+1), 1)
			want[other]++
			id := uuid.New()
			chunks := intakeOf(t, lines).chunks()
			require.Greater(t, len(chunks), 3, "several chunks of a partition")
			var part []chunk
			for _, ch := range chunks {
				if random.IntN(2) == 0 {
					part = append(part, ch)
				}
			}
			publishPart(t, p, id, part)
			_, err = p.Publish(t.Context(), uuid.New(), intakeOf(t, other))
			require.NoError(t, err)

			extents, err := p.Complete(t.Context(), id, intakeOf(t, lines), ends)
			require.NoError(t, err)
			again, err := p.Complete(t.Context(), id, intakeOf(t, lines), ends)
			require.NoError(t, err)
			require.Equal(t, extents, again, "nothing is published again")
			rows := int64(0)
			for _, e := range extents {
				rows += e.Next - e.First
			}
			require.EqualValues(t, 12_000, rows)
		}
		require.Equal(t, want, inLog(t, c))
	})
}

// publishPart leaves some chunks of a batch in the log, as a process does that is killed.
func publishPart(t *testing.T, p *Publisher, id uuid.UUID, part []chunk) {
	for i := range part {
		_, err := appendChunk(t.Context(), p.client.Appender(p.topic, part[i].partition), id, &part[i], nil)
		require.NoError(t, err)
	}
}

// A topic that was recreated meanwhile has nothing of the batch.
func TestCompletingInARecreatedTopic(t *testing.T) {
	c := inProcess(t)
	p := NewPublisher(c, "ns.twin.readings")
	lines := manyRows(10, 0)
	_, err := p.Complete(context.Background(), uuid.New(), intakeOf(t, lines), []int64{1000, 1000, 1000})
	require.NoError(t, err)
	require.Len(t, inLog(t, c), 10)
}

// A request that is traced is named on the first record of each chunk, and on no other; one
// that is not leaves the records as they are.
func TestPublishedChunksNameTheirTrace(t *testing.T) {
	client := inProcess(t)
	c := tracingtest.HTTP(t)
	tracer, err := tracing.Start(t.Context(), &config.Twin{Tracing: &config.Tracing{Protocol: config.TracingHTTP, Endpoint: c.URL, Ratio: 1, TLS: &config.TLS{CAFile: c.CAFile}}},
		tracing.Options{Workload: "api", Registerer: prometheus.NewRegistry()})
	require.NoError(t, err)
	p := NewPublisher(client, "ns.twin.readings")
	p.Trace(tracer)
	marks := func() (parents map[string]int, records int) {
		parents = map[string]int{}
		logs, err := client.Offsets(t.Context(), p.topic)
		require.NoError(t, err)
		for partition, log := range logs {
			require.NoError(t, p.scan(t.Context(), partition, log.Start, log.End, func(r *stream.Record) {
				records++
				if parent := r.Header(tracing.Parent); parent != nil {
					require.NotNil(t, r.Header(chunkHeader), "it is beside the mark of the chunk")
					parents[string(parent)]++
				}
			}))
		}
		return parents, records
	}
	_, err = p.Publish(t.Context(), uuid.New(), intakeOf(t, manyRows(200, 0)))
	require.NoError(t, err)
	parents, records := marks()
	require.Empty(t, parents)
	require.Equal(t, 200, records)

	ctx, request := tracer.Start(t.Context(), "POST /api/v1/readings")
	extents, err := p.Publish(ctx, uuid.New(), intakeOf(t, manyRows(200, 200)))
	require.NoError(t, err)
	request.End()
	tracer.Close(t.Context())
	parents, records = marks()
	require.Equal(t, 400, records)
	require.Len(t, parents, 1)
	publish := c.Wait(t, "publish readings", nil)
	for parent, chunks := range parents {
		require.Equal(t, len(extents), chunks)
		require.Contains(t, parent, hex.EncodeToString(publish.TraceId)+"-"+hex.EncodeToString(publish.SpanId))
	}
}
