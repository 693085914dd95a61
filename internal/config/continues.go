package config

import (
	"fmt"
	"reflect"
	"time"

	"github.com/energytwin/energytwin/internal/dsm"
)

// Continues returns nil if readings of this twin go on where those that are
// stored under an earlier configuration of it ended, else which field keeps them
// from it and what to write instead. Meters would otherwise change partitions or
// readings their hours, and good readings would be rejected or come twice.
//
// Readings from outside say themselves what they are: of a twin without a
// generator only the number of partitions and the trees of groups count.
func (t *Twin) Continues(stored *Twin) error {
	if t.Kafka.Partitions != stored.Kafka.Partitions {
		return fixed("kafka.topics.partitions", t.Kafka.Partitions, stored.Kafka.Partitions)
	}
	if err := t.sameRoots(stored); err != nil {
		return err
	}
	if t.Generator.Mode == "Off" || stored.Generator.Mode == "Off" {
		return nil
	}
	if (t.Generator.Mode == "Live") != (stored.Generator.Mode == "Live") {
		return fixed("generator.mode", t.Generator.Mode, stored.Generator.Mode)
	}
	now, was := &t.Dataset, &stored.Dataset
	if err := now.sameSource(was); err != nil {
		return err
	}
	for _, f := range []struct {
		field    string
		now, was any
	}{
		{"timezone", t.Timezone, stored.Timezone},
		{"generator.warmup.history", t.Generator.WarmUp, stored.Generator.WarmUp},
		{"dataset.window.start", now.Start.UTC(), was.Start.UTC()},
		{"dataset.window.duration", now.Span, was.Span},
	} {
		if !reflect.DeepEqual(f.now, f.was) {
			return fixed(f.field, f.now, f.was)
		}
	}
	if !was.LayoutUnknown && !reflect.DeepEqual(now.Layout, was.Layout) {
		return fmt.Errorf("spec.dataset.layout reads the file in another way than when the readings that are stored were made; %s", howToContinue)
	}
	if len(now.Groups) != len(was.Groups) || len(now.Groups) > 0 && !reflect.DeepEqual(now.Groups, was.Groups) {
		return fmt.Errorf("spec.dataset.groups puts meters into other groups than those of the readings that are stored; %s", howToContinue)
	}
	return nil
}

// sameRoots compares the highest groups, which are the keys of messages. Within its tree a
// group may get another parent.
func (t *Twin) sameRoots(was *Twin) error {
	now, before := t.Processor.Policy.Tree(), was.Processor.Policy.Tree()
	for _, policy := range []*dsm.Policy{&t.Processor.Policy, &was.Processor.Policy} {
		for i := range policy.Groups {
			name := policy.Groups[i].Name
			if a, b := now.Root(name), before.Root(name); a != b {
				return fmt.Errorf("spec.processor.dsm.groups: the highest group above %q is %q, but the readings that are stored came under %q, "+
					"and a tree of groups is in one partition; %s", name, a, b, howToContinue)
			}
		}
	}
	return nil
}

// sameSource compares what is read. A file is known by its checksum, where both
// sides have one, and else by where it comes from.
func (d *Dataset) sameSource(was *Dataset) error {
	if y, z := d.Synthetic, was.Synthetic; y != nil && z != nil {
		for _, f := range []struct {
			field    string
			now, was any
		}{
			{"meters", y.Meters, z.Meters}, {"groups", y.Groups, z.Groups}, {"seed", y.Seed, z.Seed}, {"year", y.Year, z.Year},
		} {
			if f.now != f.was {
				return fixed("dataset.synthetic."+f.field, f.now, f.was)
			}
		}
		return nil
	}
	if d.SHA256 != "" && d.SHA256 == was.SHA256 {
		return nil
	}
	if d.Source != was.Source {
		return fixed("dataset", d.Source, was.Source)
	}
	return nil
}

const howToContinue = "write what it was, or delete the twin with its volumes, or make a twin of another name"

func fixed(field string, now, was any) error {
	return fmt.Errorf("spec.%s is %v, but the readings that are stored were made with %v; %s", field, printed(now), printed(was), howToContinue)
}

// printed quotes what may be empty.
func printed(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case Duration:
		return time.Duration(v).String()
	}
	return fmt.Sprint(v)
}
