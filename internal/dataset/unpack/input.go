// Package unpack opens a file and yields the texts in it, decoded to UTF-8: the file
// itself, compressed or not, the members of an archive, or the sheets of a workbook.
package unpack

import (
	"errors"
	"fmt"
	"io"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

const (
	// HeadBytes is how much of a text is read first to find out what it is.
	HeadBytes = 1 << 20
	// LongHeadBytes is how much is read where that leaves a doubt.
	LongHeadBytes = 64 << 20
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
	raw  *File
	used bool
}

func (f *fileInput) Name() string { return f.path }

func (f *fileInput) Text() (io.ReadCloser, error) {
	if !f.used {
		f.used = true
		return unclosed{f.raw.text}, nil
	}
	again, err := Open(f.path, nil)
	if err != nil {
		return nil, err
	}
	return readCloser{again.text, again.Close}, nil
}

// unclosed is the text of a raw file that its owner closes.
type unclosed struct{ io.Reader }

func (unclosed) Close() error { return nil }

// Text is text that has been opened, with its first bytes at hand.
type Text struct {
	*lookAhead
	close io.Closer
}

// Close ends the reading.
func (o *Text) Close() error { return o.close.Close() }

// OpenText opens an input and decodes it to UTF-8, as the document states, or as its
// first bytes do. XML states its encoding itself: the encoding is then "".
func OpenText(in Input, encoding layout.Encoding, ahead int) (*Text, layout.Encoding, error) {
	text, err := in.Text()
	if err != nil {
		return nil, "", err
	}
	look := newLookAhead(text, ahead)
	head, err := look.Peek()
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("read dataset %s: %w", in.Name(), err), text.Close())
	}
	if encoding == "" && isXML(head) {
		if decoded := decodeXML(look); decoded != nil {
			look = newLookAhead(decoded, ahead)
		}
		return &Text{lookAhead: look, close: text}, "", nil
	}
	if encoding == "" {
		encoding = guessEncoding(head)
	}
	if decoded := decode(look, encoding); decoded != nil {
		look = newLookAhead(decoded, ahead)
	}
	if head, err = look.Peek(); err != nil {
		return nil, "", errors.Join(fmt.Errorf("read dataset %s: %w", in.Name(), err), text.Close())
	}
	if onlyReturns(head) {
		look = newLookAhead(returnsAsLines{look}, ahead)
	}
	return &Text{lookAhead: look, close: text}, encoding, nil
}

// lookAhead is a reader whose first bytes can be seen before they are read.
type lookAhead struct {
	in    io.Reader
	limit int
	head  []byte
	Ended bool
}

func newLookAhead(in io.Reader, limit int) *lookAhead { return &lookAhead{in: in, limit: limit} }

// Peek is the first bytes, up to the limit.
func (l *lookAhead) Peek() ([]byte, error) {
	for !l.Ended && len(l.head) < l.limit {
		if len(l.head) == cap(l.head) {
			grown := make([]byte, len(l.head), min(l.limit, max(64<<10, 4*cap(l.head))))
			copy(grown, l.head)
			l.head = grown
		}
		n, err := l.in.Read(l.head[len(l.head):cap(l.head)])
		l.head = l.head[:len(l.head)+n]
		if errors.Is(err, io.EOF) {
			l.Ended = true
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
	if l.Ended {
		return 0, io.EOF
	}
	return l.in.Read(p)
}
