// Package tracingtest is a collector of OpenTelemetry for tests: the real protocols, in this
// process.
package tracingtest

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // clients compress
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// Span is one that was received, with the attributes of what sent it.
type Span struct {
	*tracepb.Span
	Resource map[string]string
}

// Collector keeps what it is sent.
type Collector struct {
	collector.UnimplementedTraceServiceServer
	URL    string // of the base that spec.monitoring.tracing.endpoint names
	CAFile string // "" without TLS

	mu      sync.Mutex
	spans   []Span
	headers []http.Header
	paths   []string
}

// HTTP is a collector over HTTP, with TLS.
func HTTP(t testing.TB) *Collector {
	c := &Collector{}
	server := httptest.NewTLSServer(c)
	t.Cleanup(server.Close)
	c.URL = server.URL
	c.CAFile = filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(c.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	return c
}

// GRPC is a collector over gRPC, with TLS.
func GRPC(t testing.TB) *Collector {
	withCertificate := httptest.NewTLSServer(nil) // whose certificate is for this machine
	certificate := withCertificate.TLS.Certificates[0]
	ca := withCertificate.Certificate().Raw
	withCertificate.Close()
	c := &Collector{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}})))
	collector.RegisterTraceServiceServer(server, c)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	c.URL = "https://" + listener.Addr().String()
	c.CAFile = filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(c.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca}), 0o600))
	return c
}

// Hanging is the address of a collector that takes connections and never answers, over HTTP
// without TLS.
func Hanging(t testing.TB) string {
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-ended:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(ended); server.Close() })
	return server.URL
}

// ServeHTTP takes a message over HTTP.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unpacked
	}
	raw, err := io.ReadAll(body)
	var message collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(raw, &message)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.keep(&message, r.Header, r.URL.Path)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// Export takes a message over gRPC.
func (c *Collector) Export(ctx context.Context, message *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	header := http.Header{}
	if sent, ok := metadata.FromIncomingContext(ctx); ok {
		for name, values := range sent {
			for _, v := range values {
				header.Add(name, v)
			}
		}
	}
	c.keep(message, header, "")
	return &collector.ExportTraceServiceResponse{}, nil
}

func (c *Collector) keep(message *collector.ExportTraceServiceRequest, header http.Header, path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers, c.paths = append(c.headers, header), append(c.paths, path)
	for _, of := range message.ResourceSpans {
		resource := texts(of.GetResource().GetAttributes())
		for _, scope := range of.ScopeSpans {
			for _, span := range scope.Spans {
				c.spans = append(c.spans, Span{span, resource})
			}
		}
	}
}

// Spans are those that were received so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Header is a header of each message so far, and Paths are the paths of those over HTTP.
func (c *Collector) Header(name string) (values []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.headers {
		values = append(values, h.Get(name))
	}
	return values
}

// Paths are those of the messages over HTTP.
func (c *Collector) Paths() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.paths)
}

// Wait waits for a span with a name for which is holds.
func (c *Collector) Wait(t testing.TB, name string, is func(Span) bool) Span {
	t.Helper()
	var found Span
	require.Eventually(t, func() bool {
		for _, s := range c.Spans() {
			if s.Name == name && (is == nil || is(s)) {
				found = s
				return true
			}
		}
		return false
	}, time.Minute, 20*time.Millisecond, "no span %q", name)
	return found
}

// Attributes are those of a span, as texts.
func (s Span) Attributes() map[string]string { return texts(s.GetAttributes()) }

func texts(attributes []*commonpb.KeyValue) map[string]string {
	out := map[string]string{}
	for _, a := range attributes {
		switch v := a.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			out[a.Key] = v.StringValue
		default:
			out[a.Key] = a.GetValue().String()
		}
	}
	return out
}
