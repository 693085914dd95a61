package config

// MeterGroup says which meters belong to a group.
type MeterGroup struct {
	Name   string   `json:"name"`
	Meters []string `json:"meters"` // names; * stands for any characters, ? for one
}

// GroupOf is the group of a meter: the one that the dataset itself names, else
// the first of Groups that fits, else "".
func (d *Dataset) GroupOf(meter, named string) string {
	if named != "" {
		return named
	}
	for _, g := range d.Groups {
		for _, pattern := range g.Meters {
			if fits(pattern, meter) {
				return g.Name
			}
		}
	}
	return ""
}

// fits matches a name against a pattern with * and ?, byte by byte. On a
// mismatch it lets the last * take one more byte, which is enough: an earlier
// one never needs to take more.
func fits(pattern, name string) bool {
	p, n := 0, 0
	star, taken := -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, taken = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			taken++
			p, n = star+1, taken
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
