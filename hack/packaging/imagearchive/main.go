// Command imagearchive packs the static binary as a container image into a file
// that `docker load` and `ctr images import` take. It needs no container engine,
// and makes the same bytes of the same binary. The image keeps to what the
// Dockerfile describes.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	binary := flag.String("binary", "", "static binary for Linux")
	reference := flag.String("name", "", "name and tag of the image, such as registry.example.org/energytwin:v1")
	arch := flag.String("arch", "amd64", "architecture of the binary, in Go's words")
	out := flag.String("out", "", "archive to write")
	flag.Parse()
	if *binary == "" || *reference == "" || *out == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*binary, *reference, *arch, *out); err != nil {
		fmt.Fprintln(os.Stderr, "imagearchive:", err)
		os.Exit(1)
	}
}

func run(binary, reference, arch, out string) error {
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	image, err := Image(program, arch)
	if err != nil {
		return err
	}
	if err := Write(image, reference, out); err != nil {
		return err
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	fmt.Printf("%s: %s for linux/%s, %s\n", out, reference, arch, digest)
	return nil
}
