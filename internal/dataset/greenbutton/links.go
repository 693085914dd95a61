package greenbutton

import (
	"encoding/xml"
	"strings"
)

// espiLinks are the links of an entry: what it is, what it belongs to, and what it is
// related to. Each is a path; see linkPath.
type espiLinks struct {
	self, up string
	related  []string
}

func (l *espiLinks) add(start xml.StartElement) {
	var rel, href string
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "rel":
			rel = a.Value
		case "href":
			href = linkPath(a.Value)
		}
	}
	switch rel {
	case "self":
		l.self = href
	case "up":
		l.up = href
	case "related":
		l.related = append(l.related, href)
	}
}

// linkPath is a link without its host and its query: some feeds write them in some
// links only.
func linkPath(href string) string {
	if _, after, found := strings.Cut(href, "://"); found {
		_, href, _ = strings.Cut(after, "/")
	}
	href, _, _ = strings.Cut(href, "?")
	return strings.Trim(strings.TrimSpace(href), "/")
}

// reading is the path of the MeterReading that a block belongs to: its up link is
// …/MeterReading/id/IntervalBlock.
func (l *espiLinks) reading() string {
	for _, href := range []string{l.up, l.self} {
		if reading, _, found := strings.Cut(href, "/IntervalBlock"); found {
			return reading
		}
	}
	return ""
}

// point is the path of the UsagePoint that an entry belongs to; "" if no link names it.
func (l *espiLinks) point() string {
	for _, href := range append([]string{l.self, l.up}, l.related...) {
		if _, id, end := lastAfter(href, "UsagePoint"); id != "" {
			return href[:end]
		}
	}
	return ""
}

// lastAfter is the id that follows a kind of resource in a path, and where it begins
// and ends.
func lastAfter(path, kind string) (begin int, id string, end int) {
	i := strings.LastIndex("/"+path, "/"+kind+"/")
	if i < 0 {
		return 0, "", 0
	}
	begin = i + len(kind) + 1
	id, _, _ = strings.Cut(path[begin:], "/")
	return begin, id, begin + len(id)
}

// pointNames are the names of usage points by their paths: the id, and as many ids of
// what they belong to, such as the customer, as it takes to distinguish them.
func pointNames(paths []string) map[string]string {
	names := map[string]string{}
	open := paths
	for depth := 0; len(open) > 0; depth++ {
		count := map[string]int{}
		for _, p := range open {
			names[p] = nameWithin(p, depth)
		}
		for _, name := range names {
			count[name]++
		}
		var alike []string
		for _, p := range open {
			if count[names[p]] > 1 && names[p] != p {
				alike = append(alike, p)
			}
		}
		open = alike
	}
	return names
}

// nameWithin is the id at the end of a path and the ids of that many resources that
// it lies in; all of the path if it has not as many.
func nameWithin(path string, depth int) string {
	parts := strings.Split(path, "/")
	if len(parts) < 2*depth+1 {
		return path
	}
	var ids []string
	for i := len(parts) - 1 - 2*depth; i < len(parts); i += 2 {
		ids = append(ids, parts[i])
	}
	return strings.Join(ids, "/")
}
