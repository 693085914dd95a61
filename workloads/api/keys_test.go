package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/apikey"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// byAdmin sends a request with the admin's key of the Secret.
func (a *api) byAdmin(method, target, body string) *httptest.ResponseRecorder {
	return a.send(method, target, body, "X-API-Key", a.keys["admin"], "Content-Type", "application/json")
}

// created is a new key of the API.
func created(t *testing.T, a *api, name, scope, more string) CreatedKey {
	t.Helper()
	w := a.byAdmin("POST", "/api/v1/keys", `{"name":"`+name+`","scope":"`+scope+`"`+more+`}`)
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	return dataOf[CreatedKey](t, w)
}

func dataOf[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var answer Answer[T]
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body)
	return answer.Data
}

// createdKey is the answer that the example of an operation is made from.
func createdKey(t *testing.T, a *api, operation string) *httptest.ResponseRecorder {
	t.Helper()
	if operation == "createKey" {
		return a.byAdmin("POST", "/api/v1/keys", `{"name":"`+freeName()+`","scope":"operate","expiresAt":"2035-01-31T00:00:00Z"}`)
	}
	return a.byAdmin("POST", "/api/v1/keys/"+created(t, a, freeName(), "operate", "").ID+"/rotate", `{}`)
}

// freeName is one that no other test uses: they share the database.
func freeName() string { return "charger-" + uuid.NewString()[:8] }

func (a *api) allowed(key string) int {
	return a.send("GET", "/api/v1/twin", "", "X-API-Key", key).Code
}

