package cluster

import (
	"encoding/json"
	"slices"
	"strings"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// gitManager is the tool that keeps a twin as Git has it; "" for none.
type gitManager string

const (
	argoCD gitManager = "Argo CD"
	flux   gitManager = "Flux"
)

// gitManagerOf finds the tool by the marks that it leaves.
func gitManagerOf(twin *v1.DigitalTwin) gitManager {
	has := func(m map[string]string, prefix string) bool {
		for key := range m {
			if strings.HasPrefix(key, prefix) {
				return true
			}
		}
		return false
	}
	switch {
	case has(twin.Annotations, "argocd.argoproj.io/tracking-id"), has(twin.Labels, "argocd.argoproj.io/instance"):
		return argoCD
	case has(twin.Labels, "kustomize.toolkit.fluxcd.io/"), has(twin.Labels, "helm.toolkit.fluxcd.io/"):
		return flux
	}
	return ""
}

// fieldManagers are the tools' names in the managed fields.
func (g gitManager) fieldManagers() []string {
	if g == argoCD {
		return []string{"argocd-controller", "argocd-application-controller", "argocd-server"}
	}
	return []string{"kustomize-controller", "helm-controller"}
}

// holds reports whether the tool has written a field that the patch changes, or
// one around it that is one value to it.
func (g gitManager) holds(twin *v1.DigitalTwin, p patch) bool {
	for _, entry := range twin.ManagedFields {
		if entry.FieldsV1 == nil || entry.Subresource != "" || !slices.Contains(g.fieldManagers(), entry.Manager) {
			continue
		}
		var fields map[string]any
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) == nil && overlap(fields, p) {
			return true
		}
	}
	return false
}

// overlap reports whether a set of managed fields has one of the patch.
func overlap(fields, patch map[string]any) bool {
	for key, value := range patch {
		field, ok := fields["f:"+key].(map[string]any)
		if !ok {
			continue
		}
		nested, isMap := value.(map[string]any)
		if !isMap || len(field) == 0 || overlap(field, nested) {
			return true
		}
	}
	return false
}
