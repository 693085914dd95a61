package auth

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Options are what a Guard decides by.
type Options struct {
	KeysFile   string        // the API keys: see ParseKeys; it is read again as it changes
	SecretFile string        // signs sessions, which end with the process if it is ""
	Audience   string        // the twin that sessions are for: namespace/name
	SessionTTL time.Duration // 0: 12 h
	Ended      SessionStore
	Keys       KeyStore // keys beside those of the file
	People     *People  // who signs in by an issuer of OpenID Connect; nil: nobody
	Requests   Rate     // per API key; zero: 50/s, 200 at once
	Failures   Rate     // failed sign-ins per address; zero: 1 in 6 s, 20 at once
	Clock      func() time.Time
	Log        *slog.Logger
}

// Guard identifies callers. It is safe for concurrent use.
type Guard struct {
	keys     *keyring
	stored   *StoredKeys
	uses     *uses
	people   *People
	sessions *sessions
	open     *OpenSessions
	ended    *endedSessions
	origins  *http.CrossOriginProtection
	requests *rateLimit
	failures *rateLimit
	clock    func() time.Time
	log      *slog.Logger
}

// NewGuard reads the keys and the secret.
func NewGuard(o Options) (*Guard, error) {
	keys, err := newKeyring(o.KeysFile, o.Clock(), o.Log)
	if err != nil {
		return nil, err
	}
	sessions, err := newSessions(o.SecretFile, o.Audience, o.SessionTTL)
	if err != nil {
		return nil, err
	}
	stored := NewStoredKeys(o.Keys, sessions.secret, o.Log)
	stored.taken = func() Keys { return keys.current(o.Clock()) }
	ended := newEndedSessions(o.Ended)
	g := &Guard{
		keys: keys, stored: stored, uses: newUses(nil, o.Log), people: o.People, sessions: sessions, ended: ended, origins: http.NewCrossOriginProtection(),
		requests: newRateLimit(cmp.Or(o.Requests, Rate{PerSecond: 50, Burst: 200})),
		failures: newRateLimit(cmp.Or(o.Failures, Rate{PerSecond: 1.0 / 6, Burst: 20})),
		clock:    o.Clock, log: o.Log,
	}
	if o.Keys != nil {
		g.uses.record = o.Keys.UseAPIKey
	}
	g.open = newOpenSessions(g, o.Ended)
	return g, nil
}

// SigningSecret is the secret that signs sessions, from which others may be derived.
func (g *Guard) SigningSecret() []byte { return g.sessions.secret }

// Principal is who sends a request.
type Principal struct {
	Name    string // of the API key; of a person "oidc:" and the name, which no API key has
	Scope   Scope
	Key     string   // id of the API key; "" for a person
	Person  string   // id of the person; "" for an API key
	Session *Session // nil for an API key

	key *Key
}

// Caller identifies whom a request is counted for: the name of an API key, or the id of a
// person, whose name may change.
func (p Principal) Caller() string { return cmp.Or(p.Person, p.Name) }

// Holder is the id of the API key or of the person.
func (p Principal) Holder() string { return cmp.Or(p.Person, p.Key) }

type principalKey struct{}

// PrincipalOf is who sends the request that a context belongs to, behind
// Authenticated.
func PrincipalOf(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// Authenticated lets in the holders of an API key or of a session, at most as
// often as their rate allows. A request with a bad key does not fall back to
// the cookie: the sender meant the key.
func (g *Guard) Authenticated(c *gin.Context) {
	p, rejected := g.identify(c)
	if rejected != nil {
		g.reject(c, rejected)
		return
	}
	left := g.requests.take(p.Caller(), g.clock())
	g.requests.describe(c.Writer.Header(), left)
	if !left.ok {
		abortLimited(c, left.wait, "too many requests with this key")
		return
	}
	if rejected := g.crossSite(c, p); rejected != nil {
		problem.Abort(c, rejected)
		return
	}
	c.Header("Cache-Control", "private, no-cache")
	c.Writer.Header().Add("Vary", "Authorization, X-API-Key, Cookie") // beside what compression varies by
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), principalKey{}, p))
	c.Next()
}

// reject answers a request without a good key. An address that goes on guessing keys
// is asked to wait. Good keys are not held up by that: many people may share the
// address of a proxy, and no guessing finds 256 bits. A request without a key is no
// guess: the page of somebody whose session has ended goes on to the sign-in.
func (g *Guard) reject(c *gin.Context, rejected *problem.Problem) {
	if rejected.Status != http.StatusUnauthorized { // it is not known who sends it
		c.Header("Retry-After", strconv.Itoa(unknownFor))
		problem.Abort(c, rejected)
		return
	}
	if presentsKey(c.Request) {
		if left := g.failures.take(c.ClientIP(), g.clock()); !left.ok {
			abortLimited(c, left.wait, tooManyFailures)
			return
		}
	}
	c.Header("WWW-Authenticate", `Bearer realm="energytwin"`)
	problem.Abort(c, rejected)
}

// unknownFor is after how many seconds to ask again while it is not known who asks.
const unknownFor = 5

const tooManyFailures = "too many failed sign-ins from this address"

func abortLimited(c *gin.Context, wait int, detail string) {
	c.Header("Retry-After", strconv.Itoa(wait))
	problem.Abort(c, limited(wait, detail))
}

func limited(wait int, detail string) *problem.Problem {
	return problem.New(http.StatusTooManyRequests, problem.CodeRateLimited, "", detail+"; wait "+strconv.Itoa(wait)+" s")
}

// crossSite rejects a request that changes something and may have been sent by
// a foreign page: by what the browser sends as its origin, and, as old browsers
// send nothing, by a token that only our own page can know. API keys need
// neither: no browser adds them by itself.
func (g *Guard) crossSite(c *gin.Context, p Principal) *problem.Problem {
	if p.Session == nil || c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead {
		return nil
	}
	if foreign := g.ForeignOrigin(c.Request); foreign != nil {
		return foreign
	}
	if !g.sessions.csrfMatches(p.Session.claims, c.GetHeader(CSRFHeader)) {
		return problem.New(http.StatusForbidden, problem.CodeCrossSite, CSRFHeader,
			"send the csrfToken of the session in the header "+CSRFHeader)
	}
	return nil
}

// ForeignOrigin is the problem of a request that a page of another site sent; nil
// for all others.
func (g *Guard) ForeignOrigin(r *http.Request) *problem.Problem {
	if err := g.origins.Check(r); err != nil {
		return problem.New(http.StatusForbidden, problem.CodeCrossSite, "Origin", "this request was sent by a page of another site")
	}
	return nil
}

// Lacks is the problem of a caller whose key has not the scope that an operation needs;
// nil if it has.
func (p Principal) Lacks(want Scope) *problem.Problem {
	if p.Scope.holds(want) {
		return nil
	}
	lacks := problem.New(http.StatusForbidden, problem.CodeScope, "",
		"this needs a key with the scope "+string(want)+"; "+p.Name+" has "+string(p.Scope))
	lacks.Scope = string(want)
	return lacks
}