func listed(t *testing.T, a *api, id string) KeyView {
	t.Helper()
	w := a.byAdmin("GET", "/api/v1/keys", "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	all := dataOf[[]KeyView](t, w)
	i := slices.IndexFunc(all, func(k KeyView) bool { return k.ID == id })
	require.GreaterOrEqual(t, i, 0, "the key is listed")
	return all[i]
}

func TestAKeyFromItsCreationToItsEnd(t *testing.T) {
	a := newTestAPI(t, nil)
	name := freeName()
	k := created(t, a, name, "operate", "")
	require.True(t, apikey.Strong(k.Key))
	require.Equal(t, auth.ScopeOperate, k.Scope)
	require.Equal(t, "admin", *k.CreatedBy)

	require.Equal(t, http.StatusOK, a.allowed(k.Key))
	require.Equal(t, problem.CodeScope, problemIn(t, a.send("GET", "/api/v1/keys", "", "X-API-Key", k.Key)).Code)
	require.Eventually(t, func() bool { return listed(t, a, k.ID).LastUsedAt != nil }, time.Minute, 10*time.Millisecond)
	v := listed(t, a, k.ID)
	require.Equal(t, "active", v.State)
	require.Equal(t, "api", v.Origin)
	require.False(t, v.Current)
	require.NotContains(t, a.byAdmin("GET", "/api/v1/keys", "").Body.String(), k.Key)

	var hash []byte
	var row string
	require.NoError(t, store.Pool.QueryRow(t.Context(), `SELECT hash, api_keys::text FROM api_keys WHERE id = $1`, k.ID).Scan(&hash, &row))
	sum := sha256.Sum256([]byte(k.Key))
	require.Equal(t, sum[:], hash)
	require.NotContains(t, row, k.Key)

	cookie := cookieOf(a.send("POST", "/api/v1/session", `{"apiKey":"`+k.Key+`"}`))
	require.Equal(t, http.StatusOK, a.send("GET", "/api/v1/twin", "", "Cookie", cookie).Code)
	require.Equal(t, http.StatusNoContent, a.byAdmin("DELETE", "/api/v1/keys/"+k.ID, "").Code)
	require.Equal(t, http.StatusUnauthorized, a.allowed(k.Key), "at once, at the replica that was asked")
	require.Equal(t, http.StatusUnauthorized, a.send("GET", "/api/v1/twin", "", "Cookie", cookie).Code, "and its sessions")
	require.Equal(t, http.StatusNoContent, a.byAdmin("DELETE", "/api/v1/keys/"+k.ID, "").Code, "twice")
	v = listed(t, a, k.ID)
	require.Equal(t, "revoked", v.State)
	require.Equal(t, "admin", *v.EndedBy)
	require.WithinDuration(t, a.now.read(), *v.EndsAt, time.Minute)
	created(t, a, name, "read", "") // the name is free again
}

func TestAKeyExpires(t *testing.T) {
	a := newTestAPI(t, nil)
	k := created(t, a, freeName(), "read", `,"expiresAt":"`+a.now.read().Add(time.Hour).Format(time.RFC3339Nano)+`"`)
	require.Equal(t, http.StatusOK, a.allowed(k.Key))
	a.now.advance(time.Hour)
	require.Equal(t, http.StatusUnauthorized, a.allowed(k.Key))
	require.Equal(t, "expired", listed(t, a, k.ID).State)
}

func TestARotatedKeyHoldsOnForItsOverlap(t *testing.T) {
	a := newTestAPI(t, nil)
	old := created(t, a, freeName(), "read", "")
	w := a.byAdmin("POST", "/api/v1/keys/"+old.ID+"/rotate", `{"overlapSeconds":60}`)
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	made := dataOf[RotatedKey](t, w)
	require.Equal(t, old.Name, made.Name)
	require.Equal(t, old.Scope, made.Scope)
	require.Equal(t, old.ID, *made.Replaces)
	require.Equal(t, "ending", made.Replaced.State)
	require.WithinDuration(t, a.now.read().Add(time.Minute), *made.Replaced.EndsAt, time.Millisecond)
	require.Equal(t, http.StatusOK, a.allowed(old.Key))
	require.Equal(t, http.StatusOK, a.allowed(made.Key))
	require.Equal(t, problem.CodeKeyEnded, problemIn(t, a.byAdmin("POST", "/api/v1/keys/"+old.ID+"/rotate", `{}`)).Code)
	a.now.advance(time.Minute)
	require.Equal(t, http.StatusUnauthorized, a.allowed(old.Key))
	require.Equal(t, http.StatusOK, a.allowed(made.Key))

	atOnce := dataOf[RotatedKey](t, a.byAdmin("POST", "/api/v1/keys/"+made.ID+"/rotate", `{"overlapSeconds":0}`))
	require.Equal(t, http.StatusUnauthorized, a.allowed(made.Key))
	require.Equal(t, http.StatusOK, a.allowed(atOnce.Key))
}

// Two replicas share a database and the secret, and nothing else.
func twoReplicas(t *testing.T, change ...func(*Deps)) (one, two *api) {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(strings.Repeat("0123456789abcdef", 2)), 0o600))
	one = newTestAPI(t, func(c *config.Twin, d *Deps) {
		c.API.JWTSecretFile = secret
		for _, f := range change {
			f(d)
		}
	})
	two = newTestAPI(t, func(c *config.Twin, d *Deps) {
		c.API.JWTSecretFile, c.API.APIKeysFile, d.Clock = secret, one.keysFile, one.now.read
		for _, f := range change {
			f(d)
		}
	})
	two.keys, two.keysFile, two.now = one.keys, one.keysFile, one.now
	return one, two
}

func TestKeysHoldOnAllReplicasWithinASecond(t *testing.T) {
	one, two := twoReplicas(t)
	require.Equal(t, http.StatusUnauthorized, two.allowed(apikey.From([]byte("0123456789abcdefABCDEFGHIJKLMNOP"))), "the other has read the keys")
	k := created(t, one, freeName(), "read", "")
	one.now.advance(time.Second)
	require.Equal(t, http.StatusOK, two.allowed(k.Key))
	cookie := cookieOf(two.send("POST", "/api/v1/session", `{"apiKey":"`+k.Key+`"}`))
	require.Equal(t, http.StatusOK, one.send("GET", "/api/v1/twin", "", "Cookie", cookie).Code)

	require.Equal(t, http.StatusNoContent, one.byAdmin("DELETE", "/api/v1/keys/"+k.ID, "").Code)
	one.now.advance(time.Second)
	require.Equal(t, http.StatusUnauthorized, two.allowed(k.Key))
	require.Equal(t, http.StatusUnauthorized, two.send("GET", "/api/v1/twin", "", "Cookie", cookie).Code)
}

