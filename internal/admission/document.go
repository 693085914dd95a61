package admission

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// document is one YAML document of a file, with the lines of its fields.
type document struct {
	file string
	line int // first line in the file, from 1
	text []byte
	root *yamlv3.Node // nil for an empty document
}

// findTwin takes the only DigitalTwin out of a file.
func findTwin(file string, content []byte) (*document, error) {
	docs, err := split(file, content)
	if err != nil {
		return nil, err
	}
	var twins []*document
	var others []string
	for _, d := range docs {
		switch kind := d.scalar("kind"); {
		case kind == v1.Kind:
			twins = append(twins, d)
		case kind != "":
			others = append(others, kind)
		case len(docs) == 1 || d.scalar("spec") != "":
			twins = append(twins, d) // the only document: report what it lacks
		}
	}
	switch {
	case len(twins) == 1:
		return twins[0], twins[0].checkType()
	case len(twins) == 0 && len(others) > 0:
		return nil, Problems{{File: file, Message: fmt.Sprintf("holds no DigitalTwin, but %s; write one with apiVersion: %s and kind: %s",
			strings.Join(others, ", "), v1.GroupVersion, v1.Kind)}}
	case len(twins) == 0:
		return nil, Problems{{File: file, Message: fmt.Sprintf("is empty; write a DigitalTwin with apiVersion: %s and kind: %s", v1.GroupVersion, v1.Kind)}}
	default:
		return nil, Problems{{File: file, Line: twins[1].line, Message: fmt.Sprintf("holds %d DigitalTwins; keep one in a file", len(twins))}}
	}
}

func (d *document) checkType() error {
	var problems Problems
	if kind := d.scalar("kind"); kind != v1.Kind {
		problems = append(problems, d.problem("kind", fmt.Sprintf("%q is not known here; write %s", kind, v1.Kind)))
	}
	if version := d.scalar("apiVersion"); version != v1.GroupVersion.String() {
		problems = append(problems, d.problem("apiVersion", fmt.Sprintf("%q is not known here; write %s", version, v1.GroupVersion)))
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// split takes a file apart at its --- lines, as kubectl does.
func split(file string, content []byte) ([]*document, error) {
	var docs []*document
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	start, line := 1, 1
	var text bytes.Buffer
	flush := func() error {
		d, err := parse(file, start, text.Bytes())
		if err != nil {
			return err
		}
		if d.root != nil {
			docs = append(docs, d)
		}
		text.Reset()
		return nil
	}
	for l := range bytes.Lines(content) {
		if separates(l) {
			if err := flush(); err != nil {
				return nil, err
			}
			start = line + 1
		} else {
			text.Write(l)
		}
		line++
	}
	return docs, flush()
}

func separates(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("---"))
	rest = bytes.TrimSpace(rest)
	return ok && (len(rest) == 0 || rest[0] == '#')
}

// parse reads the document's structure for the lines of its fields.
func parse(file string, line int, text []byte) (*document, error) {
	// Empty lines before the document make the parser count as the file does.
	padded := append(bytes.Repeat([]byte("\n"), line-1), text...)
	var node yamlv3.Node
	if err := yamlv3.Unmarshal(padded, &node); err != nil {
		return nil, Problems{syntaxProblem(file, err)}
	}
	d := &document{file: file, line: line, text: bytes.Clone(text)}
	if len(node.Content) > 0 && node.Content[0].Tag != "!!null" {
		d.root = node.Content[0]
		d.line = d.root.Line
	}
	return d, nil
}

// syntaxProblem takes the line out of a parser's message.
func syntaxProblem(file string, err error) Problem {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	rest, ok := strings.CutPrefix(message, "line ")
	if number, after, cut := strings.Cut(rest, ": "); ok && cut {
		if line, err := strconv.Atoi(number); err == nil {
			return Problem{File: file, Line: line, Message: "is no YAML: " + after}
		}
	}
	return Problem{File: file, Message: "is no YAML: " + message}
}

// scalar is the text of a field at the top, "" if there is none; a field that is
// not a scalar gives its kind.
func (d *document) scalar(name string) string {
	n, ok := child(d.root, name)
	if !ok {
		return ""
	}
	if n.Kind != yamlv3.ScalarNode {
		return n.ShortTag()
	}
	return n.Value
}

// find is the node of a field, such as spec.dataset.groups[0].name, or of its
// nearest parent that is written in the document; found reports which.
func (d *document) find(path string) (node *yamlv3.Node, found bool) {
	node = d.root
	for _, step := range steps(path) {
		next, ok := child(node, step)
		if !ok {
			return node, false
		}
		node = next
	}
	return node, true
}

func child(n *yamlv3.Node, step string) (*yamlv3.Node, bool) {
	if n != nil && n.Kind == yamlv3.AliasNode {
		n = n.Alias
	}
	switch {
	case n == nil:
		return nil, false
	case n.Kind == yamlv3.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1], true
			}
		}
	case n.Kind == yamlv3.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], true
		}
	}
	return nil, false
}

// steps takes a path apart: a.b[0].c is a, b, 0, c.
func steps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

// repeated appends a problem for each key that comes twice in a mapping.
func (d *document) repeated(n *yamlv3.Node, path string, problems Problems) Problems {
	switch n.Kind {
	case yamlv3.MappingNode:
		first := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, at := n.Content[i], join(path, n.Content[i].Value)
			if line, twice := first[key.Value]; twice {
				problems = append(problems, Problem{File: d.file, Line: key.Line, Field: at,
					Message: fmt.Sprintf("comes twice, first in line %d; remove one of them", line)})
			}
			first[key.Value] = key.Line
			problems = d.repeated(n.Content[i+1], at, problems)
		}
	case yamlv3.SequenceNode:
		for i, item := range n.Content {
			problems = d.repeated(item, fmt.Sprintf("%s[%d]", path, i), problems)
		}
	}
	return problems
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
