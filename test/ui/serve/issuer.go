package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/workloads/api/openid"
	"github.com/energytwin/energytwin/workloads/api/openid/openidtest"
)

// openIssuer is an issuer of OpenID Connect that ends with the program.
type openIssuer struct {
	dir      string // for its files
	cleanups []func()
}

// serve starts the issuer for a twin under a site, with a person who operates the twin and
// one whose groups give nothing; both have openidtest.Password.
func (i *openIssuer) serve(site, base string) (*config.OIDC, error) {
	running := openidtest.Start(i, site+base+openid.PathCallback,
		openidtest.Person{Name: "ada@example.org", Groups: []string{"grid"}},
		openidtest.Person{Name: "eve@example.org", Groups: []string{"everybody"}},
	)
	secret := filepath.Join(i.dir, "client-secret")
	if err := os.WriteFile(secret, []byte(openidtest.Secret), 0o600); err != nil {
		return nil, err
	}
	return &config.OIDC{
		Name: "Keycloak", Issuer: running.URL, ClientID: "twin", ClientSecretFile: secret, TLS: &config.TLS{CAFile: running.CAFile},
		Scopes: []string{"profile", "email"}, GroupsClaim: "groups", PublicURL: site,
		Groups: []config.OIDCGroup{{Name: "grid", Scope: "operate"}},
	}, nil
}

func (i *openIssuer) stop() {
	for _, end := range i.cleanups {
		end()
	}
}

// What openidtest.T asks for.

func (i *openIssuer) Helper() {}

func (i *openIssuer) Errorf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (i *openIssuer) FailNow() { panic("the issuer cannot be served") }

func (i *openIssuer) Cleanup(end func()) { i.cleanups = append(i.cleanups, end) }

func (i *openIssuer) TempDir() string { return i.dir }
