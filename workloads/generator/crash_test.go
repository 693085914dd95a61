package generator

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
)

// A generator that dies while it writes the warm-up into a real Redis leaves none
// that counts. The next one writes it whole, and what it publishes to a real broker
// comes once.
func TestCrashWhileTheWarmUpIsWritten(t *testing.T) {
	broker := kafkatest.Start(t, kafkatest.Options{})
	client, err := stream.Connect(config.Kafka{Brokers: []string{broker.Address}})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	const warm = 48
	for i, written := range []int64{500, 2_000, 4_000} {
		t.Run(fmt.Sprintf("after %d bytes", written), func(t *testing.T) {
			server, err := embedded.Redis(t.Context(), embedded.RedisOptions{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
			file := filepath.Join(t.TempDir(), "password")
			require.NoError(t, os.WriteFile(file, []byte(server.Password), 0o600))

			b := newBench(t, ModeReplay, 400, homes(30, 400))
			b.twin.Name = fmt.Sprintf("twin-%d", i)
			b.twin.Generator.WarmUp = config.Duration(warm * time.Hour)
			b.twin.Kafka.Brokers, b.deps.Stream = []string{broker.Address}, client
			require.NoError(t, client.EnsureTopic(t.Context(), stream.Topic{Name: b.twin.Topic("readings"), Partitions: partitions, Replicas: 1}))
			store := func(address string) *history.Store {
				s, err := history.Connect(config.Redis{Address: address, PassFile: file}, b.twin.KeyPrefix())
				require.NoError(t, err)
				t.Cleanup(func() { _ = s.Close() })
				return s
			}

			ctx, crash := context.WithCancel(testContext(t))
			b.deps.Redis = store(cutOff(t, server.Address, written, crash))
			b.run(ctx)
			require.ErrorIs(t, ctx.Err(), context.Canceled, "it did not crash")
			b.deps.Redis = store(server.Address)
			_, err = b.deps.Redis.WarmUpMarker(t.Context())
			require.ErrorIs(t, err, history.ErrNoWarmUp)

			ctx, end := context.WithCancel(testContext(t))
			taken := make(chan struct{})
			go func() { defer close(taken); b.takeAll(ctx) }()
			b.run(testContext(t))
			end()
			<-taken
			b.requireWarmUpAndStream(warm)
		})
	}
}

// cutOff is an address that leads to a server. Once so many bytes have been sent,
// no more arrives, and crash is called.
func cutOff(t *testing.T, server string, after int64, crash func()) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	left := make(chan int64, 1)
	left <- after
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", server)
			if err != nil {
				_ = from.Close()
				return
			}
			go func() { _, _ = io.Copy(from, to) }()
			go func() {
				defer from.Close()
				defer to.Close()
				relay(from, to, left, crash)
			}()
		}
	}()
	return listener.Addr().String()
}

// relay passes bytes on as long as any are left, which all connections share.
func relay(from io.Reader, to io.Writer, left chan int64, crash func()) {
	buffer := make([]byte, 256)
	for {
		n, err := from.Read(buffer)
		rest := <-left
		pass := min(int64(n), rest)
		left <- rest - pass
		_, _ = to.Write(buffer[:pass])
		if pass < int64(n) {
			crash()
			return
		}
		if err != nil {
			return
		}
	}
}
