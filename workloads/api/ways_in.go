package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/openid"
)

// WaysIn are the ways to sign in beside an API key, which always is one.
type WaysIn struct {
	OIDC *OIDCWay `json:"oidc,omitempty" doc:"The issuer of OpenID Connect at which people sign in; left out where there is none"`
}

// OIDCWay is an issuer at which people sign in.
type OIDCWay struct {
	Name       string  `json:"name" example:"Keycloak"`
	Path       string  `json:"path" example:"/sign-in" doc:"Open it in a browser to sign in, below the base path; next=/ui/… names the view to come back to"`
	Available  bool    `json:"available" doc:"False: the issuer cannot be reached now"`
	SignOutURL *string `json:"signOutURL" doc:"Signs a person out of the issuer; null where it has no such address, or cannot be reached"`
}

func (s *server) waysInOperation(open huma.API) {
	openapi.Get(open, huma.Operation{
		Path: "/api/v1/sign-in", OperationID: "waysIn", Tags: []string{openapi.TagSession}, Summary: "How can people sign in?",
		Description: "Beside an API key, which POST /api/v1/session takes. Asking needs no key.",
	}, s.waysIn)
}

func (s *server) waysIn(ctx context.Context, _ *noInput) (*output[WaysIn], error) {
	var ways WaysIn
	if s.signing != nil {
		offer := s.signing.Offer(ctx)
		ways.OIDC = &OIDCWay{Name: s.signing.Name(), Path: openid.PathStart, Available: offer.Available, SignOutURL: maybeText(offer.SignOut)}
	}
	return &output[WaysIn]{Body: Answer[WaysIn]{Data: ways}}, nil
}

// wayOf is how a holder of a name signed in.
func wayOf(name string) string {
	if strings.HasPrefix(name, auth.PersonPrefix) {
		return "oidc"
	}
	return "key"
}

// peopleOf are who may sign in by an issuer; nil without one.
func peopleOf(o *config.OIDC) *auth.People {
	if o == nil {
		return nil
	}
	p := &auth.People{Issuer: o.Issuer, ClientID: o.ClientID, Groups: map[string]auth.Scope{}}
	for _, g := range o.Groups {
		p.Groups[g.Name] = auth.Scope(g.Scope)
	}
	return p
}

// newSignIn makes the pages of the issuer; nil without one.
func (s *server) newSignIn() (*openid.SignIn, error) {
	o := s.twin.API.OIDC
	if o == nil {
		return nil, nil
	}
	settings := openid.Settings{
		Name: o.Name, Issuer: o.Issuer, ClientID: o.ClientID, Scopes: o.Scopes, NameClaim: o.NameClaim, GroupsClaim: o.GroupsClaim,
		PublicURL: o.PublicURL, Base: s.base, Clock: s.clock,
	}
	var err error
	if o.ClientSecretFile != "" {
		if settings.ClientSecret, err = config.ReadToken("api.oidc.clientSecretFile", o.ClientSecretFile); err != nil {
			return nil, err
		}
	}
	if settings.TLS, err = o.TLS.Client("api.oidc.tls"); err != nil {
		return nil, fmt.Errorf("sign-in: %w", err)
	}
	return openid.New(settings, s.guard, s.site(), s.log), nil
}
