package tracing

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/credentials"

	"github.com/energytwin/energytwin/internal/config"
)

const (
	// queued bounds the spans that wait to be sent, and with it the memory of a collector
	// that does not answer: some 4 MB.
	queued = 2048

	// together is how many are sent in one message at most.
	together = 512

	// sendEvery is how long a span waits at most for others.
	sendEvery = 2 * time.Second

	// sendFor bounds one message with its repetitions, and triesFor when the last one begins.
	sendFor  = 15 * time.Second
	triesFor = 10 * time.Second

	// longestValue bounds each attribute, in bytes.
	longestValue = 256

	// instrumentation is the name of who makes the spans.
	instrumentation = "github.com/energytwin/energytwin"
)

// Options of a workload's traces.
type Options struct {
	Workload   string                // such as api; the service is energytwin-api
	Version    string                // of the binary
	Registerer prometheus.Registerer // gets the counters of spans
	Log        *slog.Logger          // nil: the default logger
}

// Start is the tracer of a workload of a twin; nil where the twin has no collector. It makes
// no connection: one that cannot be made loses spans, and nothing else. The caller closes it.
func Start(ctx context.Context, twin *config.Twin, o Options) (*Tracer, error) {
	c := twin.Tracing
	if c == nil {
		return nil, nil
	}
	exporter, err := exporterOf(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	counted, err := newCounted(exporter, o.Registerer, cmp.Or(o.Log, slog.Default()))
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	limits := trace.NewSpanLimits()
	limits.AttributeValueLengthLimit = longestValue
	provider := trace.NewTracerProvider(
		trace.WithSampler(trace.ParentBased(followed{trace.TraceIDRatioBased(c.Ratio)})),
		trace.WithRawSpanLimits(limits),
		trace.WithResource(resourceOf(twin, o)),
		trace.WithSpanProcessor(counted.processor()),
	)
	return &Tracer{tracer: provider.Tracer(instrumentation), shutdown: provider.Shutdown}, nil
}

// resourceOf is who the spans are of.
func resourceOf(twin *config.Twin, o Options) *resource.Resource {
	attributes := []attribute.KeyValue{
		attribute.String("service.name", "energytwin-"+o.Workload),
		attribute.String("service.namespace", twin.Namespace+"/"+twin.Name),
		attribute.String("service.version", o.Version),
		attribute.String("energytwin.twin", twin.Name),
		attribute.String("k8s.namespace.name", twin.Namespace),
	}
	if host, err := os.Hostname(); err == nil {
		attributes = append(attributes, attribute.String("service.instance.id", host))
	}
	return resource.NewSchemaless(attributes...)
}

// exporterOf sends spans to a collector.
func exporterOf(ctx context.Context, c *config.Tracing) (*otlptrace.Exporter, error) {
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	headers := map[string]string{}
	if c.HeadersFile != "" {
		if headers, err = config.ReadHeaders("tracing.headersFile", c.HeadersFile); err != nil {
			return nil, err
		}
	}
	trust, err := c.TLS.Client("tracing.tls")
	if err != nil {
		return nil, err
	}
	if trust == nil {
		trust = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	var client otlptrace.Client
	if c.Protocol == config.TracingGRPC {
		client = grpcClient(endpoint, headers, trust)
	} else {
		client = httpClient(endpoint, headers, trust)
	}
	return otlptrace.New(ctx, client)
}

func httpClient(endpoint *url.URL, headers map[string]string, trust *tls.Config) otlptrace.Client {
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpoint(endpoint.Host),
		otlptracehttp.WithURLPath(path.Join("/", endpoint.Path, "v1/traces")),
		otlptracehttp.WithHeaders(headers),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithTimeout(sendFor),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: time.Second, MaxInterval: 5 * time.Second, MaxElapsedTime: triesFor}),
	}
	if endpoint.Scheme == "http" {
		options = append(options, otlptracehttp.WithInsecure())
	} else {
		options = append(options, otlptracehttp.WithTLSClientConfig(trust))
	}
	return otlptracehttp.NewClient(options...)
}

func grpcClient(endpoint *url.URL, headers map[string]string, trust *tls.Config) otlptrace.Client {
	host := endpoint.Host
	if endpoint.Port() == "" {
		host += map[bool]string{true: ":80", false: ":443"}[endpoint.Scheme == "http"]
	}
	options := []otlptracegrpc.Option{
		otlptracegrpc.WithEndpoint(host),
		otlptracegrpc.WithHeaders(lowerCase(headers)),
		otlptracegrpc.WithCompressor("gzip"),
		otlptracegrpc.WithTimeout(sendFor),
		otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{Enabled: true, InitialInterval: time.Second, MaxInterval: 5 * time.Second, MaxElapsedTime: triesFor}),
	}
	if endpoint.Scheme == "http" {
		options = append(options, otlptracegrpc.WithInsecure())
	} else {
		options = append(options, otlptracegrpc.WithTLSCredentials(credentials.NewTLS(trust)))
	}
	return otlptracegrpc.NewClient(options...)
}

// lowerCase are headers as HTTP/2 has them.
func lowerCase(headers map[string]string) map[string]string {
	out := make(map[string]string, len(headers))
	for name, value := range headers {
		out[strings.ToLower(name)] = value
	}
	return out
}

// followed samples a span that follows from one in another trace that is recorded, and
// others as the sampler does.
type followed struct{ trace.Sampler }

func (f followed) ShouldSample(p trace.SamplingParameters) trace.SamplingResult {
	for _, link := range p.Links {
		if link.SpanContext.IsSampled() {
			return trace.AlwaysSample().ShouldSample(p)
		}
	}
	return f.Sampler.ShouldSample(p)
}
