package reader

import (
	"strconv"
	"strings"
)

// where gathers the conditions of a query and their parameters. Conditions are
// constants of this package; values only ever travel as parameters.
type where struct {
	conditions []string
	args       []any
}

// add takes a condition with a ? for each value.
func (w *where) add(condition string, values ...any) {
	for _, v := range values {
		condition = strings.Replace(condition, "?", w.param(v), 1)
	}
	w.conditions = append(w.conditions, condition)
}

// param takes a value and gives its place holder.
func (w *where) param(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// sql is the WHERE clause, empty if nothing was added.
func (w *where) sql() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}
