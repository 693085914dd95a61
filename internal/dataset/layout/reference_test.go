package layout

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/reference/layouts.md again")

// The reference of the layout document is made from the comments of its types. Run with
// -update after a change, as make generate does.
func TestCommittedReferenceIsCurrent(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "reference", "layouts.md")
	want := reference(t)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(have), "run make generate")
}

func reference(t *testing.T) string {
	structs := comments(t)
	var b strings.Builder
	b.WriteString(`# Layout documents

<!-- Made from the types in internal/dataset/layout by make generate. -->

A layout document defines how the text of a file becomes readings. It is the same in ` + "`spec.dataset.layout`" + ` of a twin, in the file
of ` + "`--layout FILE`" + `, and as what ` + "`energytwin dataset inspect FILE`" + ` prints. A field that is left out is found out from the file. Unknown
fields are errors.

` + "```yaml" + `
version: 1
separator: ";"
numbers: {decimal: ","}
time: {columns: [Datum, Uhrzeit], order: DMY, marks: Start, zone: Europe/Berlin, interval: 15m}
meter: {column: Zählpunkt}
values: [{column: Bezug}, {column: Einspeisung, direction: Export}]
unit: kWh
` + "```" + `

Columns are called by their header, in upper or lower case. ` + "`*` stands for any characters and `?` for one, `|` stands between names of\nwhich the first that is there is taken, and `#2` is the second column." + `

`)
	writeFields(&b, structs, reflect.TypeFor[Document](), "")
	b.WriteString("## Layouts that ship with the program\n\n`--layout NAME`, or `layout: {from: NAME}` with further fields that replace its own.\n\n| name | file |\n|---|---|\n")
	all, err := All()
	require.NoError(t, err)
	for i := range all {
		fmt.Fprintf(&b, "| `%s` | %s |\n", all[i].Name, all[i].Title)
	}
	return b.String()
}

type fieldComment struct{ text, enum string }

var enumMarker = regexp.MustCompile(`\+kubebuilder:validation:Enum=(.*)`)

// comments are the comments of all fields, and the values of all enumerations, by
// type and field.
func comments(t *testing.T) map[string]fieldComment {
	found := map[string]fieldComment{}
	for _, file := range []string{"document.go", "document_time.go", "document_marks.go", "enums.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, decl := range parsed.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.TYPE {
				continue
			}
			spec := d.Specs[0].(*ast.TypeSpec)
			found[spec.Name.Name] = commentOf(d.Doc)
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					found[spec.Name.Name+"."+f.Names[0].Name] = commentOf(f.Doc)
				}
			}
		}
	}
	return found
}

var enumValue = regexp.MustCompile(`"([^"]*)"|([^;"]+)`)

// values are the values of an enumeration for a table: quoted ones may have the
// separator in them.
func values(marker string) string {
	var all []string
	for _, m := range enumValue.FindAllStringSubmatch(marker, -1) {
		all = append(all, "`"+strings.ReplaceAll(m[1]+m[2], "|", `\|`)+"`")
	}
	return strings.Join(all, ", ")
}

func commentOf(doc *ast.CommentGroup) fieldComment {
	var c fieldComment
	var words []string
	for _, line := range doc.List {
		text := strings.TrimSpace(strings.TrimPrefix(line.Text, "//"))
		if m := enumMarker.FindStringSubmatch(text); m != nil {
			c.enum = values(m[1])
		}
		if text == "---" {
			continue
		}
		if !strings.HasPrefix(text, "+") && text != "" {
			words = append(words, text)
		}
	}
	c.text = strings.Join(words, " ")
	return c
}

func writeFields(b *strings.Builder, docs map[string]fieldComment, t reflect.Type, path string) {
	title := "Fields"
	if path != "" {
		title = "`" + path + "`"
	}
	fmt.Fprintf(b, "## %s\n\n| field | value | meaning |\n|---|---|---|\n", title)
	type section struct {
		t    reflect.Type
		path string
	}
	var below []section
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		doc := docs[t.Name()+"."+f.Name]
		inner := f.Type
		list := inner.Kind() == reflect.Slice
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		value := map[reflect.Kind]string{reflect.Bool: "true or false", reflect.Int32: "number", reflect.String: "text", reflect.Struct: "fields below"}[inner.Kind()]
		if enum := doc.enum + docs[inner.Name()].enum; enum != "" && inner.Kind() != reflect.Struct {
			value = enum
		}
		if list {
			value = "list: " + value
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, value, strings.ReplaceAll(doc.text, "|", `\|`))
		if inner.Kind() == reflect.Struct {
			sub := strings.TrimPrefix(path+"."+name, ".")
			if list {
				sub += "[]"
			}
			below = append(below, section{inner, sub})
		}
	}
	b.WriteString("\n")
	for _, s := range below {
		writeFields(b, docs, s.t, s.path)
	}
}
