package layout

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/yaml"
)

//go:embed named/*.yaml
var files embed.FS

// shipped are the documents of the folder named, read once.
var shipped = sync.OnceValues(readShipped)

// Shipped is a layout that ships with the program.
type Shipped struct {
	Name string `json:"name"`
	Document
}

func readShipped() ([]Shipped, error) {
	names, err := fs.Glob(files, "named/*.yaml")
	if err != nil {
		return nil, err
	}
	all := make([]Shipped, 0, len(names))
	for _, file := range names {
		text, err := files.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var d Document
		if err := yaml.UnmarshalStrict(text, &d); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := d.Validate(); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, "named/"), ".yaml")
		all = append(all, Shipped{Name: name, Document: d})
	}
	return all, nil
}

// All are the layouts that ship with the program, by name.
func All() ([]Shipped, error) { return shipped() }

// Names are the names of the layouts that ship with the program.
func Names() []string {
	all, err := shipped()
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(all))
	for i := range all {
		names = append(names, all[i].Name)
	}
	return names
}

// Named is a copy of the layout with that name.
func Named(name string) (*Document, error) {
	all, err := shipped()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(s Shipped) bool { return s.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("no layout is called %q; `energytwin dataset layouts` lists the names: %s", name, strings.Join(Names(), ", "))
	}
	return all[i].Document.DeepCopy(), nil
}
