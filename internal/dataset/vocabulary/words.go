// Package vocabulary holds the words by which columns and cells name what they hold, in the
// languages of the utilities whose files are read. A word that detection does not know in
// another language is added here.
package vocabulary

import (
	"slices"
	"strings"
	"unicode"
)

// WordsOf cuts a name into lower-case words: at what is no letter or digit, and where
// upper case begins. KWh stays one word, and so does T1.
func WordsOf(name string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
			continue
		}
		if unicode.IsUpper(r) && len(word) > 0 && unicode.IsLower(word[len(word)-1]) && !endsUnit(word) && !inUnit(runes[i-1:]) {
			end()
		}
		word = append(word, r)
	}
	end()
	return words
}

// inUnit is true where the k, m of kWh, kW or mW has an upper-case letter after it.
func inUnit(rest []rune) bool {
	return len(rest) > 1 && (rest[0] == 'k' || rest[0] == 'm') && rest[1] == 'W'
}

// endsUnit is true of a word that is the beginning of kWh in itself.
func endsUnit(word []rune) bool { return len(word) == 1 && (word[0] == 'k' || word[0] == 'm') }

// AnyWord is true of a name with one of the words, or that is one.
func AnyWord(words map[string]bool, name string) bool {
	if words[strings.ToLower(strings.TrimSpace(name))] {
		return true
	}
	for _, w := range WordsOf(name) {
		if words[w] {
			return true
		}
	}
	return false
}

// Rank is the place of a name in a list of usual ones: first as a whole, then by its
// words; -1 if it is not there.
func Rank(usual []string, name string) int {
	name = strings.ToLower(strings.TrimSpace(name))
	joined := strings.Join(WordsOf(name), "_")
	for i, u := range usual {
		if name == u || joined == u {
			return i
		}
	}
	words := strings.Split(joined, "_")
	for i, u := range usual {
		if slices.Contains(words, u) {
			return len(usual) + i
		}
	}
	return -1
}

// TimeScore ranks a column by its name: the start of an interval first, then a time
// as such, then its end; the time of a revision is none.
func TimeScore(name string) int {
	score := 0
	switch {
	case AnyOf(laterWords, name):
		return -10
	case Rank(Start, name) >= 0:
		score = 6
	case Rank(End, name) >= 0:
		score = 1
	case Rank(Time, name) >= 0:
		score = 5
	}
	return score
}

// AnyOf is true of a name that is in a list of usual ones, as a whole or by one of its words.
func AnyOf(words []string, name string) bool { return Rank(words, name) >= 0 }

// Set is a set of lower-case words, for AnyWord.
func Set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}
