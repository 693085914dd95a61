package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// PersonPrefix begins the name of a person: no API key has it, so that nobody takes the
// name of a key, or of another issuer's person, by calling themselves so.
const PersonPrefix = "oidc:"

// People are who may sign in by an issuer of OpenID Connect, and what they may do.
type People struct {
	Issuer   string
	ClientID string
	Groups   map[string]Scope // what the members of a group may do
}

// Person is somebody whom the issuer vouches for.
type Person struct {
	Subject string   // by which the issuer identifies the person for good
	Name    string   // by which others know the person
	Groups  []string // all of the person's groups
}

// Mapped are those of some groups that give a scope, in order.
func (p *People) Mapped(groups []string) []string {
	var mapped []string
	for _, group := range groups {
		if p.Groups[group].rank() > 0 {
			mapped = append(mapped, group)
		}
	}
	slices.Sort(mapped)
	return slices.Compact(mapped)
}

// scope is the highest that some groups give; "" if they give none.
func (p *People) scope(groups []string) (best Scope) {
	for _, group := range groups {
		if s := p.Groups[group]; s.rank() > best.rank() {
			best = s
		}
	}
	return best
}

// fingerprint distinguishes issuers and clients: a session ends where the twin gets another.
func (p *People) fingerprint() string {
	if p == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(p.Issuer + "\x00" + p.ClientID))
	return hex.EncodeToString(sum[:6])
}

// id identifies a person of this issuer, whatever the person is called.
func (p *People) id(subject string) string {
	sum := sha256.Sum256([]byte(p.Issuer + "\x00" + subject))
	return "oidc." + hex.EncodeToString(sum[:16])
}

// of is the holder of a session of a person, with the scope that the groups give now.
func (p *People) of(c *sessionClaims) (Principal, bool) {
	if p == nil || c.Fingerprint != p.fingerprint() {
		return Principal{}, false
	}
	scope := p.scope(c.Groups)
	return Principal{Name: c.Subject, Scope: scope, Person: c.Person}, scope != ""
}
