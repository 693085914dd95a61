// Command dist writes the files that install EnergyTwin, all built from config:
// install.yaml for the whole cluster, namespaced.yaml for one namespace, crd.yaml,
// and the Helm chart.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/energytwin/energytwin/hack/packaging/internal/chart"
	"github.com/energytwin/energytwin/hack/packaging/internal/manifests"
)

func main() {
	config := flag.String("config", "../../config", "folder of the overlays")
	out := flag.String("out", "../../dist", "folder to write to")
	image := flag.String("image", "", "image of the operator and of new twins; the one in config if empty")
	flag.Parse()
	if err := run(*config, *out, manifests.Change{Image: *image}); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(config, out string, change manifests.Change) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, f := range []struct{ name, overlay string }{
		{"install.yaml", "default"}, {"namespaced.yaml", "namespaced"}, {"crd.yaml", "crd"},
	} {
		built, err := manifests.Build(config, f.overlay, change)
		if err != nil {
			return err
		}
		text, err := built.AsYaml()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, f.name), text, 0o644); err != nil {
			return err
		}
	}
	everything, err := manifests.Build(config, "default", change)
	if err != nil {
		return err
	}
	return chart.Write(filepath.Join(out, "chart"), everything)
}
