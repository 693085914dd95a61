package config

import "github.com/energytwin/energytwin/internal/meter"

// MeterGroup defines which meters belong to a group.
type MeterGroup struct {
	Name   string   `json:"name"`
	Meters []string `json:"meters"` // names; * stands for any characters, ? for one
}

// GroupOf is the group of a meter: the one that the dataset itself names, else
// the first of Groups that fits, else "".
func (d *Dataset) GroupOf(name, named string) string {
	if named != "" {
		return named
	}
	for _, g := range d.Groups {
		for _, pattern := range g.Meters {
			if meter.Fits(pattern, name) {
				return g.Name
			}
		}
	}
	return ""
}
