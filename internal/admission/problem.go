package admission

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Problem is one thing that is wrong with a twin in a file.
type Problem struct {
	File    string
	Line    int    // from 1; 0 if it concerns the whole file
	Field   string // such as spec.kafka.managed.replicas; "" for the whole document
	Message string // what is wrong, and what to write instead
}

// Error is file:line: field: message.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Field != "" {
		b.WriteString(": " + p.Field)
	}
	b.WriteString(": " + p.Message)
	return b.String()
}

// Problems are all that is wrong with a twin.
type Problems []Problem

// Error is one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// problem is a problem of a field, with the field's line or that of its nearest
// parent.
func (d *document) problem(path, message string) Problem {
	p := Problem{File: d.file, Field: path, Message: message}
	if node, _ := d.find(path); node != nil {
		p.Line = node.Line
	}
	return p
}

// problems reports in this package's words what the API server's packages found.
func (d *document) problems(errs field.ErrorList) Problems {
	var out Problems
	seen := map[Problem]bool{}
	wrongType := map[string]bool{}
	for _, e := range errs {
		if e.Type == field.ErrorTypeTypeInvalid {
			wrongType[e.Field] = true
		}
	}
	for _, e := range errs {
		path := strings.TrimPrefix(strings.TrimPrefix(e.Field, "<nil>"), ".")
		if match := wrongFormat.FindStringSubmatch(e.Detail); match != nil {
			path = match[2] // the error itself names no field
		}
		if wrongType[path] && e.Type != field.ErrorTypeTypeInvalid {
			continue // follows from the type, which has its own error
		}
		p := d.problem(path, d.message(e, path))
		if !seen[p] {
			out = append(out, p)
		}
		seen[p] = true
	}
	slices.SortStableFunc(out, func(a, b Problem) int { return a.Line - b.Line })
	return out
}

func (d *document) message(e *field.Error, path string) string {
	written := ""
	if node, found := d.find(path); found && node.Kind == yamlv3.ScalarNode {
		written = node.Value
	}
	detail := inBody.ReplaceAllString(e.Detail, "")
	if match := wrongFormat.FindStringSubmatch(detail); match != nil {
		return fmt.Sprintf("%q does not fit into %s; write a smaller number", written, match[1])
	}
	switch e.Type {
	case field.ErrorTypeRequired:
		return "is missing; write it"
	case field.ErrorTypeNotSupported:
		return fmt.Sprintf("%q is unknown; %s", written, strings.Replace(detail, "supported values: ", "write one of ", 1))
	case field.ErrorTypeTypeInvalid:
		return typeMessage(detail, written)
	case field.ErrorTypeDuplicate:
		return "comes twice in its list; keep one"
	}
	if written != "" {
		return fmt.Sprintf("%q: %s", written, detail)
	}
	return detail
}

// inBody is how the schema's messages start; the path stands before them
// already.
var inBody = regexp.MustCompile(`^(\S+ )?in body `)

// wrongFormat is what the schema reports of a number that is too large for its
// field.
var wrongFormat = regexp.MustCompile(`^Checked value must be of type \w+ with format (\w+) in (\S+)$`)

// typeMessage explains what to do about a value of the wrong type.
func typeMessage(detail, written string) string {
	match := wantedType.FindStringSubmatch(detail)
	if match == nil {
		return detail
	}
	wanted, given := match[1], match[2]
	if strings.Contains(wanted, "string") && written != "" && given != "string" {
		return fmt.Sprintf("%s is %s; put it in quotes: %q", written, inYAML(given), written)
	}
	if written != "" {
		return fmt.Sprintf("%q is %s; write %s", written, inYAML(given), inYAML(wanted))
	}
	return fmt.Sprintf("is %s; write %s", inYAML(given), inYAML(wanted))
}

var wantedType = regexp.MustCompile(`must be of type ([a-z0-9,]+): "([a-z0-9]+)"`)

// inYAML is a type of JSON in the words of who writes YAML.
func inYAML(types string) string {
	var words []string
	for _, t := range strings.Split(types, ",") {
		switch t {
		case "integer", "int32", "int64":
			t = "a whole number"
		case "number", "float", "float64", "double":
			t = "a number"
		case "array":
			t = "a list"
		case "object":
			t = "a mapping"
		case "string":
			t = "a text"
		case "boolean":
			t = "a boolean"
		}
		words = append(words, t)
	}
	return strings.Join(words, " or ")
}
