package pages

import (
	"bytes"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// leastPacked is the size in bytes from which a file is worth packing.
const leastPacked = 1024

// packed are the files of a build as they are sent to who takes gzip. A file is packed when it
// is asked for first: well, and once, for the build does not change while the program runs.
type packed struct {
	files fs.FS
	known sync.Map // of names: a func() ([]byte, error), which packs once
}

// of is a file packed, or nil if it is too small for it.
func (p *packed) of(name string) ([]byte, error) {
	pack, _ := p.known.LoadOrStore(name, sync.OnceValues(func() ([]byte, error) { return p.pack(name) }))
	return pack.(func() ([]byte, error))()
}

func (p *packed) pack(name string) ([]byte, error) {
	plain, err := fs.ReadFile(p.files, name)
	if err != nil || len(plain) < leastPacked {
		return nil, err
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// serve answers with the packed file, or reports that the file is to be sent as it is: to who
// does not take gzip or asks for a part, and where packing does not pay.
func (p *packed) serve(w http.ResponseWriter, r *http.Request, name string) (served bool) {
	if !isText(name) {
		return false
	}
	if !slices.Contains(w.Header().Values("Vary"), "Accept-Encoding") { // what packs other answers may have set it
		w.Header().Add("Vary", "Accept-Encoding")
	}
	if r.Header.Get("Range") != "" || !takesGzip(r.Header.Get("Accept-Encoding")) {
		return false
	}
	body, err := p.of(name)
	if err != nil || body == nil {
		return false
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // who went away needs no answer
	}
	return true
}

// isText reports whether a file gets smaller by packing.
func isText(name string) bool {
	return slices.Contains([]string{".js", ".css", ".svg"}, path.Ext(name))
}

// takesGzip reports whether an Accept-Encoding names gzip and does not rule it out.
func takesGzip(accepts string) bool {
	for coding := range strings.SplitSeq(accepts, ",") {
		name, parameters, _ := strings.Cut(coding, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		weight, given := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q=")
		if !given {
			return true
		}
		q, err := strconv.ParseFloat(weight, 64)
		return err == nil && q > 0
	}
	return false
}
