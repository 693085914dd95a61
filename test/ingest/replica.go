package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api"
	"github.com/energytwin/energytwin/workloads/api/auth"
)

// replicaEnv holds the configuration of a process that is to be an API server.
const replicaEnv = "ENERGYTWIN_INGEST_REPLICA"

// serveReplica serves the API if this process is to do so.
func serveReplica() (serving bool, err error) {
	text := os.Getenv(replicaEnv)
	if text == "" {
		return false, nil
	}
	var twin config.Twin
	if err := json.Unmarshal([]byte(text), &twin); err != nil {
		return true, err
	}
	ctx := context.Background()
	db, err := reader.Open(ctx, twin.Database.URL, timescale.Options{})
	if err != nil {
		return true, err
	}
	client, err := stream.Connect(twin.Kafka)
	if err != nil {
		return true, err
	}
	slog.SetLogLoggerLevel(slog.LevelError)
	return true, api.Run(ctx, twin, api.Deps{DB: db, Stream: client, Requests: auth.Rate{PerSecond: 1e6, Burst: 1e6}})
}

// replica is an API server that is killed and started again.
type replica struct {
	twin    config.Twin
	address string

	mu      sync.Mutex
	process *exec.Cmd
}

func newReplica(twin config.Twin) (*replica, error) {
	r := &replica{twin: twin}
	for _, to := range []*string{&r.twin.API.Listen, &r.twin.API.StatusListen} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		*to = l.Addr().String()
		if err := l.Close(); err != nil {
			return nil, err
		}
	}
	r.address = "http://" + r.twin.API.Listen
	return r, r.start()
}

func (r *replica) start() error {
	text, err := json.Marshal(r.twin)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.process = exec.Command(program)
	r.process.Env = append(os.Environ(), replicaEnv+"="+string(text))
	r.process.Stderr = os.Stderr
	return r.process.Start()
}

// kill ends the process as a power cut would.
func (r *replica) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.process.Process.Kill()
	_ = r.process.Wait()
}

// answers waits until the server takes connections.
func (r *replica) answers(ctx context.Context) error {
	deadline := time.Now().Add(time.Minute)
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.twin.API.Listen)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("the API server does not answer: %w", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
