// Command imagepush pushes image archives, one for each architecture, as one
// image, and prints its reference by tag and digest. Credentials are those of
// `docker login`, or REGISTRY_USER and REGISTRY_PASSWORD.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func main() {
	to := flag.String("to", "", "image to write, as registry.example.org/energytwin:v1")
	flag.Parse()
	if *to == "" || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: imagepush -to REPOSITORY:TAG ARCHIVE…")
		os.Exit(2)
	}
	reference, err := push(context.Background(), *to, flag.Args(), credentials())
	if err != nil {
		fmt.Fprintln(os.Stderr, "imagepush:", err)
		os.Exit(1)
	}
	fmt.Println(reference)
}

// credentials are the user of the environment, else what `docker login` keeps.
func credentials() remote.Option {
	user, password := os.Getenv("REGISTRY_USER"), os.Getenv("REGISTRY_PASSWORD")
	if user == "" && password == "" {
		return remote.WithAuthFromKeychain(authn.DefaultKeychain)
	}
	return remote.WithAuth(&authn.Basic{Username: user, Password: password})
}

// push writes the archives' images and their index under the tag, and returns
// repository:tag@sha256:….
func push(ctx context.Context, to string, archives []string, auth remote.Option) (string, error) {
	tag, err := name.NewTag(to, name.StrictValidation)
	if err != nil {
		return "", fmt.Errorf("%w; write the registry, the repository and a tag, as in registry.example.org/energytwin:v1", err)
	}
	index, err := indexOf(archives)
	if err != nil {
		return "", err
	}
	digest, err := index.Digest()
	if err != nil {
		return "", err
	}
	if err := remote.WriteIndex(tag, index, auth, remote.WithContext(ctx)); err != nil {
		return "", fmt.Errorf("push %s: %w", tag, err)
	}
	return tag.Name() + "@" + digest.String(), nil
}

// indexOf names each archive's image by its platform. Two images of one platform
// are rejected: which of them runs would be chance.
func indexOf(archives []string) (v1.ImageIndex, error) {
	seen := map[string]string{}
	var parts []mutate.IndexAddendum
	for _, archive := range archives {
		image, err := tarball.ImageFromPath(archive, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", archive, err)
		}
		config, err := image.ConfigFile()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", archive, err)
		}
		platform := config.Platform()
		if platform == nil || platform.Architecture == "" {
			return nil, fmt.Errorf("%s: %w", archive, errors.New("the image names no architecture"))
		}
		if other := seen[platform.String()]; other != "" {
			return nil, fmt.Errorf("%s and %s are both for %s", other, archive, platform)
		}
		seen[platform.String()] = archive
		parts = append(parts, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	return mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), parts...), nil
}
