package openid

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/oauth2"

	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/middleware"
	"github.com/energytwin/energytwin/workloads/api/pages"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/requestid"
)

// SignIn are the pages by which people sign in. It is safe for concurrent use.
type SignIn struct {
	issuer *issuer
	guard  *auth.Guard
	site   pages.Site
	key    []byte // signs what browsers keep meanwhile
	log    *slog.Logger
}

// New makes the pages of an issuer. It asks the issuer nothing yet.
func New(s Settings, guard *auth.Guard, site pages.Site, log *slog.Logger) *SignIn {
	return &SignIn{issuer: newIssuer(s), guard: guard, site: site, key: guard.Derived("sign-in by OpenID Connect"), log: log}
}

// Register adds the pages to a router.
func (s *SignIn) Register(r *gin.Engine) {
	r.GET(PathStart, s.start)
	r.GET(PathCallback, s.callback)
}

// Name is what people call the issuer.
func (s *SignIn) Name() string { return s.issuer.Name }

// Offer is how the issuer is now.
type Offer struct {
	Available bool   // people can sign in
	SignOut   string // address that signs a person out of the issuer; "" for none
}

// Offer asks the issuer, unless that was done in the last minute.
func (s *SignIn) Offer(ctx context.Context) Offer {
	known, err := s.issuer.published(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "nobody can sign in by OpenID Connect", "issuer", s.issuer.Issuer, "error", err)
		return Offer{}
	}
	return Offer{Available: true, SignOut: known.signOut}
}

// start sends the browser to the issuer.
func (s *SignIn) start(c *gin.Context) {
	ctx := c.Request.Context()
	known, err := s.issuer.published(ctx)
	if err != nil {
		s.away(c, err)
		return
	}
	f := newFlow(c.Query("next"), s.issuer.Clock())
	value, err := f.sign(s.key)
	if err != nil {
		s.away(c, err)
		return
	}
	http.SetCookie(c.Writer, s.flowCookie(value, int(signInWithin.Seconds())))
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusFound, known.oauth.AuthCodeURL(f.State, oauth2.S256ChallengeOption(f.Verifier), oauth2.SetAuthURLParam("nonce", f.Nonce)))
}

// callback is where the issuer sends the browser back to.
func (s *SignIn) callback(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	http.SetCookie(c.Writer, s.flowCookie("", -1)) // it is good for one try
	f, err := readFlow(c.Request, s.key, s.issuer.Clock())
	if err != nil || !same(c.Query("state"), f.State) {
		s.failed(c, http.StatusBadRequest, "This sign-in cannot be finished",
			"It was begun in another browser or another tab, or more than ten minutes ago. Begin again.", errors.Join(errors.New("no such sign-in is under way"), err))
		return
	}
	ctx := c.Request.Context()
	if err := s.checkSender(ctx, c.Query("iss")); err != nil {
		s.failed(c, http.StatusBadRequest, "This sign-in cannot be finished", "The answer is not one of "+s.Name()+". Begin again.", err)
		return
	}
	if code := c.Query("error"); code != "" {
		s.failed(c, http.StatusForbidden, s.Name()+" has not signed you in",
			"It answers: "+plain(strings.Join([]string{code, c.Query("error_description")}, " "))+".", errors.New("the issuer answers "+plain(code)))
		return
	}
	claims, err := s.issuer.exchange(ctx, c.Query("code"), f)
	if err != nil {
		s.failed(c, http.StatusBadGateway, "This sign-in cannot be finished",
			s.Name()+" cannot be reached, or what it answers cannot be trusted. Begin again; if it stays so, the log of the API names the cause.", err)
		return
	}
	s.admit(c, claims, f.Next)
}

// checkSender rejects an answer that names another issuer, or none where this one names
// itself (RFC 9207).
func (s *SignIn) checkSender(ctx context.Context, iss string) error {
	known, err := s.issuer.published(ctx)
	if err != nil {
		return err
	}
	if iss != s.issuer.Issuer && (iss != "" || known.namesIss) {
		return errors.New("the answer names the issuer " + plain(iss))
	}
	return nil
}

