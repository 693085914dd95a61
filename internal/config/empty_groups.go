package config

import (
	"fmt"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

// EmptyGroups are the groups of the policy, by name, that no meter is in or below. Of
// made-up households all groups are known beforehand. Of readings from a file or
// from outside nothing is, and the result is empty.
func (t *Twin) EmptyGroups() []string {
	made := t.Dataset.Synthetic
	if made == nil {
		return nil
	}
	known, tree := map[string]bool{}, t.Processor.Policy.Tree()
	for i := range made.Groups {
		name := meter.FeederName(i)
		known[name] = true
		for _, above := range tree.Above(name) {
			known[above] = true
		}
	}
	var empty []string
	for _, g := range t.Processor.Policy.Groups {
		if !known[g.Name] {
			empty = append(empty, g.Name)
		}
	}
	slices.Sort(empty)
	return empty
}

// GroupNames describes how the groups of made-up households are named, "" of
// other readings.
func (t *Twin) GroupNames() string {
	made := t.Dataset.Synthetic
	if made == nil || made.Groups < 1 {
		return ""
	}
	return fmt.Sprintf("%s to %s", meter.FeederName(0), meter.FeederName(made.Groups-1))
}
