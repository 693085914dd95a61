package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// What the image runs, and as whom. The Dockerfile has the same.
const (
	entrypoint = "/energytwin"
	user       = "65532:65532"
	caFile     = "/etc/ssl/certs/ca-certificates.crt"
)

func labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "EnergyTwin",
		"org.opencontainers.image.description": "Digital twins of electricity grid areas on Kubernetes",
		"org.opencontainers.image.licenses":    "Apache-2.0",
	}
}

// Image makes the image: a layer of what a program expects of a system (users,
// certificates, a folder for temporary files) and one of the program, so that
// the next version brings only the latter. arch is in Go's words.
func Image(program []byte, arch string) (v1.Image, error) {
	if err := checkProgram(program, arch); err != nil {
		return nil, err
	}
	system, err := systemFiles()
	if err != nil {
		return nil, err
	}
	image := v1.Image(empty.Image)
	for _, content := range []struct {
		name  string
		files []file
	}{
		{"system files", system},
		{"energytwin", []file{{name: "energytwin", mode: 0o755, content: program}}},
	} {
		layer, err := layerOf(content.files)
		if err != nil {
			return nil, fmt.Errorf("layer of %s: %w", content.name, err)
		}
		image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{CreatedBy: content.name}})
		if err != nil {
			return nil, fmt.Errorf("layer of %s: %w", content.name, err)
		}
	}
	return configured(image, arch)
}

func configured(image v1.Image, arch string) (v1.Image, error) {
	current, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config := current.DeepCopy()
	config.OS, config.Architecture = "linux", arch
	config.Created = v1.Time{Time: time.Unix(0, 0).UTC()} // a real date would make other bytes each time
	config.Config = v1.Config{
		Entrypoint: []string{entrypoint},
		User:       user,
		WorkingDir: "/",
		Labels:     labels(),
		Env: []string{
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"SSL_CERT_FILE=" + caFile,
		},
	}
	return mutate.ConfigFile(image, config)
}

// checkProgram rejects what could not run in the image: another system's
// program, another architecture's, or one that needs shared libraries.
func checkProgram(program []byte, arch string) error {
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	want, ok := machines[arch]
	if !ok {
		return fmt.Errorf("architecture %q: known are amd64 and arm64", arch)
	}
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("the binary is no Linux program: %w; build it with GOOS=linux", err)
	}
	defer f.Close()
	if f.Machine != want {
		return fmt.Errorf("the binary is for %s, the image for %s; build it with GOARCH=%s", f.Machine, arch, arch)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("the binary is not static, and the image has no libraries; build it with CGO_ENABLED=0")
		}
	}
	return nil
}

// Write puts the image into an archive under its reference. What stands there is
// replaced at once or not at all.
func Write(image v1.Image, reference, out string) error {
	tag, err := name.NewTag(reference)
	if err != nil {
		return fmt.Errorf("image name %q: %w; an archive names an image by a tag, as in energytwin:v1", reference, err)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(out), filepath.Base(out)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = errors.Join(writeTo(f, tag, image), f.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	return os.Rename(f.Name(), out)
}

func writeTo(f *os.File, tag name.Tag, image v1.Image) error {
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	return tarball.Write(tag, image, io.Writer(f))
}
