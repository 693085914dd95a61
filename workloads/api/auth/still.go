package auth

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// StillHolds reports whether who sent a request may go on with an answer that takes long: the
// key or the session is still good, and has still the scope. Where that is not known, as the
// database cannot be reached, it holds.
func (g *Guard) StillHolds(c *gin.Context, want Scope) bool {
	was := PrincipalOf(c.Request.Context())
	p, rejected := g.identify(c)
	if rejected != nil {
		return rejected.Status != http.StatusUnauthorized
	}
	return p.Caller() == was.Caller() && p.Scope.holds(want)
}
