// Command pin writes an image by its digest into config, where it is named, so
// that what is installed from these files is that image and no other.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/energytwin/energytwin/hack/packaging/internal/manifests"
)

func main() {
	config := flag.String("config", "../../config", "folder of the overlays")
	image := flag.String("image", "", "image, as repository:tag@sha256:…")
	flag.Parse()
	if err := manifests.Pin(*config, *image); err != nil {
		fmt.Fprintln(os.Stderr, "pin:", err)
		os.Exit(1)
	}
}
