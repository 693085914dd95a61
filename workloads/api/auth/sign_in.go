package auth

import (
	"context"
	"fmt"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

// SignIn exchanges an API key, sent from an address, for a session and its token.
// The error is the problem to answer with, unless signing itself fails.
func (g *Guard) SignIn(key, address string) (p Principal, token string, err error) {
	now := g.clock()
	k, ok := g.keys.current(now).find(key, now)
	if !ok {
		if ok, wait := g.failures.take(address, now); !ok {
			return p, "", problem.RetryAfter(limited(wait, tooManyFailures), wait)
		}
		return p, "", unauthenticated("apiKey", unknownKey)
	}
	token, claims, err := g.sessions.issue(k, now)
	if err != nil {
		return p, "", fmt.Errorf("issue a session: %w", err)
	}
	return Principal{Name: k.Name, Scope: k.Scope, Session: g.sessions.session(claims)}, token, nil
}

// SignOut ends a session, here and at every replica.
func (g *Guard) SignOut(ctx context.Context, s *Session) error {
	return g.ended.end(ctx, &s.claims)
}
