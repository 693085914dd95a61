package chart

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
)

const (
	releaseNamespace = "{{ .Release.Namespace }}"
	image            = `{{ include "energytwin.image" . }}`
)

// deployment puts the values in their places.
func deployment(r *resource.Resource) (string, error) {
	return render(r, func(o map[string]any) error {
		container, err := operatorContainer(o)
		if err != nil {
			return err
		}
		container["image"] = image
		container["imagePullPolicy"] = block("image.pullPolicy")
		container["resources"] = block("resources")
		env, _ := container["env"].([]any)
		for _, e := range env {
			if v, ok := e.(map[string]any); ok && v["name"] == "ENERGYTWIN_IMAGE" {
				v["value"] = image
			}
		}
		container["env"] = append(env, watchNamespaces)

		spec, err := at(o, "spec", "template", "spec")
		if err != nil {
			return err
		}
		for _, name := range []string{"affinity", "imagePullSecrets", "nodeSelector", "priorityClassName", "tolerations"} {
			spec[name] = block(name)
		}
		metadata, err := at(o, "spec", "template", "metadata")
		if err != nil {
			return err
		}
		if err := addTo(metadata, "annotations", "podAnnotations"); err != nil {
			return err
		}
		if err := addTo(metadata, "labels", "podLabels"); err != nil {
			return err
		}
		return set(o, "@@raw replicas@@", "spec", "replicas")
	})
}

// Placeholders stand in an object for what is no YAML: a value without quotes, a
// field that is there only if its value is, entries that a value adds.
const watchNamespaces = "@@watch@@"

var (
	rawValue   = regexp.MustCompile(`'@@raw (\S+)@@'`)
	blockField = regexp.MustCompile(`(?m)^( *)((?:- )?)(\w+): '@@block (\S+)@@'\n`)
	moreFields = regexp.MustCompile(`(?m)^( *)zz: '@@more (\S+)@@'\n`)
	watchEntry = regexp.MustCompile(`(?m)^( *)- '@@watch@@'\n`)
)

func block(value string) string { return "@@block " + value + "@@" }

// addTo lets a value add entries to a map of the object.
func addTo(parent map[string]any, field, value string) error {
	entries, ok := parent[field].(map[string]any)
	if !ok {
		if parent[field] != nil {
			return fmt.Errorf("%s is no map", field)
		}
		parent[field] = block(value)
		return nil
	}
	entries["zz"] = "@@more " + value + "@@" // sorts last
	return nil
}

func placeholders(text string) string {
	text = rawValue.ReplaceAllString(text, "{{ .Values.$1 }}")
	text = blockField.ReplaceAllStringFunc(text, func(line string) string {
		m := blockField.FindStringSubmatch(line)
		space, field, value := m[1], m[3], m[4]
		if value == "image.pullPolicy" || value == "priorityClassName" {
			return fmt.Sprintf("{{- with .Values.%s }}\n%s%s: {{ . }}\n{{- end }}\n", value, space, field)
		}
		return fmt.Sprintf("{{- with .Values.%s }}\n%s%s:\n%s  {{- toYaml . | nindent %d }}\n{{- end }}\n",
			value, space, field, space, len(space)+2)
	})
	text = moreFields.ReplaceAllStringFunc(text, func(line string) string {
		m := moreFields.FindStringSubmatch(line)
		return fmt.Sprintf("{{- with .Values.%s }}\n%s{{- toYaml . | nindent %d }}\n{{- end }}\n", m[2], m[1], len(m[1]))
	})
	return watchEntry.ReplaceAllString(text, "{{- with .Values.watchNamespaces }}\n"+
		"$1- name: WATCH_NAMESPACE\n$1  value: {{ join \",\" . | quote }}\n{{- end }}\n")
}

func operatorContainer(o map[string]any) (map[string]any, error) {
	spec, err := at(o, "spec", "template", "spec")
	if err != nil {
		return nil, err
	}
	containers, _ := spec["containers"].([]any)
	if len(containers) != 1 {
		return nil, fmt.Errorf("%d containers where one is expected", len(containers))
	}
	c, ok := containers[0].(map[string]any)
	if !ok {
		return nil, errors.New("the container is no map")
	}
	return c, nil
}

// at is the map under a path of fields.
func at(o any, path ...string) (map[string]any, error) {
	for i, name := range path {
		m, ok := o.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s is no map", strings.Join(path[:i], "."))
		}
		o = m[name]
	}
	m, ok := o.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is no map", strings.Join(path, "."))
	}
	return m, nil
}

// set writes a field under a path whose other fields are there.
func set(o any, value any, path ...string) error {
	parent, err := at(o, path[:len(path)-1]...)
	if err != nil {
		return err
	}
	parent[path[len(path)-1]] = value
	return nil
}
