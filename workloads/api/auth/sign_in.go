package auth

import (
	"context"
	"fmt"
	"net/http"

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
		if left := g.failures.take(address, now); !left.ok {
			return p, "", problem.RetryAfter(limited(left.wait, tooManyFailures), left.wait)
		}
		return p, "", unauthenticated("apiKey", unknownKey)
	}
	token, claims, err := g.sessions.issue(*p.key, now)
	if err != nil {
		return p, "", fmt.Errorf("issue a session: %w", err)
	}
	p.Session = g.sessions.session(claims)
	return p, token, nil
}

// SignOut ends a session, here and at every replica.
func (g *Guard) SignOut(ctx context.Context, s *Session) error {
	return g.ended.end(ctx, &s.claims)
}
