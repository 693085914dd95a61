package manifests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// argocdFile is the example of an operator that Argo CD installs by digest.
const argocdFile = "argocd/application.yaml"

// Pin writes an image's repository, tag and digest into the files of the
// configuration folder that name the operator's image. Other lines stay as they
// are. A reference without a digest is rejected: a tag can be moved.
func Pin(config, reference string) error {
	image, err := ParseImage(reference)
	if err != nil {
		return err
	}
	if image.Tag == "" || !strings.HasPrefix(image.Digest, "sha256:") {
		return fmt.Errorf("image %q: write repository:tag@sha256:… with 64 hexadecimal digits, as hack/ci/push prints it", reference)
	}
	for _, pin := range []struct {
		file   string
		path   []string
		fields []field
	}{
		{managerFile, []string{"images"}, []field{{"newName", image.Repository}, {"newTag", image.Tag}, {"digest", image.Digest}}},
		{argocdFile, []string{"spec", "source", "helm", "valuesObject", "image"},
			[]field{{"repository", image.Repository}, {"tag", image.Tag}, {"digest", image.Digest}}},
	} {
		if err := pinFile(filepath.Join(config, pin.file), pin.path, pin.fields); err != nil {
			return fmt.Errorf("config/%s: %w", pin.file, err)
		}
	}
	return nil
}

type field struct{ name, value string }

// pinFile writes fields of the one map under the path. Its lines are edited, not
// written again, so that comments and layout stay.
func pinFile(file string, path []string, fields []field) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	target, err := find(content, path)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(content), "\n")
	indent := strings.Repeat(" ", target.Content[0].Column-1)
	last := target.Content[len(target.Content)-1].Line
	for _, f := range fields {
		value := valueOf(target, f.name)
		if value == nil {
			lines = slices.Insert(lines, last, indent+f.name+": "+f.value+"\n")
			last++
			continue
		}
		line := lines[value.Line-1]
		start := value.Column - 1
		lines[value.Line-1] = line[:start] + f.value + line[start+len(value.Value):]
	}
	return os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644)
}

// find is the map under a path of keys, in the one document that has the path. Of
// a list with one entry it is the entry. Only plain values on lines of their own
// can be edited.
func find(content []byte, path []string) (*yaml.Node, error) {
	var found []*yaml.Node
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var document yaml.Node
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		node := document.Content[0]
		for _, key := range path {
			if node = valueOf(node, key); node == nil {
				break
			}
		}
		if node != nil {
			found = append(found, node)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s is there %d times where once is expected", strings.Join(path, "."), len(found))
	}
	target := found[0]
	if target.Kind == yaml.SequenceNode && len(target.Content) == 1 {
		target = target.Content[0]
	}
	if target.Kind != yaml.MappingNode || target.Style&yaml.FlowStyle != 0 || len(target.Content) == 0 {
		return nil, fmt.Errorf("%s is no map with a line for each field", strings.Join(path, "."))
	}
	for i := 1; i < len(target.Content); i += 2 {
		if value := target.Content[i]; value.Kind != yaml.ScalarNode || value.Style != 0 {
			return nil, fmt.Errorf("line %d: write a plain value", value.Line)
		}
	}
	return target, nil
}

// valueOf is the value of a map's key, nil if there is none.
func valueOf(node *yaml.Node, key string) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}
