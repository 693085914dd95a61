package pages

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// Only a browser that may be signed in gets questions early, and of the first page only
// where it shows what it shows by default.
func TestEarlyQuestions(t *testing.T) {
	s := Site{Base: "/twins/riverside", SessionCookie: "session"}
	const each = "</twins/riverside/api/v1/session>; rel=preload; as=fetch; crossorigin=anonymous, </twins/riverside/api/v1/twin>; rel=preload; as=fetch; crossorigin=anonymous"
	for target, want := range map[string]string{
		"/ui/":                 each + ", </twins/riverside/api/v1/load?from=now-72h>; rel=preload; as=fetch; crossorigin=anonymous, </twins/riverside/api/v1/prices?from=now-72h&to=now%2B25h>; rel=preload; as=fetch; crossorigin=anonymous",
		"/ui/?range=now-7d":    each,
		"/ui/meters":           each,
		"/ui/meters/home-0001": each,
	} {
		r := httptest.NewRequest(http.MethodGet, target, http.NoBody)
		require.Empty(t, s.early(r), target)
		r.AddCookie(&http.Cookie{Name: "session", Value: "x"})
		require.Equal(t, want, s.early(r), target)
	}
}
