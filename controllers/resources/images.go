package resources

import (
	"fmt"
	"strings"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Images are references in full, by tag, digest or both.
type Images struct {
	Workloads  string
	Kafka      string
	Redis      string
	Timescale  string
	Prometheus string
	Grafana    string
}

// DefaultImages are the operator's choice; workloads is its own image.
func DefaultImages(workloads string) Images {
	return Images{
		Workloads:  workloads,
		Kafka:      "docker.io/apache/kafka:4.1.1",
		Redis:      "docker.io/library/redis:7.4.6",
		Timescale:  "docker.io/timescale/timescaledb:2.22.1-pg17",
		Prometheus: "docker.io/prom/prometheus:v3.5.0",
		Grafana:    "docker.io/grafana/grafana:12.2.0",
	}
}

// Of is the image of a component.
func (i Images) Of(component string) string {
	if c := ComponentOf(component); c.Image != nil {
		return *c.Image(&i)
	}
	return i.Workloads
}

// slot is one of a twin's images and what its spec has of it.
type slot struct {
	component string // whose status records the image
	field     string // of the spec that names the image, "" if none does
	full      string // the image that the spec names
	version   string // the tag that the spec names
	of        func(*Images) *string
}

func slots(spec *v1.DigitalTwinSpec) []slot {
	var out []slot
	for _, c := range Components() {
		if c.Choice == nil {
			continue
		}
		one := slot{component: c.Name, field: c.Choice.field, of: c.Image}
		if c.Choice.named != nil {
			one.full, one.version = c.Choice.named(spec)
		}
		out = append(out, one)
	}
	return out
}

// FieldOf is the field of the spec that decides an image of a component, for people: a
// version where one is written and no image.
func FieldOf(spec *v1.DigitalTwinSpec, component string) string {
	for _, slot := range slots(spec) {
		if slot.component != component {
			continue
		}
		if slot.full == "" && slot.version != "" {
			return strings.TrimSuffix(slot.field, "image") + "version"
		}
		if slot.full == "" && spec.ImageRegistry != "" {
			return "spec.imageRegistry"
		}
		return slot.field
	}
	return ""
}

// PinnedImages are the choices of the operator that a twin keeps: those of the
// operator that made it, or that it moved to last under updatePolicy: Automatic.
// What the spec names is never among them. chosen are those of this operator, for
// a twin without pins.
func PinnedImages(twin *v1.DigitalTwin, record *Record, chosen Images) Images {
	if record.Pins != nil {
		return Images(*record.Pins)
	}
	// An operator from before pins recorded only what it ran. Where the spec names
	// nothing, that was its own choice.
	out, running := chosen, record.RunningImages()
	for _, slot := range slots(&twin.Spec) {
		ran := *slot.of(&running)
		if ran == "" || slot.full != "" || slot.version != "" {
			continue
		}
		*slot.of(&out) = unplaced(ran, twin.Spec.ImageRegistry, *slot.of(&chosen))
	}
	return out
}

// MovePins are the pins of a twin that follows the operator: a component moves to the
// operator's choice when it runs it, or when the twin does not have it.
func MovePins(twin *v1.DigitalTwin, record *Record, pins, chosen Images) Images {
	newest, err := ResolveImages(twin, chosen)
	if err != nil {
		return pins
	}
	running := record.RunningImages()
	for _, slot := range slots(&twin.Spec) {
		if runs := *slot.of(&running); runs == "" || runs == *slot.of(&newest) {
			*slot.of(&pins) = *slot.of(&chosen)
		}
	}
	return pins
}

// unplaced is the reference that became ran below a twin's registry.
func unplaced(ran, registry, chosen string) string {
	of, err := parseImage(chosen)
	if err != nil || registry == "" {
		return ran
	}
	suffix, found := strings.CutPrefix(ran, registry+"/"+of.path)
	if !found {
		return ran
	}
	return of.repository() + suffix
}

// ResolveImages are the images that a spec asks for: those that it names in full,
// the version that it names of the operator's image, else the operator's image.
// The operator's are from, the pins of a twin or this operator's choice, and lie
// in spec.imageRegistry where there is one. An error names the field.
func ResolveImages(twin *v1.DigitalTwin, from Images) (Images, error) {
	var out Images
	for _, slot := range slots(&twin.Spec) {
		if slot.full != "" {
			if err := CheckImage(slot.full); err != nil {
				return Images{}, fmt.Errorf("%s: %w", slot.field, err)
			}
			*slot.of(&out) = slot.full
			continue
		}
		own, err := parseImage(*slot.of(&from))
		if err != nil {
			return Images{}, fmt.Errorf("the operator's image of %s: %w", slot.component, err)
		}
		if slot.version != "" {
			own = own.at(slot.version)
		}
		*slot.of(&out) = own.below(twin.Spec.ImageRegistry)
	}
	return out, nil
}

// PostgresMajor is the major version of PostgreSQL that a TimescaleDB image's
// tag names, "" if it names none: 17 for 2.22.1-pg17.
func PostgresMajor(text string) string {
	of, err := parseImage(text)
	if err != nil {
		return ""
	}
	_, after, found := strings.Cut(of.tag, "pg")
	if !found {
		return ""
	}
	end := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(after)
	}
	return after[:end]
}

// List is every image that a twin needs, each once, in the order of components.
func (i Images) List(twin *v1.DigitalTwin) []string {
	out := []string{i.Workloads}
	for _, c := range ComponentsOf(&twin.Spec, RoleStore, RoleMonitoring) {
		out = append(out, *c.Image(&i))
	}
	return out
}