// admit gives a session to a person whom the issuer has signed in.
func (s *SignIn) admit(c *gin.Context, claims map[string]any, next string) {
	ctx := c.Request.Context()
	who := s.issuer.person(claims)
	p, token, err := s.guard.SignInPerson(ctx, who)
	var rejected *problem.Problem
	switch {
	case errors.Is(err, auth.ErrNoAccess):
		s.noAccess(c, who)
		return
	case errors.As(err, &rejected):
		s.notice(c, rejected.Status, pages.Notice{Title: "You cannot be signed in now", Text: []string{rejected.Detail + "."}})
		return
	case err != nil:
		s.failed(c, http.StatusInternalServerError, "This sign-in cannot be finished", "Something went wrong here, which the log of the API names.", err)
		return
	}
	s.log.InfoContext(ctx, "a person has signed in", "name", p.Name, "person", p.Person, "scope", p.Scope)
	seconds := int(p.Session.ExpiresAt.Sub(s.issuer.Clock()).Seconds())
	http.SetCookie(c.Writer, auth.Cookie(token, cmp.Or(s.issuer.Base, "/"), s.secure() || middleware.IsTLS(c), seconds))
	c.Redirect(http.StatusSeeOther, s.issuer.Base+next)
}

// noAccess is what a person sees who has no group of this twin.
func (s *SignIn) noAccess(c *gin.Context, who auth.Person) {
	s.log.InfoContext(c.Request.Context(), "a person has no access", "name", who.Name, "groups", len(who.Groups), "claim", s.issuer.GroupsClaim)
	text := []string{
		"You are signed in at " + s.Name() + " as " + who.Name + ", and none of your groups gives access to this twin.",
		"Ask whoever operates the twin to add you to one of its groups, or one of your groups to spec.api.auth.oidc.groups.",
	}
	if len(who.Groups) == 0 {
		text[0] = "You are signed in at " + s.Name() + " as " + who.Name + ", which names no groups of yours: the claim " + s.issuer.GroupsClaim + " is missing or empty."
		text[1] = "Ask whoever operates the twin to have " + s.Name() + " send the claim, or to change spec.api.auth.oidc.groupsClaim."
	}
	s.notice(c, http.StatusForbidden, pages.Notice{Title: "You have no access to this twin", Text: text})
}

// away is what a person sees while the issuer cannot be reached.
func (s *SignIn) away(c *gin.Context, err error) {
	s.log.WarnContext(c.Request.Context(), "a sign-in cannot begin", "issuer", s.issuer.Issuer, "error", err, "requestId", requestid.Of(c.Request.Context()))
	c.Header("Retry-After", "5")
	s.notice(c, http.StatusServiceUnavailable, pages.Notice{
		Title: s.Name() + " cannot be reached",
		Text:  []string{"Nobody can sign in there now. Try again later, or sign in with an API key."},
	})
}

// failed is what a person sees whose sign-in failed. An address where that goes on is
// asked to wait, as with API keys.
func (s *SignIn) failed(c *gin.Context, status int, title, text string, cause error) {
	s.log.WarnContext(c.Request.Context(), "a sign-in has failed", "issuer", s.issuer.Issuer, "error", cause, "requestId", requestid.Of(c.Request.Context()))
	var rejected *problem.Problem
	if errors.As(s.guard.Failed(c.ClientIP()), &rejected) {
		status, title, text = rejected.Status, "Wait before you try again", rejected.Detail+"."
	}
	s.notice(c, status, pages.Notice{Title: title, Text: []string{text}})
}

func (s *SignIn) notice(c *gin.Context, status int, n pages.Notice) {
	n.Link, n.LinkText = s.issuer.Base+"/ui", "Back to the sign-in"
	s.site.Notice(c, status, n)
}
