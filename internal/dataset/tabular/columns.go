package tabular

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
)

// ColumnName is how a document calls a column: by its name, or by its number where
// the name is empty or there twice.
func (h *Header) ColumnName(i int) string {
	name := h.Names[i]
	if name == "" || strings.ContainsAny(name, "*?|") {
		return Numbered(i)
	}
	if first, _ := layout.FindColumn(h.Names, name); first != i {
		return Numbered(i)
	}
	return name
}

// Numbered is what a column without a name is called, from #1 on.
func Numbered(i int) string { return "#" + strconv.Itoa(i+1) }

// List is a header for a message: no more than a person reads.
func List(names []string) string {
	const most = 30
	var shown []string
	for i, n := range names {
		if i == most {
			shown = append(shown, fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		shown = append(shown, notation.Short(strings.TrimSpace(n), 40))
	}
	return strings.Join(shown, ", ")
}

// Separator is the sign that a layout names; a space stands for any number of them.
func Separator(name string) byte {
	switch name {
	case "tab":
		return '\t'
	case "space":
		return ' '
	}
	return name[0]
}
