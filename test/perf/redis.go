package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
	p, err := forAtLeast(ctx, b.o.least, watch, func() (int64, error) {
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

// pipelinePass writes the same states with SET, each under its meter's key:
// commands that are ready, sent without waiting for answers, as redis-benchmark
// does.
func pipelinePass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (pass, error) {
	checkpoints, err := b.checkpoints(ctx, f)
	if err != nil {
		return pass{}, err
	}
	if err := b.stores.emptyRedis(ctx); err != nil {
		return pass{}, err
	}
	commands, n := setCommands(checkpoints)
	conn, err := b.stores.dialRedis(ctx)
	if err != nil {
		return pass{}, err
	}
	defer conn.Close()
	settle()
	rounds := int64(0)
	p, err := forAtLeast(ctx, b.o.least, watch, func() (int64, error) {
		rounds++
		return f.readingsPerRound(), conn.pipeline(commands, n)
	})
	p.bytes = rounds * sizeOf(checkpoints)
	return p, errors.Join(err, b.stores.emptyRedis(context.WithoutCancel(ctx)))
}

// setCommands are the states as commands in Redis's protocol, and how many.
func setCommands(checkpoints []history.Checkpoint) (commands []byte, n int) {
	for _, c := range checkpoints {
		for _, m := range c.Meters {
			commands = appendCommand(commands, []byte("SET"), []byte(m.Key), m.Blob)
			n++
		}
	}
	return commands, n
}

func appendCommand(dst []byte, args ...[]byte) []byte {
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
	if err := c.pipeline(appendCommand(nil, []byte("AUTH"), []byte(s.redis.Password)), 1); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

var redisOK = []byte("+OK\r\n")

// pipeline sends n commands while it reads the answers, each of which must be
// OK.
func (c *redisConn) pipeline(commands []byte, n int) error {
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(commands)
		sent <- err
	}()
	var reply [5]byte
	for range n {
		if _, err := io.ReadFull(c.replies, reply[:]); err != nil {
			return err
		}
		if !bytes.Equal(reply[:], redisOK) {
			rest, _ := c.replies.ReadString('\n')
			return fmt.Errorf("redis answers %q", string(reply[:])+rest)
		}
	}
	return <-sent
}
