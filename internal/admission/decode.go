package admission

import (
	"fmt"
	"slices"
	"strings"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// decode turns a document into an object with the CRD's defaults. Fields that
// are unknown or come twice are problems, as with kubectl.
func (c *Checker) decode(doc *document) (map[string]any, Problems) {
	if problems := doc.repeated(doc.root, "", nil); len(problems) > 0 {
		return nil, problems
	}
	raw, err := yaml.YAMLToJSON(doc.text)
	if err != nil {
		return nil, Problems{{File: doc.file, Line: doc.line, Message: err.Error()}}
	}
	var object map[string]any
	if err := utiljson.Unmarshal(raw, &object); err != nil {
		return nil, Problems{{File: doc.file, Line: doc.line, Message: "is no object: " + err.Error()}}
	}
	var problems Problems
	for _, path := range pruning.PruneWithOptions(object, c.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		problems = append(problems, doc.problem(path, "is unknown; "+c.suggest(path)))
	}
	if _, unknown, err := decodeMeta(object["metadata"]); err == nil {
		for _, e := range unknown {
			problems = append(problems, doc.problem("metadata", fmt.Sprintf("%v; remove it", e)))
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	delete(object, "status") // written by the operator only
	defaulting.PruneNonNullableNullsWithoutDefaults(object, c.structural)
	defaulting.Default(object, c.structural)
	return object, nil
}

// suggest names the known field that an unknown one was likely meant to be, or
// all that there are.
func (c *Checker) suggest(path string) string {
	all := steps(path)
	parent := c.structural
	for _, step := range all[:len(all)-1] {
		if parent = below(parent, step); parent == nil {
			return "remove it"
		}
	}
	var known []string
	for name := range parent.Properties {
		known = append(known, name)
	}
	slices.Sort(known)
	unknown := all[len(all)-1]
	for _, name := range known {
		if distance(strings.ToLower(unknown), strings.ToLower(name)) <= 2 {
			return "write " + name
		}
	}
	if len(known) == 0 {
		return "remove it"
	}
	return "known here are " + strings.Join(known, ", ")
}

// below is the schema of a field or item, nil if there is none.
func below(s *structuralschema.Structural, step string) *structuralschema.Structural {
	if p, ok := s.Properties[step]; ok {
		return &p
	}
	if s.Items != nil {
		return s.Items
	}
	if s.AdditionalProperties != nil {
		return s.AdditionalProperties.Structural
	}
	return nil
}

// distance is the number of letters to change, add or remove between two words
// (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
