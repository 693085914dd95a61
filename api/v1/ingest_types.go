package v1

// Ingest defines how readings come in from outside while generator.mode is "Off". Kafka
// takes them in any case.
type Ingest struct {
	// Over the REST API, with POST /api/v1/readings.
	// +optional
	HTTP HTTPIngest `json:"http,omitzero"`
}

// HTTPIngest defines whether the REST API takes readings.
type HTTPIngest struct {
	// Whether it does. If left out, it does while generator.mode is "Off".
	// +optional
	Enabled *bool `json:"enabled,omitempty"`
}

// TakesHTTP reports whether the REST API of a twin of the spec takes readings.
func (s *DigitalTwinSpec) TakesHTTP() bool {
	on := s.Ingest.HTTP.Enabled
	return s.Generator.Mode == GeneratorOff && (on == nil || *on)
}
