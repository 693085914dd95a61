package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// operator is the operator as a process of its own.
type operator struct {
	cmd     *exec.Cmd
	metrics string // address
	logFile string
	ended   chan error
}

// startOperator builds the program and runs it as in a cluster, but for the
// leader election: nobody else is there.
func startOperator(ctx context.Context, kubeconfig, work string) (*operator, error) {
	program := filepath.Join(work, "energytwin")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/energytwin")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the operator: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	o := &operator{metrics: "http://127.0.0.1:" + port + "/metrics", logFile: filepath.Join(work, "operator.log"), ended: make(chan error, 1)}
	log, err := os.Create(o.logFile)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	o.cmd = exec.Command(program, "operator", "--metrics-address", "127.0.0.1:"+port, "--probe-address", "0",
		"--image", "ghcr.io/energytwin/energytwin:bench", "--log-format", "json")
	o.cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	o.cmd.Stdout, o.cmd.Stderr = log, log
	if err := o.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the operator: %w", err)
	}
	go func() { o.ended <- o.cmd.Wait() }()
	return o, o.waitUntilItListens(ctx)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func (o *operator) waitUntilItListens(ctx context.Context) error {
	for {
		if _, err := o.scrape(ctx); err == nil {
			return nil
		}
		select {
		case err := <-o.ended:
			return errors.Join(fmt.Errorf("the operator ended: %s", o.logTail()), err)
		case <-ctx.Done():
			return errors.Join(ctx.Err(), o.stop())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (o *operator) stop() error {
	if err := o.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-o.ended:
		return err
	case <-time.After(30 * time.Second):
		return o.cmd.Process.Kill()
	}
}

func (o *operator) logTail() string {
	const most = 3000
	text, err := os.ReadFile(o.logFile)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// metricFamilies are what the operator shows to Prometheus.
type metricFamilies map[string]*dto.MetricFamily

func (o *operator) scrape(ctx context.Context) (metricFamilies, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.metrics, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the operator's metrics: %w", err)
	}
	return families, nil
}

// value is the sum of a counter or gauge over all its labels.
func (m metricFamilies) value(name string) float64 {
	var sum float64
	for _, metric := range m[name].GetMetric() {
		sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + metric.GetUntyped().GetValue()
	}
	return sum
}

// memory is what a process takes, in bytes.
type memory struct {
	Resident int64 `json:"residentBytes"`
	Peak     int64 `json:"peakResidentBytes"` // since the process began; 0 where the system does not report it
	Live     int64 `json:"liveHeapBytes"`     // what the last garbage collection left
}

func (o *operator) memory(m metricFamilies) memory {
	return memory{
		Resident: int64(m.value("process_resident_memory_bytes")),
		Peak:     o.peak(),
		Live:     int64(m.value("go_gc_heap_live_bytes")),
	}
}

// peak is VmHWM of /proc.
func (o *operator) peak() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", o.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if kB, ok := strings.CutPrefix(string(line), "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kB), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}
