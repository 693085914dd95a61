package cluster

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// redacted stands for what a report leaves out.
const redacted = "[redacted]"

// shortestSecret is the length from which a value is searched for in texts: a
// shorter one would take half of any text with it.
const shortestSecret = 4

// redactor takes secrets out of texts: values that are known, in the forms in
// which programs write them, and what has the shape of a secret.
type redactor struct{ known *strings.Replacer }

func newRedactor(values []string) *redactor {
	var forms []string
	for _, value := range values {
		forms = append(forms, formsOf(value)...)
	}
	// The longest first: one may be a part of another.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, redacted)
	}
	return &redactor{known: strings.NewReplacer(pairs...)}
}

// formsOf are a value as it is, and encoded for URLs, JSON and base64; of one with
// several lines, each line too.
func formsOf(value string) []string {
	var out []string
	for _, v := range append(strings.Split(value, "\n"), value, strings.TrimSpace(value)) {
		v = strings.TrimRight(v, "\r")
		if len(v) < shortestSecret {
			continue
		}
		quoted, err := json.Marshal(v)
		if err == nil {
			out = append(out, strings.Trim(string(quoted), `"`))
		}
		out = append(out, v, url.QueryEscape(v), url.PathEscape(v), url.UserPassword("", v).String()[1:],
			base64.StdEncoding.EncodeToString([]byte(v)), base64.RawStdEncoding.EncodeToString([]byte(v)),
			base64.URLEncoding.EncodeToString([]byte(v)), base64.RawURLEncoding.EncodeToString([]byte(v)))
	}
	return out
}

// shapes are the forms of secrets, whoever made them. The first group stays.
var shapes = []*regexp.Regexp{
	regexp.MustCompile(`(?s)()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----`),
	regexp.MustCompile(`(?i)(\b(?:bearer|basic)[ \t]+)[A-Za-z0-9._~+/=-]{8,}`),
	regexp.MustCompile(`()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`),
	regexp.MustCompile(`()\bet_[A-Za-z0-9_-]{20,}`),
	regexp.MustCompile(`()\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`),
	regexp.MustCompile(`(?i)([?&][^=\s&"']*(?:sig|token|key|secret|password|credential)[^=\s&"']*=)[^&\s"']+`),
}

// inAddress is what follows the colon of an address: a password, or a port.
var inAddress = regexp.MustCompile(`(://[^/\s:@"']*:)([^\s"']+)`)

// port is a port with what may follow it in an address or in a list of them.
var port = regexp.MustCompile(`^\d{1,5}(?:[/?#,;)\]}>].*)?$`)

// withoutPasswords takes passwords out of addresses and leaves ports in them.
func withoutPasswords(text string) string {
	return inAddress.ReplaceAllStringFunc(text, func(found string) string {
		parts := inAddress.FindStringSubmatch(found)
		host := strings.LastIndexByte(parts[2], '@')
		switch {
		case host >= 0:
			return parts[1] + redacted + parts[2][host:]
		case port.MatchString(parts[2]):
			return found
		}
		return parts[1] + redacted
	})
}

// named are values after a word that announces a secret. The first group stays.
var named = regexp.MustCompile(`(?i)((?:password|passwd|pgpass|secret|token|api[-_]?key|access[-_]?key(?:[-_]?id)?|credential)s?\\?["']?[ \t]*[:=][ \t]*\\?["']?)(?:[^\s,;&"'\\{}\[\]]+)`)

// harmless are values after a word such as token that are none.
var harmless = regexp.MustCompile(`(?i)[:=][ \t]*\\?["']?(?:true|false|null|/[^\s"']*|\[redacted\])$`)

// words are runs of characters as long as those that 32 random bytes are written
// with, in base64 of any kind.
var words = regexp.MustCompile(`[A-Za-z0-9+_=-]{40,}`)

// hexadecimal are 32 bytes in hexadecimal: passwords that the operator made, unless
// it is written before them that they are a checksum or the id of a container.
var hexadecimal = regexp.MustCompile(`(?i)(sha256\\?["']?[ \t]*[:=][ \t]*\\?["']?|\b(?:containerd|cri-o|docker)://)?\b[0-9a-f]{64}\b`)

// text is a text without secrets.
func (r *redactor) text(text string) string {
	text = r.known.Replace(text)
	for _, shape := range shapes {
		text = shape.ReplaceAllString(text, "${1}"+redacted)
	}
	text = withoutPasswords(text)
	text = named.ReplaceAllStringFunc(text, func(found string) string {
		if harmless.MatchString(found) {
			return found
		}
		return named.FindStringSubmatch(found)[1] + redacted
	})
	text = hexadecimal.ReplaceAllStringFunc(text, func(found string) string {
		if hexadecimal.FindStringSubmatch(found)[1] != "" {
			return found
		}
		return redacted
	})
	return words.ReplaceAllStringFunc(text, func(word string) string {
		if random(word) {
			return redacted
		}
		return word
	})
}

// random reports whether a long word is as random bytes are written: it mixes
// cases, and a digit stands beside a letter. In names that are joined by hyphens a
// number stands alone. One in some thousand words of 32 random bytes has no digit.
func random(word string) bool {
	mixed := strings.ToLower(word) != word && strings.ToUpper(word) != word
	return mixed && digitBesideLetter.MatchString(word)
}

var digitBesideLetter = regexp.MustCompile(`[A-Za-z][0-9]|[0-9][A-Za-z]`)
