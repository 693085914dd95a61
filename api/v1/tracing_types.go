package v1

// Tracing defines which traces are made, and the collector of OpenTelemetry that they are
// sent to. A collector that does not answer loses traces and delays nothing.
// +kubebuilder:validation:XValidation:rule="self.endpoint.startsWith('https://') || (has(self.insecure) && self.insecure)",message="an http address sends traces and headers unencrypted; write an https address, or insecure: true"
// +kubebuilder:validation:XValidation:rule="!(has(self.insecure) && self.insecure) || self.endpoint.startsWith('http://')",message="insecure is for an http address; write one, or leave insecure out"
// +kubebuilder:validation:XValidation:rule="!has(self.caSecretRef) || self.endpoint.startsWith('https://')",message="a certificate is checked at an https address alone; write one, or leave caSecretRef out"
// +kubebuilder:validation:XValidation:rule="!has(self.protocol) || self.protocol != 'GRPC' || self.endpoint.matches('^https?://[^/]+$')",message="gRPC has no paths; write an address such as https://collector.example.org:4317"
type Tracing struct {
	// Address of the collector, such as https://collector.example.org:4318. Over HTTP
	// traces are sent to /v1/traces below it.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^ /?#@]+(/[^ ?#]*)?$')",message="write an https or http address without a user name and query, such as https://collector.example.org:4318"
	Endpoint string `json:"endpoint"`

	// HTTP is OTLP over HTTP, usually port 4318; it passes proxies and Ingresses like any
	// other request. GRPC is OTLP over gRPC, usually port 4317.
	// +kubebuilder:default=HTTP
	// +optional
	Protocol TracingProtocol `json:"protocol,omitempty"`

	// Share of the traces that are recorded, from 0 to 1, of those that begin in the twin.
	// A request with a traceparent header is recorded if its caller records it.
	// +kubebuilder:default="1"
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0 && double(self) <= 1.0",message="write a share from 0 to 1, such as \"0.1\""
	// +optional
	SamplingRatio Decimal `json:"samplingRatio,omitempty"`

	// Secret with the key headers, which are sent along: name=value, several with commas
	// between them, as in OTEL_EXPORTER_OTLP_HEADERS.
	// +optional
	HeadersSecretRef *SecretReference `json:"headersSecretRef,omitempty"`

	// Secret with the key ca.crt, the authority that signed the collector's certificate.
	// If left out, those that the image trusts.
	// +optional
	CASecretRef *SecretReference `json:"caSecretRef,omitempty"`

	// Allows an http address: traces and headers are sent unencrypted.
	// +kubebuilder:default=false
	// +optional
	Insecure bool `json:"insecure,omitempty"`
}

// TracingProtocol defines how a collector takes traces.
// +kubebuilder:validation:Enum=HTTP;GRPC
type TracingProtocol string

// The protocols.
const (
	TracingHTTP TracingProtocol = "HTTP"
	TracingGRPC TracingProtocol = "GRPC"
)
