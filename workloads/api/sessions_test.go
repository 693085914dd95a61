package api

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

func namesOf(sessions []OpenSession) (names []string) {
	for _, s := range sessions {
		names = append(names, s.Name)
	}
	return names
}

// Everybody sees their own sessions, an admin all, and ends them on all replicas.
func TestSessionsAreListedAndEnded(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(uuid.NewString()), 0o600)) // rows of other tests bear another seal
	one := newTestAPI(t, func(c *config.Twin, _ *Deps) { c.API.JWTSecretFile = secret })
	two := newTestAPI(t, func(c *config.Twin, _ *Deps) { c.API.JWTSecretFile, c.API.APIKeysFile = secret, one.keysFile })
	two.keys = one.keys

	reader, again, operator := signIn(t, one, "reader"), signIn(t, one, "reader"), signIn(t, one, "operator")
	list := func(a *api, headers ...string) []OpenSession {
		w := a.send("GET", "/api/v1/sessions", "", headers...)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		return dataOf[[]OpenSession](t, w)
	}
	all := list(two, "X-API-Key", one.keys["admin"])
	names := namesOf(all)
	slices.Sort(names)
	require.Equal(t, []string{"operator", "reader", "reader"}, names)
	require.Equal(t, []string{"operator"}, namesOf(list(one, "X-API-Key", one.keys["operator"])))
	own := list(one, "Cookie", cookieOf(reader))
	require.Equal(t, []string{"reader", "reader"}, namesOf(own))
	current := slices.IndexFunc(own, func(s OpenSession) bool { return s.Current })
	require.Equal(t, sessionOf(t, reader).ID, own[current].ID)
	require.Equal(t, "key", own[0].Method)
	require.True(t, own[0].ExpiresAt.After(own[0].Since))

	// When it was last seen is written beside the request.
	one.now.advance(2 * time.Minute)
	list(one, "Cookie", cookieOf(reader))
	require.Eventually(t, func() bool {
		s := list(one, "Cookie", cookieOf(reader))
		return s[slices.IndexFunc(s, func(s OpenSession) bool { return s.Current })].LastSeenAt.Sub(own[current].LastSeenAt) > time.Minute
	}, time.Minute, 10*time.Millisecond)

	end := func(a *api, id string, by *httptest.ResponseRecorder) *httptest.ResponseRecorder {
		return a.send("DELETE", "/api/v1/sessions/"+id, "", "Cookie", cookieOf(by), auth.CSRFHeader, csrfOf(t, by))
	}
	for _, id := range []string{sessionOf(t, operator).ID, uuid.NewString(), "x", strings.ToUpper(sessionOf(t, reader).ID)} {
		require.Equal(t, problem.CodeUnknownSession, problemIn(t, end(one, id, reader)).Code, id)
	}
	require.Equal(t, problem.CodeCrossSite, problemIn(t, one.send("DELETE", "/api/v1/sessions", "", "Cookie", cookieOf(reader))).Code)

	require.Equal(t, http.StatusOK, two.send("GET", "/api/v1/twin", "", "Cookie", cookieOf(again)).Code)
	require.Equal(t, http.StatusNoContent, end(one, sessionOf(t, again).ID, reader).Code)
	require.Equal(t, http.StatusUnauthorized, one.send("GET", "/api/v1/twin", "", "Cookie", cookieOf(again)).Code)
	two.now.advance(500 * time.Millisecond)
	require.Equal(t, http.StatusUnauthorized, two.send("GET", "/api/v1/twin", "", "Cookie", cookieOf(again)).Code, "on the other replica too")
	require.Len(t, list(one, "Cookie", cookieOf(reader)), 1)

	// All: the session of the request stays.
	w := one.send("DELETE", "/api/v1/sessions", "", "Cookie", cookieOf(reader), auth.CSRFHeader, csrfOf(t, reader))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, http.StatusOK, one.send("GET", "/api/v1/twin", "", "Cookie", cookieOf(operator)).Code, "the operator's is not the reader's")
	require.Equal(t, http.StatusOK, one.send("GET", "/api/v1/twin", "", "Cookie", cookieOf(reader)).Code)
	admin := signIn(t, one, "admin")
	w = one.send("DELETE", "/api/v1/sessions", "", "Cookie", cookieOf(admin), auth.CSRFHeader, csrfOf(t, admin))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.GreaterOrEqual(t, dataOf[EndedSessions](t, w).Ended, int64(2))
	require.Equal(t, []string{"admin"}, namesOf(list(two, "X-API-Key", one.keys["admin"])))
	require.Equal(t, http.StatusUnauthorized, one.send("GET", "/api/v1/twin", "", "Cookie", cookieOf(reader)).Code)
}

func sessionOf(t *testing.T, w *httptest.ResponseRecorder) Session {
	t.Helper()
	return dataOf[Session](t, w)
}

// The reader's role, which Grafana shares, makes no session that is shown.
func TestSessionsWithoutTheSealAreNotShown(t *testing.T) {
	a := newTestAPI(t, nil)
	mine := signIn(t, a, "reader")
	id := uuid.New()
	_, err := store.Pool.Exec(t.Context(), `INSERT INTO sessions SELECT $1, 'oidc:chief', holder, fingerprint, since, expires_at, seen_at, seal FROM sessions WHERE id = $2`,
		id, sessionOf(t, mine).ID)
	require.NoError(t, err)
	all := dataOf[[]OpenSession](t, a.byAdmin("GET", "/api/v1/sessions", ""))
	require.Equal(t, []string{"reader"}, namesOf(all))
	require.Equal(t, problem.CodeUnknownSession, problemIn(t, a.byAdmin("DELETE", "/api/v1/sessions/"+id.String(), "")).Code)
}

// A session is not shown any more once its key is gone, or its time has come.
func TestSessionsThatHaveEndedAreNotShown(t *testing.T) {
	a := newTestAPI(t, func(c *config.Twin, _ *Deps) { c.API.SessionTTL = config.Duration(time.Hour) })
	k := created(t, a, freeName(), "operate", "")
	require.Equal(t, http.StatusCreated, a.send("POST", "/api/v1/session", `{"apiKey":"`+k.Key+`"}`).Code)
	signIn(t, a, "reader")
	shown := func() []string { return namesOf(dataOf[[]OpenSession](t, a.byAdmin("GET", "/api/v1/sessions", ""))) }
	require.ElementsMatch(t, []string{k.Name, "reader"}, shown())
	require.Equal(t, http.StatusNoContent, a.byAdmin("DELETE", "/api/v1/keys/"+k.ID, "").Code)
	require.Equal(t, []string{"reader"}, shown())
	a.now.advance(61 * time.Minute)
	require.Empty(t, shown())
}
