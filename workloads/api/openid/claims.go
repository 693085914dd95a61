package openid

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/energytwin/energytwin/workloads/api/auth"
)

// maxName is the most characters of a person's name that are kept.
const maxName = 128

// person is who the claims of a checked token are about.
func (i *issuer) person(claims map[string]any) auth.Person {
	subject, _ := claims["sub"].(string)
	return auth.Person{Subject: subject, Name: i.nameOf(claims, subject), Groups: groupsOf(claims, i.GroupsClaim)}
}

// nameOf is by what others know the person. An email that the issuer has not verified is
// anybody's.
func (i *issuer) nameOf(claims map[string]any, subject string) string {
	candidates := []string{"preferred_username", "email"}
	if i.NameClaim != "" {
		candidates = []string{i.NameClaim}
	}
	for _, claim := range candidates {
		if verified, given := claims["email_verified"].(bool); claim == "email" && given && !verified {
			continue
		}
		value, _ := claimAt(claims, claim)
		if name, _ := value.(string); name != "" {
			if name = plain(name); name != "" {
				return name
			}
		}
	}
	return plain(subject)
}

// plain is a name without what a log or a page would show as something else.
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName])
	}
	return strings.TrimSpace(name)
}

// groupsOf are the groups of a claim, which holds a list of names or a single one.
func groupsOf(claims map[string]any, claim string) (groups []string) {
	value, _ := claimAt(claims, claim)
	switch value := value.(type) {
	case string:
		groups = append(groups, value)
	case []any:
		for _, item := range value {
			if group, is := item.(string); is {
				groups = append(groups, group)
			}
		}
	}
	return groups
}

// claimAt is the claim of a name, or where there is none, what is at the end of the name's
// parts, such as realm_access.roles.
func claimAt(claims map[string]any, name string) (any, bool) {
	if value, has := claims[name]; has {
		return value, true
	}
	first, rest, dotted := strings.Cut(name, ".")
	if !dotted {
		return nil, false
	}
	below, is := claims[first].(map[string]any)
	if !is {
		return nil, false
	}
	return claimAt(below, rest)
}
