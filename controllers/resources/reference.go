package resources

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// image is a reference taken apart. The text keeps the writer's form: docker.io
// is not added where it was left out.
type image struct {
	text   string
	domain string // docker.io where none is written
	path   string // below the domain; library/redis for redis
	tag    string // "" if there is none
}

// parseImage takes a reference apart by the rules that the kubelet uses.
func parseImage(text string) (image, error) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return image{}, fmt.Errorf("%q is no image reference: %w; write it as registry.example.org/name:tag or registry.example.org/name@sha256:…", text, err)
	}
	out := image{text: text, domain: reference.Domain(named), path: reference.Path(named)}
	if tagged, ok := named.(reference.Tagged); ok {
		out.tag = tagged.Tag()
	}
	return out, nil
}

// CheckImage returns an error that names the fix if a text is no reference.
func CheckImage(text string) error {
	_, err := parseImage(text)
	return err
}

// suffix is the tag and the digest, with their separators.
func (i image) suffix() string {
	suffix := ""
	if at := strings.IndexByte(i.text, '@'); at >= 0 {
		suffix = i.text[at:]
	}
	if i.tag != "" {
		suffix = ":" + i.tag + suffix
	}
	return suffix
}

// repository is the reference without tag and digest, as it was written.
func (i image) repository() string { return strings.TrimSuffix(i.text, i.suffix()) }

// below is the same path, tag and digest in another registry, which may have a
// path of its own. "" leaves the reference where it is.
func (i image) below(registry string) string {
	if registry == "" {
		return i.text
	}
	return registry + "/" + i.path + i.suffix()
}

// at is another tag of the same repository. A digest belongs to the old tag and
// is dropped.
func (i image) at(tag string) image {
	return image{text: i.repository() + ":" + tag, domain: i.domain, path: i.path, tag: tag}
}
