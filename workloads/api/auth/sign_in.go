package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/energytwin/energytwin/internal/signin"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// SignIn exchanges an API key, sent from an address, for a session and its token.
// The error is the problem to answer with, unless signing itself fails.
func (g *Guard) SignIn(ctx context.Context, key, address string) (p Principal, token string, err error) {
	now := g.clock()
	p, rejected := g.byKey(ctx, key)
	if rejected != nil && rejected.Status != http.StatusUnauthorized {
		return p, "", problem.RetryAfter(rejected, unknownFor)
	}
	if rejected != nil {
		if limited := g.Failed(address); limited != nil {
			return p, "", limited
		}
		return p, "", unauthenticated("apiKey", unknownKey)
	}
	return g.begin(ctx, p, &holder{name: p.Name, fingerprint: p.key.fingerprint(), expires: p.key.Expires}, now)
}

// Failed counts a failed sign-in from an address. The error is the problem to answer with
// where there were too many; nil where there were not.
func (g *Guard) Failed(address string) error {
	if left := g.failures.take(address, g.clock()); !left.ok {
		return problem.RetryAfter(limited(left.wait, tooManyFailures), left.wait)
	}
	return nil
}

// ErrNoAccess is returned for a person whose groups give no scope.
var ErrNoAccess = errors.New("none of the person's groups gives access to this twin")

// SignInPerson gives a session to a person whom the issuer vouches for; ErrNoAccess if the
// person's groups give none. Another error is the problem to answer with, unless signing
// itself fails.
func (g *Guard) SignInPerson(ctx context.Context, who Person) (p Principal, token string, err error) {
	mapped := g.people.Mapped(who.Groups)
	p = Principal{Name: PersonPrefix + who.Name, Scope: g.people.scope(mapped), Person: g.people.id(who.Subject)}
	if p.Scope == "" {
		return p, "", ErrNoAccess
	}
	return g.begin(ctx, p, &holder{name: p.Name, fingerprint: g.people.fingerprint(), person: p.Person, groups: mapped}, g.clock())
}

// begin gives a session to its holder, and records it: what nobody can see is not given.
func (g *Guard) begin(ctx context.Context, p Principal, h *holder, now time.Time) (Principal, string, error) {
	if left := g.requests.take(p.Caller(), now); !left.ok {
		return p, "", problem.RetryAfter(limited(left.wait, "too many requests with this key"), left.wait)
	}
	token, claims, err := g.sessions.issue(h, now)
	if err != nil {
		return p, "", fmt.Errorf("issue a session: %w", err)
	}
	err = g.open.add(ctx, p.Holder(), &claims)
	if errors.Is(err, signin.ErrTooMany) {
		return p, "", problem.RetryAfter(problem.New(http.StatusTooManyRequests, problem.CodeRateLimited, "",
			fmt.Sprintf("%s has %d sessions open; end some with DELETE /api/v1/sessions", p.Name, signin.MaxOpen)), 60)
	}
	if err != nil {
		g.log.ErrorContext(ctx, "a session cannot be recorded", "error", err)
		return p, "", problem.RetryAfter(problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "",
			"the database cannot be reached, so that nobody can sign in; try again, or send an API key of the twin's Secret with each request"), unknownFor)
	}
	p.Session = g.sessions.session(claims)
	return p, token, nil
}

// SignOut ends a session, here and at every replica.
func (g *Guard) SignOut(ctx context.Context, s *Session) error {
	return g.open.End(ctx, s.claims.ID, s.claims.ExpiresAt.Time)
}

// Derived is a secret for a purpose, which follows from the one that signs sessions.
func (g *Guard) Derived(purpose string) []byte {
	mac := hmac.New(sha256.New, g.sessions.secret)
	mac.Write([]byte("energytwin: " + purpose))
	return mac.Sum(nil)
}
