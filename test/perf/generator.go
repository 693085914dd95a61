package main

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"golang.org/x/sync/errgroup"
)

// generatePass publishes the dataset of a size with the real generator, a
// process of its own: it makes the readings up, encodes and produces them.
func generatePass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (pass, error) {
	twin := *f.twin
	twin.Name = f.twin.Name + "-again"
	path, err := save(&twin, b.dir)
	if err != nil {
		return pass{}, err
	}
	settle()
	p, err := b.generate(ctx, &twin, path, f.size, watch)
	if err != nil {
		return p, err
	}
	return p, b.stores.kafka.DeleteTopic(ctx, twin.Topic("readings"))
}

// producePass sends record sets that are ready, as many readings to each
// partition as the dataset has there, one request in flight on each.
func producePass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (pass, error) {
	requests, err := b.requests(ctx, f)
	if err != nil {
		return pass{}, err
	}
	topic := namespace + "." + f.twin.Name + ".produced"
	if err := b.newTopic(ctx, topic, len(requests)); err != nil {
		return pass{}, err
	}
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(b.stores.broker), Transport: transport}
	settle()
	var sent atomic.Int64
	tasks, taskCtx := errgroup.WithContext(ctx)
	began := time.Now()
	for p := range requests {
		tasks.Go(func() error {
			want := f.logs[p].End - f.logs[p].Start
			for i, n := 0, int64(0); n < want; i++ {
				r := &requests[p][i%len(requests[p])]
				if err := produce(taskCtx, client, topic, p, r.body); err != nil {
					return err
				}
				n += r.records
				watch(sent.Add(r.records))
			}
			return nil
		})
	}
	if err := tasks.Wait(); err != nil {
		return pass{}, err
	}
	took := time.Since(began)
	return pass{readings: sent.Load(), took: took}, b.stores.kafka.DeleteTopic(ctx, topic)
}

func produce(ctx context.Context, client *kafka.Client, topic string, partition int, body []byte) error {
	res, err := client.RawProduce(ctx, &kafka.RawProduceRequest{
		Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll,
		RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(body)},
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return fmt.Errorf("produce to %s partition %d: %w", topic, partition, err)
	}
	return nil
}
