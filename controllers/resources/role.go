package resources

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// OperatorRules are the rights of the operator, the least that work: over each kind
// of a twin's objects what its row of the table needs, and little else. Secrets and
// the ConfigMaps of a spec are read by name only. Objects are never updated but by
// server-side apply (create and patch). config/rbac/role.yaml holds the rules.
func OperatorRules() []rbacv1.PolicyRule {
	rules := []rbacv1.PolicyRule{
		{APIGroups: []string{v1.Group}, Resources: []string{"digitaltwins"}, Verbs: []string{"get", "list", "patch", "watch"}},
		{APIGroups: []string{v1.Group}, Resources: []string{"digitaltwins/finalizers"}, Verbs: []string{"update"}},
		{APIGroups: []string{v1.Group}, Resources: []string{"digitaltwins/status"}, Verbs: []string{"patch"}},
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch"}},
		// Events of one object, while its pods do not come up.
		{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"list"}},
		{APIGroups: []string{"events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
	}
	for _, kind := range childKinds {
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{kind.Group}, Resources: []string{kind.Resource}, Verbs: kind.verbs()})
	}
	return mergedRules(rules)
}

// verbs are what the operator does with objects of a kind.
func (k *ChildKind) verbs() []string {
	verbs := []string{"create", "delete", "get", "patch"}
	if k.Cache != CacheNothing {
		verbs = append(verbs, "watch")
	}
	if k.Cache != CacheNothing || !k.Kept {
		verbs = append(verbs, "list")
	}
	slices.Sort(verbs)
	return verbs
}

// mergedRules puts resources of one group with the same verbs into one rule, in order
// of group and resource.
func mergedRules(rules []rbacv1.PolicyRule) []rbacv1.PolicyRule {
	slices.SortFunc(rules, func(a, b rbacv1.PolicyRule) int {
		return strings.Compare(a.APIGroups[0]+"/"+a.Resources[0], b.APIGroups[0]+"/"+b.Resources[0])
	})
	var out []rbacv1.PolicyRule
	for _, r := range rules {
		at := slices.IndexFunc(out, func(o rbacv1.PolicyRule) bool {
			return o.APIGroups[0] == r.APIGroups[0] && slices.Equal(o.Verbs, r.Verbs)
		})
		if at < 0 {
			out = append(out, r)
			continue
		}
		out[at].Resources = append(out[at].Resources, r.Resources...)
	}
	return out
}
