package bridge

import "strings"

// matches reports whether a filter of topics selects a topic (MQTT 5, section 4.7): + is any
// level, and # at the end its parent and all levels below. Wildcards in the first level do
// not select topics that begin with $.
func matches(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && !strings.HasPrefix(filter, "$") {
		return false
	}
	levels := strings.Split(topic, "/")
	wanted := strings.Split(filter, "/")
	for i, want := range wanted {
		switch {
		case want == "#":
			return true
		case i == len(levels):
			return false
		case want != "+" && want != levels[i]:
			return false
		}
	}
	return len(wanted) == len(levels)
}
