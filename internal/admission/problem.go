package admission

import (
	"fmt"
	"regexp"
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

// problems says in this package's words what the API server's packages found.
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
		if wrongType[e.Field] && e.Type != field.ErrorTypeTypeInvalid {
			continue // follows from the type
		}
		path := strings.TrimPrefix(strings.TrimPrefix(e.Field, "<nil>"), ".")
		p := d.problem(path, d.message(e, path))
		if !seen[p] {
			out = append(out, p)
		}
		seen[p] = true
	}
	return out
}

func (d *document) message(e *field.Error, path string) string {
	written := ""
	if node, found := d.find(path); found && node.Kind == yamlv3.ScalarNode {
		written = node.Value
	}
	detail := inBody.ReplaceAllString(e.Detail, "")
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

// typeMessage says what to do about a value of the wrong type.
func typeMessage(detail, written string) string {
	wanted := wantedType.FindStringSubmatch(detail)
	if wanted == nil {
		return detail
	}
	types, given := wanted[1], wanted[2]
	if strings.Contains(types, "string") && written != "" && given != "string" {
		return fmt.Sprintf("%s is a %s; put it in quotes: %q", written, given, written)
	}
	return fmt.Sprintf("is a %s; write a value of type %s", given, strings.ReplaceAll(types, ",", " or "))
}

var wantedType = regexp.MustCompile(`must be of type ([a-z,]+): "([a-z]+)"`)
