package dataset

import (
	"errors"
	"fmt"
	"io"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// Input is what text is read from: a file, a member of an archive, a sheet of a
// workbook. It can be read more than once.
type Input interface {
	// Name is what people know it by.
	Name() string
	// Text opens the text at its start, unpacked.
	Text() (io.ReadCloser, error)
}

// fileInput is a file that may be packed. What it reads after the first opening is
// neither hashed nor counted again.
type fileInput struct {
	path string
	raw  *rawFile
	used bool
}

func (f *fileInput) Name() string { return f.path }

func (f *fileInput) Text() (io.ReadCloser, error) {
	if !f.used {
		f.used = true
		return unclosed{f.raw.text}, nil
	}
	again, err := openRaw(f.path, nil)
	if err != nil {
		return nil, err
	}
	return readCloser{again.text, again.Close}, nil
}

// unclosed is the text of a raw file that its owner closes.
type unclosed struct{ io.Reader }

func (unclosed) Close() error { return nil }

// opened is text that has been opened, and looked into.
type opened struct {
	*lookAhead
	close io.Closer
}

func (o *opened) Close() error { return o.close.Close() }

// openText opens an input and decodes it to UTF-8, as the document says, or as its
// first bytes do. XML says its encoding itself: the encoding is then "".
func openText(in Input, encoding layout.Encoding, ahead int) (*opened, layout.Encoding, error) {
	text, err := in.Text()
	if err != nil {
		return nil, "", err
	}
	look := newLookAhead(text, ahead)
	head, err := look.peek()
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("read dataset %s: %w", in.Name(), err), text.Close())
	}
	if encoding == "" && isXML(head) {
		if decoded := decodeXML(look); decoded != nil {
			look = newLookAhead(decoded, ahead)
		}
		return &opened{lookAhead: look, close: text}, "", nil
	}
	if encoding == "" {
		encoding = guessEncoding(head)
	}
	if decoded := decode(look, encoding); decoded != nil {
		look = newLookAhead(decoded, ahead)
	}
	if head, err = look.peek(); err != nil {
		return nil, "", errors.Join(fmt.Errorf("read dataset %s: %w", in.Name(), err), text.Close())
	}
	if onlyReturns(head) {
		look = newLookAhead(returnsAsLines{look}, ahead)
	}
	return &opened{lookAhead: look, close: text}, encoding, nil
}

// lookAhead is a reader whose first bytes can be seen before they are read.
type lookAhead struct {
	in    io.Reader
	limit int
	head  []byte
	ended bool
}

func newLookAhead(in io.Reader, limit int) *lookAhead { return &lookAhead{in: in, limit: limit} }

// peek is the first bytes, up to the limit.
func (l *lookAhead) peek() ([]byte, error) {
	for !l.ended && len(l.head) < l.limit {
		if len(l.head) == cap(l.head) {
			grown := make([]byte, len(l.head), min(l.limit, max(64<<10, 4*cap(l.head))))
			copy(grown, l.head)
			l.head = grown
		}
		n, err := l.in.Read(l.head[len(l.head):cap(l.head)])
		l.head = l.head[:len(l.head)+n]
		if errors.Is(err, io.EOF) {
			l.ended = true
		} else if err != nil {
			return nil, err
		}
	}
	return l.head, nil
}

func (l *lookAhead) Read(p []byte) (int, error) {
	if len(l.head) > 0 {
		n := copy(p, l.head)
		l.head = l.head[n:]
		return n, nil
	}
	if l.ended {
		return 0, io.EOF
	}
	return l.in.Read(p)
}
