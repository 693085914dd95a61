package detect

import (
	"fmt"

	"github.com/energytwin/energytwin/internal/dataset"
)

// note keeps what was found out about a field.
func (d *detective) note(field string, guess any, sure dataset.Sureness, because string) {
	d.evidence = append(d.evidence, dataset.Evidence{What: field, Guess: fmt.Sprint(guess), Sure: sure, Because: because, Change: "set " + d.opts.Setting(field)})
}

// doubt asks for a field. more is true if further rows may show it.
func (d *detective) doubt(field string, more bool, candidates []string, problem string, args ...any) error {
	return &dataset.DoubtError{
		Field: field, Setting: d.opts.Setting(field), Candidates: candidates, Problem: fmt.Sprintf(problem, args...),
		More: more && !d.sample.All,
	}
}
