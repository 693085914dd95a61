// Package chart makes the Helm chart out of the objects that kustomize builds, so
// that what is installed is written down once, in config.
package chart

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/yaml"

	"github.com/energytwin/energytwin/hack/packaging/internal/manifests"
)

//go:embed all:files
var files embed.FS

// defaults are what the chart's own files take from the objects.
type defaults struct {
	Version, AppVersion string
	Image               manifests.Image
	Replicas            any
	Resources           any
}

// Write makes the chart in dir, which it empties first. The objects are those of
// an installation for all namespaces.
func Write(dir string, objects resmap.ResMap) error {
	content, err := Files(objects)
	if err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for name, text := range content {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Files are the chart's files by their names.
func Files(objects resmap.ResMap) (map[string][]byte, error) {
	content, d, err := templates(objects)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"Chart.yaml", "values.yaml"} {
		if content[name], err = fill(name, d); err != nil {
			return nil, err
		}
	}
	for from, to := range map[string]string{
		"values.schema.json": "values.schema.json",
		"_helpers.tpl":       "templates/_helpers.tpl",
		"NOTES.txt":          "templates/NOTES.txt",
	} {
		if content[to], err = files.ReadFile("files/" + from); err != nil {
			return nil, err
		}
	}
	return content, nil
}

// fill completes one of the chart's own files. It uses other brackets than Helm.
func fill(name string, d *defaults) ([]byte, error) {
	source, err := files.ReadFile("files/" + name)
	if err != nil {
		return nil, err
	}
	t, err := template.New(name).Delims("[[", "]]").Funcs(template.FuncMap{
		"quote":  func(s string) string { return fmt.Sprintf("%q", s) },
		"indent": func(n int, s string) string { return indent(s, n) },
		"yaml": func(v any) (string, error) {
			b, err := yaml.Marshal(v)
			return strings.TrimSuffix(string(b), "\n"), err
		},
	}).Parse(string(source))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, d)
	return out.Bytes(), err
}

func indent(s string, n int) string {
	space := strings.Repeat(" ", n)
	return space + strings.ReplaceAll(s, "\n", "\n"+space)
}
