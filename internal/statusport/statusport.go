// Package statusport serves what operates a workload: metrics, probes and a
// page of status, on a port that is not for the public.
package statusport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// NewRegistry is a registry with the metrics that every process has: those of Go's
// runtime (go_*) and of the process (process_*).
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Check is one thing that must be in order for a workload to do its work.
type Check struct {
	Name string
	Run  func(context.Context) error // nil is in order
}

// Options beside the address. All may be left out.
type Options struct {
	Gatherer prometheus.Gatherer // of /metrics; nil has none
	Ready    []Check             // /ready is 200 while all of them pass
	Status   func() any          // shown as JSON by /status
	Listener net.Listener        // in place of the address
}

const (
	checkTimeout = 2 * time.Second // kubelets give up after a second or more
	stopTimeout  = 5 * time.Second
)

// Serve serves until ctx ends:
//
//	/metrics  for Prometheus
//	/health   200 as long as the process answers: a restart would not help a store
//	/ready    200 if all checks pass, else 503; with the outcome of each, as JSON
//	/status   the workload's own status, as JSON
//
// It returns nil when ctx ended.
func Serve(ctx context.Context, addr string, o Options) error {
	listener := o.Listener
	if listener == nil {
		var err error
		if listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", addr); err != nil {
			return fmt.Errorf("status port %s: %w", addr, err)
		}
	}
	server := &http.Server{
		Handler:           Handler(o),
		ReadHeaderTimeout: stopTimeout,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		_ = server.Shutdown(patience)
	})
	err := server.Serve(listener)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("status port %s: %w", addr, err)
}

// Handler is what Serve serves, for a server of one's own.
func Handler(o Options) http.Handler {
	mux := http.NewServeMux()
	if o.Gatherer != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(o.Gatherer, promhttp.HandlerOpts{}))
	}
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, r *http.Request) { writeReady(w, r, o.Ready) })
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		if o.Status == nil {
			writeJSON(w, http.StatusOK, struct{}{})
			return
		}
		writeJSON(w, http.StatusOK, o.Status())
	})
	return mux
}

// writeReady runs the checks at the same time, so that one that hangs does
// not hide the others.
func writeReady(w http.ResponseWriter, r *http.Request, checks []Check) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	errs := make([]error, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() { errs[i] = c.Run(ctx) })
	}
	running.Wait()
	outcome := struct {
		Status string            `json:"status"`
		Checks map[string]string `json:"checks"`
	}{Status: "ready", Checks: make(map[string]string, len(checks))}
	code := http.StatusOK
	for i, c := range checks {
		outcome.Checks[c.Name] = "ok"
		if errs[i] != nil {
			outcome.Checks[c.Name] = errs[i].Error()
			outcome.Status, code = "not ready", http.StatusServiceUnavailable
		}
	}
	writeJSON(w, code, outcome)
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
}
