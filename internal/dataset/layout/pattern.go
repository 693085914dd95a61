package layout

import "strings"

// Match reports whether a cell fits a pattern, in upper or lower case and without
// regard to spaces around it. * stands for any characters, ? for one.
func Match(pattern, cell string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return sameName(pattern, cell)
	}
	return matchFolded(strings.ToLower(strings.TrimSpace(pattern)), strings.ToLower(strings.TrimSpace(cell)))
}

// MatchAny reports whether a cell fits one of the patterns.
func MatchAny(patterns []string, cell string) bool {
	for _, p := range patterns {
		if Match(p, cell) {
			return true
		}
	}
	return false
}

// matchFolded goes back to the last star when the rest does not fit, which takes
// time in proportion to the product of both lengths at most.
func matchFolded(pattern, cell string) bool {
	p, c := []rune(pattern), []rune(cell)
	i, j, star, from := 0, 0, -1, 0
	for j < len(c) {
		switch {
		case i < len(p) && p[i] == '*':
			star, from = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == c[j]):
			i++
			j++
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// FindColumn is the place of a column in a header, from 0: by its number (#3), or
// by its name, a pattern, or several of them with | between. ok is false if there
// is none.
func FindColumn(header []string, column string) (index int, ok bool) {
	if n, isNumber := columnNumber(column); isNumber {
		return n - 1, n <= len(header)
	}
	for i, h := range header { // a name with | or * in it is itself first
		if sameName(column, h) {
			return i, true
		}
	}
	if !strings.ContainsAny(column, "|*?") {
		return 0, false
	}
	for name := range strings.SplitSeq(column, "|") {
		for i, h := range header {
			if Match(name, h) {
				return i, true
			}
		}
	}
	return 0, false
}

func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

func columnNumber(column string) (n int, ok bool) {
	if len(column) < 2 || len(column) > 6 || column[0] != '#' {
		return 0, false
	}
	for _, c := range column[1:] {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n > 0
}
