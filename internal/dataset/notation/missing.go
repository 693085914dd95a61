package notation

import "strings"

// DefaultMissing are the words for a missing value where a document has none.
var DefaultMissing = []string{"null", "nan", "na", "n/a", "#n/a", "#n/v", "#value!", "#wert!", "none", "nil", "missing", "unavailable", "unknown", "-", "--", "---", "?", "nv", "k.a.", "n.v.", "no data"}

// MissingWords are the words that stand for a missing value.
type MissingWords struct {
	words   []string
	numeric bool // a word ends like a number
}

// NewMissingWords are the words, which are compared without their case.
func NewMissingWords(words []string) MissingWords {
	n := MissingWords{}
	for _, w := range words {
		n.words = append(n.words, strings.ToLower(w))
		n.numeric = n.numeric || len(w) > 0 && IsDigit(w[len(w)-1])
	}
	return n
}

// In is true of an empty cell and of the words. Numbers, which are nearly all
// cells, are passed over by their last character.
func (n *MissingWords) In(cell []byte) bool {
	cell = Trim(cell)
	if len(cell) == 0 {
		return true
	}
	if IsDigit(cell[len(cell)-1]) && !n.numeric || len(cell) > 64 {
		return false
	}
	lower := strings.ToLower(string(cell))
	for _, w := range n.words {
		if lower == w {
			return true
		}
	}
	return false
}
