package reader

import (
	"strings"
	"unicode"
)

// contains adds the condition that a name contains a text, in any case.
func contains(w *where, text string) {
	pattern := anyCase(text)
	if !isASCII(text) {
		w.add(`name ~ ?`, pattern)
		return
	}
	// Where all is ASCII, comparing lower case gives the same and takes a fourth of the time.
	w.add(`(strpos(lower(name), ?) > 0 OR octet_length(name) <> char_length(name) AND name ~ ?)`, strings.ToLower(text), pattern)
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// anyCase is a regular expression for a text in any case: names have a collation that
// knows the case of ASCII alone.
func anyCase(text string) string {
	var b strings.Builder
	for _, r := range text {
		b.WriteString(`(?:`)
		b.WriteString(literal(r))
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			b.WriteString(`|` + literal(other))
		}
		b.WriteString(`)`)
	}
	return b.String()
}

// literal is a character as a regular expression of PostgreSQL.
func literal(r rune) string {
	if r < unicode.MaxASCII && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		return `\` + string(r)
	}
	return string(r)
}
