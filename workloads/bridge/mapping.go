package bridge

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/energytwin/energytwin/internal/config"
)

// mapping turns messages of MQTT into those of the readings topic.
type mapping struct {
	config.MQTTMapping
	levels []string // of the topic; {meter} and {group} name parts
}

// newMapping checks a mapping and fills in what it leaves out.
func newMapping(c config.MQTTMapping) (*mapping, error) {
	m := &mapping{MQTTMapping: c}
	m.Meter, m.Group = cmp.Or(c.Meter, "meter"), cmp.Or(c.Group, "group")
	m.Time, m.Energy, m.Unit = cmp.Or(c.Time, "ts"), cmp.Or(c.Energy, "kwh"), cmp.Or(c.Unit, "kWh")
	if m.Unit != "kWh" && m.Unit != "Wh" {
		return nil, fmt.Errorf("ingest.mqtt.mapping.unit: %q is unknown; write kWh or Wh", c.Unit)
	}
	switch c.Interval {
	case "", "PT1H", "PT30M", "PT15M":
	default:
		return nil, fmt.Errorf("ingest.mqtt.mapping.interval: %q is unknown; write PT1H, PT30M or PT15M", c.Interval)
	}
	if c.Topic == "" {
		return m, nil
	}
	m.levels = strings.Split(c.Topic, "/")
	for _, level := range m.levels {
		if strings.ContainsAny(level, "{}") && level != "{meter}" && level != "{group}" {
			return nil, fmt.Errorf("ingest.mqtt.mapping.topic: the level %q is no {meter} and no {group}; write one of these, a text or +", level)
		}
	}
	return m, nil
}

// Errors of a message.
var (
	errNoObject = errors.New("the payload is no JSON object; send one")
	errTopic    = errors.New("the topic has not the levels of ingest.mqtt.mapping.topic; correct it, or narrow ingest.mqtt.topics")
)

// message is the message of the readings topic for one of MQTT.
func (m *mapping) message(topic string, payload []byte) ([]byte, error) {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil || decoder.More() || fields == nil {
		return nil, errNoObject
	}
	out := map[string]any{"meter": at(fields, m.Meter), "interval": at(fields, "interval")}
	if group := at(fields, m.Group); group != nil {
		out["group"] = group
	}
	if err := m.fromTopic(topic, out); err != nil {
		return nil, err
	}
	if m.Interval != "" {
		out["interval"] = m.Interval
	}
	var err error
	if out["ts"], err = timeOf(at(fields, m.Time)); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Time, err)
	}
	if out["kwh"], err = m.energyOf(at(fields, m.Energy)); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Energy, err)
	}
	return json.Marshal(out)
}

// fromTopic takes the parts that are levels of the topic.
func (m *mapping) fromTopic(topic string, out map[string]any) error {
	if m.levels == nil {
		return nil
	}
	levels := strings.Split(topic, "/")
	if len(levels) != len(m.levels) {
		return errTopic
	}
	for i, want := range m.levels {
		switch want {
		case "{meter}":
			out["meter"] = levels[i]
		case "{group}":
			out["group"] = levels[i]
		case "+", levels[i]:
		default:
			return errTopic
		}
	}
	return nil
}

// at is the value of a field by its path; nil if there is none.
func at(fields map[string]any, path string) any {
	name, rest, nested := strings.Cut(path, ".")
	value := fields[name]
	if !nested {
		return value
	}
	below, is := value.(map[string]any)
	if !is {
		return fields[path] // a name with a dot
	}
	return at(below, rest)
}

// afterSeconds is the first number that is Unix milliseconds rather than seconds: in seconds
// it is the year 5138.
const afterSeconds = 100_000_000_000

// timeOf is a time in RFC 3339; text is handed on, for the processor to judge.
func timeOf(v any) (any, error) {
	number, is := v.(json.Number)
	if !is {
		return v, nil
	}
	n, err := number.Int64()
	if err != nil {
		return nil, errors.New("is no whole number of Unix seconds or milliseconds; send one, or RFC 3339")
	}
	if n >= afterSeconds {
		return time.UnixMilli(n).UTC().Format(time.RFC3339), nil
	}
	return time.Unix(n, 0).UTC().Format(time.RFC3339), nil
}

// energyOf is an energy in kWh. Devices that send numbers as texts are common.
func (m *mapping) energyOf(v any) (any, error) {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	default:
		return nil, errors.New("is missing or no number; send a number")
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return nil, errors.New("is no number; send one")
	}
	if m.Unit == "Wh" {
		value /= 1000
	}
	return value, nil
}
