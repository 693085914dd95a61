package pages

import (
	"fmt"
	"net/http"
	"strings"
)

// A browser asks for what a page shows once it has loaded and run the scripts. What is asked
// for on every page, and on the first one, is known before: it comes beside the scripts. The
// questions are those of web/src/api/questions.ts, to the letter; test/ui compares them.
var (
	earlyOnEach  = []string{"session", "twin"}
	earlyOnFirst = []string{"load?from=now-72h", "prices?from=now-72h&to=now%2B25h"}
)

// early is the header Link of a page of the user interface, for a browser that may be
// signed in; "" for others, who are asked for their key.
func (s Site) early(r *http.Request) string {
	if _, err := r.Cookie(s.SessionCookie); err != nil {
		return ""
	}
	questions := earlyOnEach
	if first := strings.HasSuffix(r.URL.Path, "/ui/") || strings.HasSuffix(r.URL.Path, "/ui"); first && r.URL.RawQuery == "" {
		questions = append(questions[:len(questions):len(questions)], earlyOnFirst...)
	}
	links := make([]string, len(questions))
	for i, q := range questions {
		links[i] = fmt.Sprintf("<%s/api/v1/%s>; rel=preload; as=fetch; crossorigin=anonymous", s.Base, q)
	}
	return strings.Join(links, ", ")
}
