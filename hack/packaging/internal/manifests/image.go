package manifests

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// Image is an image's reference in parts. Tag or Digest may be empty.
type Image struct{ Repository, Tag, Digest string }

// ParseImage takes a reference apart by the rules that the kubelet and the operator
// use. Repository keeps the form in which it is written: without docker.io where
// none is written. A reference without tag and digest is an error: which image it
// means would change by itself.
func ParseImage(text string) (Image, error) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return Image{}, fmt.Errorf("%q is no image reference: %w; write it as registry.example.org/name:tag or registry.example.org/name@sha256:…", text, err)
	}
	if reference.IsNameOnly(named) {
		return Image{}, fmt.Errorf("image %q names no version; write repository:tag or repository@sha256:…", text)
	}
	out, suffix := Image{}, ""
	if tagged, ok := named.(reference.Tagged); ok {
		out.Tag = tagged.Tag()
		suffix = ":" + out.Tag
	}
	if digested, ok := named.(reference.Digested); ok {
		out.Digest = digested.Digest().String()
		suffix += "@" + out.Digest
	}
	out.Repository = strings.TrimSuffix(text, suffix)
	return out, nil
}
