package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
)

// A round writes the state of all meters once. The processor does that once per
// simulated day at most, so a round stands for a day's readings.
func (f *fixture) readingsPerRound() int64 { return int64(f.size.Meters) * meter.HoursPerDay }

// checkpoints are those that the processor has left in Redis at its end.
func (b *bench) checkpoints(ctx context.Context, f *fixture) ([]history.Checkpoint, error) {
	if f.cache.checkpoints == nil {
		if _, err := processorPass(ctx, b, f, func(int64) {}); err != nil {
			return nil, err
		}
	}
	return f.cache.checkpoints, nil
}

// keepCheckpoints takes the checkpoints of a processor that has ended.
func (b *bench) keepCheckpoints(ctx context.Context, f *fixture) error {
	if f.cache.checkpoints != nil {
		return nil
	}
	store, err := history.Connect(f.twin.Redis, f.twin.KeyPrefix())
	if err != nil {
		return err
	}
	defer store.Close()
	for p, log := range f.logs {
		if log.End == log.Start {
			continue
		}
		c, err := store.LoadCheckpoint(ctx, p)
		if err != nil {
			return err
		}
		f.cache.checkpoints = append(f.cache.checkpoints, c)
	}
	return nil
}

func sizeOf(checkpoints []history.Checkpoint) int64 {
	n := 0
	for _, c := range checkpoints {
		for _, m := range c.Meters {
			n += len(m.Key) + len(m.Blob)
		}
	}
	return int64(n)
}

// checkpointPass saves the checkpoints of all partitions again and again, one
// partition after the other, as the processor does.
func checkpointPass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (pass, error) {
	checkpoints, err := b.checkpoints(ctx, f)
	if err != nil {
		return pass{}, err
	}
	if err := b.stores.emptyRedis(ctx); err != nil {
		return pass{}, err
	}
	store, err := history.Connect(f.twin.Redis, namespace+"/redis/")
	if err != nil {
		return pass{}, err
	}
	defer store.Close()
	settle()
	rounds := int64(0)
	p, err := forAtLeast(ctx, b.o.leastPart(), watch, func() (int64, error) {
		for partition, c := range checkpoints {
			if err := store.SaveCheckpoint(ctx, partition, c); err != nil {
				return 0, err
			}
		}
		rounds++
		return f.readingsPerRound(), nil
	})
	p.bytes = rounds * sizeOf(checkpoints)
	return p, errors.Join(err, b.stores.emptyRedis(context.WithoutCancel(ctx)))
}

// pipelinePass writes the same states as the processor lays them out, a hash for
// each partition: commands that are ready, sent without waiting for answers, as
// redis-benchmark does.
func pipelinePass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (pass, error) {
	checkpoints, err := b.checkpoints(ctx, f)
	if err != nil {
		return pass{}, err
	}
	if err := b.stores.emptyRedis(ctx); err != nil {
		return pass{}, err
	}
	commands, n := writeCommands(checkpoints)
	conn, err := b.stores.dialRedis(ctx)
	if err != nil {
		return pass{}, err
	}
	defer conn.Close()
	settle()
	rounds := int64(0)
	p, err := forAtLeast(ctx, b.o.leastPart(), watch, func() (int64, error) {
		rounds++
		return f.readingsPerRound(), conn.pipeline(commands, n)
	})
	p.bytes = rounds * sizeOf(checkpoints)
	return p, errors.Join(err, b.stores.emptyRedis(context.WithoutCancel(ctx)))
}

// commandBytes is about how much a command writes.
const commandBytes = 1 << 20

// writeCommands are commands in Redis's protocol that put all states in place of
// those from the round before, and how many commands there are.
func writeCommands(checkpoints []history.Checkpoint) (commands []byte, n int) {
	for partition, c := range checkpoints {
		key := fmt.Appendf(nil, "window/%d", partition)
		commands = appendCommand(commands, [][]byte{[]byte("UNLINK"), key})
		n++
		set := [][]byte{[]byte("HSET"), key}
		size := 0
		for i, m := range c.Meters {
			set = append(set, []byte(m.Key), m.Blob)
			if size += len(m.Blob); size >= commandBytes || i == len(c.Meters)-1 {
				commands = appendCommand(commands, set)
				n++
				set, size = set[:2], 0
			}
		}
	}
	return commands, n
}

func appendCommand(dst []byte, args [][]byte) []byte {
	dst = fmt.Appendf(dst, "*%d\r\n", len(args))
	for _, a := range args {
		dst = fmt.Appendf(dst, "$%d\r\n", len(a))
		dst = append(append(dst, a...), '\r', '\n')
	}
	return dst
}

// redisConn is a bare connection to Redis.
type redisConn struct {
	net.Conn
	replies *bufio.Reader
}

func (s *stores) dialRedis(ctx context.Context) (*redisConn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.redis.Address)
	if err != nil {
		return nil, err
	}
	c := &redisConn{Conn: conn, replies: bufio.NewReaderSize(conn, 1<<16)}
	if err := c.pipeline(appendCommand(nil, [][]byte{[]byte("AUTH"), []byte(s.redis.Password)}), 1); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c, nil
}

// pipeline sends n commands while it reads the answers.
func (c *redisConn) pipeline(commands []byte, n int) error {
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(commands)
		sent <- err
	}()
	for range n {
		reply, err := c.replies.ReadString('\n')
		if err != nil {
			return err
		}
		if reply[0] == '-' {
			return fmt.Errorf("redis answers %q", reply)
		}
	}
	return <-sent
}
