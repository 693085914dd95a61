// Package upload reads the bodies of requests that carry readings: JSON, one JSON value a
// line, or a text in some layout; packed or not; alone, or in a form beside its layout.
package upload

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Form is how a text is read.
type Form int

// The forms.
const (
	JSON  Form = iota // an array, or one object
	Lines             // one JSON object a line
	File              // a text in a layout
)

// MediaTypes are those of a body, or of the part with the readings, by form.
var mediaTypes = map[string]Form{
	"application/json":     JSON,
	"application/x-ndjson": Lines,
	"application/ndjson":   Lines,
	"application/jsonl":    Lines,
	"text/csv":             File,
	"text/plain":           File,
	"application/xml":      File,
	"text/xml":             File,
	"application/atom+xml": File,
}

// Multipart is the media type of a form with a layout.
const Multipart = "multipart/form-data"

// Parts of a form.
const (
	PartLayout   = "layout"   // a layout document, as YAML or JSON
	PartReadings = "readings" // the text
)

// maxLayoutBytes bounds a layout document.
const maxLayoutBytes = 64 << 10

// Upload is the body of a request.
type Upload struct {
	Form   Form
	Text   []byte
	Layout []byte // the layout document; nil if there is none
}

// MediaTypes are the media types that Read takes.
func MediaTypes() []string {
	out := []string{Multipart}
	for name := range mediaTypes {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Read reads the body of a request, of at most so many bytes when it is unpacked. The error
// is a *problem.Problem.
func Read(r *http.Request, limit int64) (Upload, error) {
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form, known := mediaTypes[mediaType]
	if err != nil || !known && mediaType != Multipart {
		return Upload{}, problem.New(http.StatusUnsupportedMediaType, problem.CodeMediaType, "Content-Type",
			fmt.Sprintf("the Content-Type is %q; send one of %s", r.Header.Get("Content-Type"), strings.Join(MediaTypes(), ", ")))
	}
	body, err := unpacked(r)
	if err != nil {
		return Upload{}, err
	}
	bounded := &boundedReader{in: body, left: limit, limit: limit}
	if mediaType == Multipart {
		return readForm(multipart.NewReader(bounded, parameters["boundary"]))
	}
	text, err := io.ReadAll(bounded)
	if err != nil {
		return Upload{}, unreadable(err)
	}
	if len(text) == 0 {
		return Upload{}, empty()
	}
	return Upload{Form: form, Text: text}, nil
}

// unpacked is the body without its Content-Encoding.
func unpacked(r *http.Request) (io.Reader, error) {
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
		return r.Body, nil
	case "gzip":
		body, err := gzip.NewReader(r.Body)
		if errors.Is(err, io.EOF) {
			return nil, empty()
		}
		if err != nil {
			return nil, unreadable(err)
		}
		return body, nil
	default:
		return nil, problem.New(http.StatusUnsupportedMediaType, problem.CodeMediaType, "Content-Encoding",
			fmt.Sprintf("the Content-Encoding is %q; send gzip, or leave the header out", encoding))
	}
}

func readForm(form *multipart.Reader) (u Upload, err error) {
	u.Form = File
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return u, unreadable(err)
		}
		switch part.FormName() {
		case PartLayout:
			u.Layout, err = io.ReadAll(io.LimitReader(part, maxLayoutBytes+1))
			if len(u.Layout) > maxLayoutBytes {
				return u, invalid(PartLayout, fmt.Sprintf("the layout document has more than %d bytes", maxLayoutBytes))
			}
		case PartReadings:
			u.Text, err = io.ReadAll(part)
		default:
			return u, invalid("body", fmt.Sprintf("the form has a part %.40q; send %s and %s", part.FormName(), PartReadings, PartLayout))
		}
		if err != nil {
			return u, unreadable(err)
		}
	}
	if len(u.Text) == 0 {
		return u, invalid(PartReadings, "the form has no part "+PartReadings+", or it is empty; add one")
	}
	return u, nil
}

func empty() error {
	return problem.New(http.StatusBadRequest, problem.CodeEmptyBody, "body", "the request has no body; send one")
}

func invalid(field, detail string) error {
	return problem.New(http.StatusUnprocessableEntity, problem.CodeInvalidBody, field, field+": "+detail)
}

// unreadable is the problem of a body that cannot be read to its end.
func unreadable(err error) error {
	var large *http.MaxBytesError
	var unpacked *tooLarge
	switch {
	case errors.As(err, &large):
		return problem.New(http.StatusRequestEntityTooLarge, problem.CodeBodyTooLarge, "body",
			fmt.Sprintf("the body has more than %d bytes; send it in several requests", large.Limit))
	case errors.As(err, &unpacked):
		return problem.New(http.StatusRequestEntityTooLarge, problem.CodeBodyTooLarge, "body",
			fmt.Sprintf("the body has more than %d bytes when it is unpacked; send it in several requests", unpacked.limit))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problem.New(http.StatusRequestTimeout, problem.CodeTimeout, "body", "the body comes too slowly; send it in several requests")
	}
	return problem.New(http.StatusBadRequest, problem.CodeInvalidBody, "body", "the body cannot be read: "+err.Error())
}

// boundedReader fails behind a number of bytes, so that a small body does not unpack to a
// large one.
type boundedReader struct {
	in          io.Reader
	left, limit int64
}

type tooLarge struct{ limit int64 }

func (t *tooLarge) Error() string { return "the body is too large" }

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, &tooLarge{b.limit}
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.in.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, &tooLarge{b.limit}
	}
	return n, err
}
