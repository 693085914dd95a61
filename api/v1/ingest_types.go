package v1

// Ingest defines how readings come in from outside while generator.mode is "Off". Kafka
// takes them in any case.
type Ingest struct {
	// Over the REST API, with POST /api/v1/readings.
	// +optional
	HTTP HTTPIngest `json:"http,omitzero"`

	// From a broker of MQTT 5. If left out, none is read.
	// +optional
	MQTT *MQTTIngest `json:"mqtt,omitempty"`
}

// MQTTIngest defines a broker of MQTT 5 whose messages are readings. A bridge subscribes to
// them with QoS 1 and a session, and acknowledges a message once the stream has it: what is
// published while the bridge is away waits at the broker, for a week.
//
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.url.startsWith('mqtts://') || self.url.startsWith('wss://')",message="ingest.mqtt.tls needs an encrypted address; write ingest.mqtt.url as mqtts://host:port or wss://host:port/path, or remove it"
type MQTTIngest struct {
	// Address with its port: mqtts://host:8883 or wss://host:443/mqtt, which are encrypted,
	// or mqtt://host:1883 or ws://host:80/mqtt, which are not.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^(mqtts?://([A-Za-z0-9._-]+|[[][0-9a-fA-F:]+[]]):[0-9]{1,5}|wss?://([A-Za-z0-9._-]+|[[][0-9a-fA-F:]+[]]):[0-9]{1,5}(/[A-Za-z0-9._~/-]*)?)$')",message="write the broker's address with its port and without a user name, such as mqtts://mqtt.example.org:8883; the user has ingest.mqtt.secretRef"
	URL string `json:"url"`

	// Filters of topics, such as meters/+/energy or area/#.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.all(s, s.matches('^([+]|[^+#]*)(/([+]|[^/+#]*))*(/#)?$|^#$') && !s.startsWith('$share/'))",message="write filters of topics such as meters/+/energy or area/#: + stands for one level, and # for all further ones at the end; the bridge is one client, which needs no shared subscription ($share)"
	Topics []string `json:"topics"`

	// The client id, by which the broker keeps messages while the bridge is away; if left
	// out, energytwin-NAMESPACE-NAME. Two clients of one id take the connection from each
	// other. With another id the session is another one: what waits for the one before is
	// not read.
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9._:-]*$')",message="write a client id of letters, digits and '.', '_', ':', '-', such as riverside-twin"
	// +optional
	ClientID string `json:"clientID,omitempty"`

	// Whom to trust, and a certificate to log in with, at an encrypted address. If left out,
	// the authorities that are trusted publicly.
	// +optional
	TLS *ClientTLS `json:"tls,omitempty"`

	// Secret with the keys username and password. If left out, nobody logs in, or the
	// certificate of tls.certSecretRef does.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`

	// Where the parts of a reading are in a message. If left out, messages are those of the
	// readings topic: {"meter", "group", "ts", "interval", "kwh"}.
	// +optional
	Mapping *MQTTMapping `json:"mapping,omitempty"`

	// What the bridge asks of its node.
	// +optional
	Resources *Resources `json:"resources,omitempty"`
}

// MQTTMapping defines where the parts of a reading are. Fields are those of the payload, a
// JSON object, named by their path, such as Body.energy.
type MQTTMapping struct {
	// Levels of the topic that are parts of the reading, such as area/{group}/{meter}/energy;
	// + is any level. If left out, the payload has all parts.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^([+]|[{]meter[}]|[{]group[}]|[^/+#{}]*)(/([+]|[{]meter[}]|[{]group[}]|[^/+#{}]*))*$')",message="write the levels of the topic: {meter}, {group}, + for any, or a text, such as area/{group}/{meter}/energy"
	// +optional
	Topic string `json:"topic,omitempty"`

	// Field with the meter's name; meter if left out.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Meter string `json:"meter,omitempty"`

	// Field with the meter's group; group if left out.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Group string `json:"group,omitempty"`

	// Field with the start of the interval, in RFC 3339, or as Unix seconds or milliseconds;
	// ts if left out.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Time string `json:"time,omitempty"`

	// Field with the energy of the interval; kwh if left out.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Energy string `json:"energy,omitempty"`

	// Unit of the energy; kWh if left out.
	// +kubebuilder:validation:Enum=kWh;Wh
	// +optional
	Unit string `json:"unit,omitempty"`

	// Length of the interval of all messages. If left out, each has it in the field interval.
	// +kubebuilder:validation:Enum=PT1H;PT30M;PT15M
	// +optional
	Interval string `json:"interval,omitempty"`
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

// Bridged is the broker of MQTT that a twin of the spec takes readings from; nil for none.
func (s *DigitalTwinSpec) Bridged() *MQTTIngest {
	if s.Generator.Mode != GeneratorOff {
		return nil
	}
	return s.Ingest.MQTT
}
