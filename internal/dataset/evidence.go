package dataset

import (
	"fmt"
	"strings"
)

// Sureness is how sure a finding is.
type Sureness string

// The degrees of sureness.
const (
	Stated Sureness = "Stated" // set, or stated by the file
	Proved Sureness = "Proved" // nothing else fits the file
	Likely Sureness = "Likely" // the usual meaning of what the file shows
	Guess  Sureness = "Guess"  // the file does not show it
)

// Evidence is one thing that was found out about a file.
type Evidence struct {
	What    string   `json:"what"`    // field of the layout document, or window
	Guess   string   `json:"guess"`   // what it is taken for
	Sure    Sureness `json:"sure"`    // how sure that is
	Because string   `json:"because"` // what in the file, or in the options, shows it
	Change  string   `json:"change"`  // what would change it
}

// Guesses are the findings that a person should check.
func (i *Info) Guesses() []Evidence {
	var out []Evidence
	for _, e := range i.Detection {
		if e.Sure == Guess || e.Sure == Likely {
			out = append(out, e)
		}
	}
	return out
}

// Findings describe what a person should know of how a file was read: its
// layout, the guesses, and what seems wrong.
func (i *Info) Findings() []string {
	var out []string
	for _, e := range i.Detection {
		switch {
		case e.What == "layout":
			out = append(out, fmt.Sprintf("read as layout %s (%s; to change it, %s)", e.Guess, e.Because, e.Change))
		case e.Sure == Guess:
			out = append(out, fmt.Sprintf("guessed %s: %s (%s; to change it, %s)", e.What, e.Guess, e.Because, e.Change))
		case e.Sure == Likely:
			out = append(out, fmt.Sprintf("took %s for %s", e.Guess, e.What))
		}
	}
	for _, w := range i.Warnings {
		out = append(out, "warning: "+w)
	}
	return out
}

// DoubtError is something about a file that it does not show, and that has to be
// asked for.
type DoubtError struct {
	Field      string   // of the layout document
	Setting    string   // what the reader writes to set it
	Problem    string   // what cannot be decided, and why
	Candidates []string // what it may be, the likeliest first
	// more is true if a longer sample of the file may decide it.
	More bool
}

// Error names the field and the candidates.
func (e *DoubtError) Error() string {
	text := e.Problem + "; set " + e.Setting
	if len(e.Candidates) > 0 {
		text += " to " + strings.Join(e.Candidates, " or ")
	}
	return text
}
