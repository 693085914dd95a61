// Command install prints the objects of an overlay in config, for `kubectl
// apply`, with the image and the namespace that are asked for.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/energytwin/energytwin/hack/packaging/internal/manifests"
)

func main() {
	config := flag.String("config", "../../config", "folder of the overlays")
	overlay := flag.String("overlay", "default", "overlay to print")
	var change manifests.Change
	flag.StringVar(&change.Image, "image", "", "image of the operator and of new twins; the one in config if empty")
	flag.StringVar(&change.Namespace, "namespace", "", "namespace of every object that has one; the one in config if empty")
	flag.StringVar(&change.Without, "without", "", "kind of objects to leave out")
	flag.Parse()
	if err := run(*config, *overlay, change); err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
}

func run(config, overlay string, change manifests.Change) error {
	built, err := manifests.Build(config, overlay, change)
	if err != nil {
		return err
	}
	out, err := built.AsYaml()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(out)
	return err
}
