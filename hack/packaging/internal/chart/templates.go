package chart

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/energytwin/energytwin/hack/packaging/internal/manifests"
)

// Names of objects that are treated in a way of their own.
const operator = "energytwin-operator"

// templates turns every object into a template, one file for each kind of
// concern, and reads from them what the values are if nobody sets others.
func templates(objects resmap.ResMap) (map[string][]byte, *defaults, error) {
	content := map[string][]byte{}
	var d *defaults
	for _, r := range objects.Resources() {
		name, text, err := "", "", error(nil)
		switch kind := r.GetKind(); {
		case kind == "Namespace":
			continue // the release's namespace is Helm's matter
		case kind == "CustomResourceDefinition":
			name = "crd.yaml"
			text, err = crd(r)
		case kind == "Deployment":
			name = "deployment.yaml"
			if d, err = defaultsOf(r); err == nil {
				text, err = deployment(r)
			}
		case (kind == "ClusterRole" || kind == "ClusterRoleBinding") && r.GetName() == operator:
			name = "rights.yaml"
			text, err = rights(r)
		case kind == "ClusterRole":
			name = "user-roles.yaml"
			text, err = when(".Values.userRoles", r)
		case r.GetNamespace() != "":
			name = strings.ToLower(kind) + ".yaml"
			text, err = render(r, nil)
		default:
			err = errors.New("the chart does not know what to do with an object of the whole cluster like this")
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", r.GetKind(), r.GetName(), err)
		}
		name = "templates/" + name
		content[name] = append(content[name], ("---\n" + text)...)
	}
	if d == nil {
		return nil, nil, errors.New("there is no Deployment")
	}
	return content, d, nil
}

// crd keeps the definition when the release is uninstalled: every twin would go
// with it.
func crd(r *resource.Resource) (string, error) {
	annotations := r.GetAnnotations()
	annotations["helm.sh/resource-policy"] = "keep"
	if err := r.SetAnnotations(annotations); err != nil {
		return "", err
	}
	return when(".Values.crd.install", r)
}

func when(condition string, r *resource.Resource) (string, error) {
	text, err := render(r, nil)
	return "{{- if " + condition + " }}\n" + text + "{{- end }}\n", err
}

// rights gives the rules either for the whole cluster or in each namespace that
// is watched.
func rights(r *resource.Resource) (string, error) {
	everywhere, err := render(r, nil)
	if err != nil {
		return "", err
	}
	within, err := render(r, func(o map[string]any) error {
		o["kind"] = strings.TrimPrefix(r.GetKind(), "Cluster")
		if ref, ok := o["roleRef"].(map[string]any); ok {
			ref["kind"] = "Role"
		}
		return set(o, "{{ . }}", "metadata", "namespace")
	})
	// Inside a range, the release is reached by way of the root.
	within = strings.ReplaceAll(within, releaseNamespace, "{{ $.Release.Namespace }}")
	return "{{- if .Values.watchNamespaces }}\n{{- range .Values.watchNamespaces }}\n---\n" + within +
		"{{- end }}\n{{- else }}\n" + everywhere + "{{- end }}\n", err
}

func defaultsOf(r *resource.Resource) (*defaults, error) {
	o, err := r.Map()
	if err != nil {
		return nil, err
	}
	container, err := operatorContainer(o)
	if err != nil {
		return nil, err
	}
	reference, _ := container["image"].(string)
	image, err := manifests.ParseImage(reference)
	if err != nil {
		return nil, err
	}
	spec, _ := o["spec"].(map[string]any)
	return &defaults{
		Version: chartVersion(image.Tag), AppVersion: fmt.Sprintf("%q", image.Tag),
		Image: image, Replicas: spec["replicas"], Resources: container["resources"],
	}, nil
}

// chartVersion is the operator's: chart and operator are released together. An
// image between releases gives a version before all releases.
func chartVersion(tag string) string {
	if v, err := semver.StrictNewVersion(strings.TrimPrefix(tag, "v")); err == nil {
		return v.String()
	}
	if tag == "" {
		return "0.0.0"
	}
	return "0.0.0-tag-" + notInVersions.ReplaceAllString(tag, "-")
}

var notInVersions = regexp.MustCompile(`[^0-9A-Za-z-]`)

// render writes an object as YAML with the release's namespace in place of the
// one in config, after a change.
func render(r *resource.Resource, change func(map[string]any) error) (string, error) {
	o, err := r.Map()
	if err != nil {
		return "", err
	}
	plain, err := yaml.Marshal(o)
	if err != nil {
		return "", err
	}
	if strings.Contains(string(plain), "{{") {
		return "", errors.New("it contains {{, which Helm would take for its own; put it another way")
	}
	if r.GetNamespace() != "" {
		if err := set(o, releaseNamespace, "metadata", "namespace"); err != nil {
			return "", err
		}
	}
	subjects, _ := o["subjects"].([]any)
	for _, s := range subjects {
		if err := set(s, releaseNamespace, "namespace"); err != nil {
			return "", err
		}
	}
	if change != nil {
		if err := change(o); err != nil {
			return "", err
		}
	}
	text, err := yaml.Marshal(o)
	return placeholders(string(text)), err
}