// As the document has it, each replica counts for itself: the requests of a key, and the
// failed attempts of an address.
func TestEachReplicaCountsForItself(t *testing.T) {
	one, two := twoReplicas(t, func(d *Deps) {
		d.Requests, d.Failures = auth.Rate{PerSecond: 1, Burst: 3}, auth.Rate{PerSecond: 1, Burst: 3}
	})
	for _, replica := range []*api{one, two} {
		for range 3 {
			require.Equal(t, http.StatusOK, replica.allowed(replica.keys["reader"]))
		}
		require.Equal(t, http.StatusTooManyRequests, replica.allowed(replica.keys["reader"]))
		for range 3 {
			require.Equal(t, http.StatusUnauthorized, replica.allowed("et_nonsense"))
		}
		require.Equal(t, http.StatusTooManyRequests, replica.allowed("et_nonsense"))
	}
	require.Contains(t, string(generatedDocument(t)), "Each replica of the API counts for itself.")
	one.now.advance(time.Second)
	require.Equal(t, http.StatusOK, one.allowed(one.keys["reader"]))
	require.Equal(t, http.StatusTooManyRequests, one.allowed(one.keys["reader"]))
}

// Whoever may write under the reader's role, Grafana among others, can neither make a key
// nor end one.
func TestRowsWithoutTheSealCountForNothing(t *testing.T) {
	var log bytes.Buffer
	a := newTestAPI(t, func(_ *config.Twin, d *Deps) { d.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	good := created(t, a, freeName(), "read", "")
	key := apikey.From([]byte("abcdefghijklmnopqrstuvwxyz012345"))
	require.True(t, apikey.Strong(key))
	sum := sha256.Sum256([]byte(key))
	forged := uuid.New()
	_, err := store.Pool.Exec(t.Context(), `INSERT INTO api_keys (id, name, scope, hash, created_at, created_by, seal)
		SELECT $1, 'forged', 'admin', $2, now(), 'admin', seal FROM api_keys WHERE id = $3`, forged, sum[:], good.ID)
	require.NoError(t, err)
	_, err = store.Pool.Exec(t.Context(), `INSERT INTO api_key_endings (id, key_id, ends_at, recorded_at, ended_by, seal)
		VALUES ($1, $2, 'epoch', now(), 'admin', $3)`, uuid.New(), good.ID, sum[:])
	require.NoError(t, err)
	a.now.advance(time.Second)
	require.Equal(t, http.StatusUnauthorized, a.allowed(key))
	require.Equal(t, http.StatusOK, a.allowed(good.Key))
	require.NotContains(t, a.byAdmin("GET", "/api/v1/keys", "").Body.String(), forged.String())
	require.Contains(t, log.String(), "were not made with the secret")
}

// The role of the API adds rows, and changes none but the time of use.
func TestTheReadersRoleChangesNoKey(t *testing.T) {
	newTestAPI(t, nil) // skips without a database
	for _, sql := range []string{
		`UPDATE api_keys SET scope = 'admin'`, `DELETE FROM api_keys`,
		`UPDATE api_key_endings SET ends_at = 'infinity'`, `DELETE FROM api_key_endings`,
		`UPDATE api_key_uses SET key_id = 'x'`, `DELETE FROM api_key_uses`,
	} {
		_, err := store.Pool.Exec(t.Context(), sql)
		var denied *pgconn.PgError
		require.ErrorAs(t, err, &denied, sql)
		require.Equal(t, "42501", denied.Code, sql)
	}
}

func TestKeysOfTheSecretAreListedAndStay(t *testing.T) {
	a := newTestAPI(t, nil)
	v := listed(t, a, "secret.admin")
	require.Equal(t, "secret", v.Origin)
	require.Equal(t, auth.ScopeAdmin, v.Scope)
	require.True(t, v.Current)
	require.Equal(t, "expired", listed(t, a, "secret.expired").State)
	require.Eventually(t, func() bool { return listed(t, a, "secret.admin").LastUsedAt != nil }, time.Minute, 10*time.Millisecond)
	require.Equal(t, problem.CodeKeyOfSecret, problemIn(t, a.byAdmin("DELETE", "/api/v1/keys/secret.admin", "")).Code)
	require.Equal(t, problem.CodeKeyOfSecret, problemIn(t, a.byAdmin("POST", "/api/v1/keys/secret.reader/rotate", `{}`)).Code)
	require.Equal(t, http.StatusOK, a.allowed(a.keys["admin"]))
}

func TestKeysThatCannotBeMade(t *testing.T) {
	a := newTestAPI(t, nil)
	taken := created(t, a, freeName(), "read", "")
	for name, c := range map[string]struct {
		body  string
		code  problem.Code
		field string
	}{
		"no body":          {"", problem.CodeEmptyBody, "body"},
		"no scope":         {`{"name":"a"}`, problem.CodeInvalidBody, "body"},
		"another scope":    {`{"name":"a","scope":"root"}`, problem.CodeInvalidBody, "scope"},
		"a bad name":       {`{"name":"a:b","scope":"read"}`, problem.CodeInvalidBody, "name"},
		"no name":          {`{"name":"","scope":"read"}`, problem.CodeInvalidBody, "name"},
		"a past expiry":    {`{"name":"a","scope":"read","expiresAt":"2001-01-01T00:00:00Z"}`, problem.CodeInvalidParameter, "expiresAt"},
		"no time":          {`{"name":"a","scope":"read","expiresAt":"tomorrow"}`, problem.CodeInvalidBody, "expiresAt"},
		"a name twice":     {`{"name":"` + taken.Name + `","scope":"read"}`, problem.CodeNameTaken, "name"},
		"of the Secret":    {`{"name":"reader","scope":"read"}`, problem.CodeNameTaken, "name"},
		"an unknown field": {`{"name":"a","scope":"read","key":"et_x"}`, problem.CodeInvalidBody, "key"},
	} {
		t.Run(name, func(t *testing.T) {
			p := problemIn(t, a.byAdmin("POST", "/api/v1/keys", c.body))
			require.Equal(t, c.code, p.Code, p.Detail)
			require.Equal(t, c.field, p.Field)
		})
	}
	for _, id := range []string{uuid.NewString(), "nothing", "secret.nobody", strings.ToUpper(taken.ID)} {
		require.Equal(t, problem.CodeUnknownKey, problemIn(t, a.byAdmin("DELETE", "/api/v1/keys/"+id, "")).Code, id)
	}
}

// While the database is away, keys of the Secret let in, and of the others it is not known
// whether they were revoked.
func TestKeysWithoutTheDatabase(t *testing.T) {
	k := created(t, newTestAPI(t, nil), freeName(), "read", "")
	away, err := reader.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none", timescale.Options{})
	require.NoError(t, err)
	t.Cleanup(away.Close)
	a := newTestAPI(t, func(_ *config.Twin, d *Deps) { d.DB = away })
	ask := func(key string) *httptest.ResponseRecorder {
		return a.send("GET", "/api/v1/session", "", "X-API-Key", key)
	}
	require.Equal(t, problem.CodeNoSession, problemIn(t, ask(a.keys["reader"])).Code)
	require.Equal(t, http.StatusUnauthorized, ask("et_guess").Code, "what cannot be a key is not looked up")
	w := ask(k.Key)
	require.Equal(t, problem.CodeUnavailable, problemIn(t, w).Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	w = a.send("POST", "/api/v1/session", `{"apiKey":"`+k.Key+`"}`)
	require.Equal(t, problem.CodeUnavailable, problemIn(t, w).Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
}
