package generator

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
)

// A real broker that is killed and stopped while readings are under way loses
// none, nor their order, whatever state the requests were in.
func TestRealBrokerFailsMidway(t *testing.T) {
	broker := kafkatest.Start(t, kafkatest.Options{Properties: map[string]string{
		"log.retention.check.interval.ms": "1000",
		"log.initial.task.delay.ms":       "1000",
	}})
	b := newBench(t, ModeReplay, 2000, homes(40, 2000))
	b.twin.Kafka.Brokers = []string{broker.Address}
	client, err := stream.Connect(b.twin.Kafka)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	b.deps.Stream = client
	require.NoError(t, client.EnsureTopic(testContext(t), stream.Topic{Name: b.twin.Topic("readings"), Partitions: partitions, Replicas: 1}))

	// Progress drives the failures: they happen at points of the replay.
	b.deps.batchBytes = 10_000
	b.twin.Generator.Speed = 3600 * 300 // about 7 s, if nothing fails
	at := func(hour int) func(Progress) bool {
		return func(p Progress) bool { return p.Hour >= start+meter.Hour(hour) }
	}
	failures := []struct {
		when func(Progress) bool
		do   func()
	}{
		{at(300), func() { broker.Kill(); broker.Run() }},
		{at(700), func() { broker.Pause(); time.AfterFunc(time.Second, broker.Resume) }},
		{at(1200), func() { broker.Kill(); broker.Run() }},
	}
	progress := make(chan Progress, 1)
	b.deps.Progress = func(p Progress) {
		select {
		case progress <- p:
		default:
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	var generating sync.WaitGroup
	generating.Go(func() { b.run(ctx); close(progress) })
	next := 0
	for p := range progress {
		if next < len(failures) && failures[next].when(p) {
			failures[next].do()
			next++
		}
	}
	generating.Wait()
	require.NoError(t, ctx.Err())
	require.Equal(t, len(failures), next, "all failures must have happened")
	require.Equal(t, b.wanted(everything), withoutRepeats(b.topic()))
}
