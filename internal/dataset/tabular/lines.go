package tabular

import (
	"bytes"
	"errors"
	"io"
)

// maxLineBytes bounds the memory that one line may take.
const maxLineBytes = 8 << 20

var errLongLine = errors.New("the line is longer than 8 MiB")

// lineReader cuts text into lines. It does what bufio.Scanner does, but can
// look ahead, numbers the lines and survives a line that is too long.
type lineReader struct {
	in         io.Reader
	buf        []byte
	start, end int // of the unread bytes in buf
	line       int64
	quotes     bool  // the text so far has some; most files have none, and then no line is searched for them
	err        error // of in
}

func newLineReader(in io.Reader) *lineReader {
	return &lineReader{in: in, buf: make([]byte, 256<<10)}
}

// newShortLineReader reads a text that is in memory already, of which only the first
// lines may be wanted.
func newShortLineReader(text []byte) *lineReader {
	return &lineReader{in: bytes.NewReader(text), buf: make([]byte, min(len(text)+1, 8<<10))}
}

// next is the next line without its line end, valid until the following call.
// It is io.EOF at the end and errLongLine for a line that was dropped.
func (l *lineReader) next() ([]byte, error) {
	text, size, err := l.peekFrom(0)
	if errors.Is(err, errLongLine) {
		return nil, l.dropLine()
	}
	if err != nil {
		return nil, err
	}
	l.start += size
	l.line++
	if l.line == 1 {
		text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // a byte-order mark is no part of the first name
	}
	return text, nil
}

// peekFrom is the line that begins skip bytes behind the unread position, and
// its size with its line end.
func (l *lineReader) peekFrom(skip int) (text []byte, size int, err error) {
	searched := 0
	for {
		unread := l.buf[l.start+skip : l.end]
		if i := bytes.IndexByte(unread[searched:], '\n'); i >= 0 {
			n := searched + i
			return trimReturn(unread[:n]), n + 1, nil
		}
		searched = len(unread)
		if l.err != nil {
			if len(unread) == 0 || !errors.Is(l.err, io.EOF) {
				return nil, 0, l.err
			}
			return trimReturn(unread), len(unread), nil
		}
		if len(unread) > maxLineBytes {
			return nil, 0, errLongLine
		}
		l.fill()
	}
}

// fill reads more, making room first.
func (l *lineReader) fill() {
	if l.start > 0 {
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
	}
	if l.end == len(l.buf) {
		l.buf = append(l.buf, make([]byte, len(l.buf))...)
	}
	n, err := l.in.Read(l.buf[l.end:])
	l.quotes = l.quotes || bytes.IndexByte(l.buf[l.end:l.end+n], '"') >= 0
	l.end += n
	l.err = err
}

// dropLine passes over the rest of a line that is too long.
func (l *lineReader) dropLine() error {
	l.line++
	for {
		if i := bytes.IndexByte(l.buf[l.start:l.end], '\n'); i >= 0 {
			l.start += i + 1
			return errLongLine
		}
		l.start = l.end
		if l.err != nil {
			return errLongLine
		}
		l.fill()
	}
}

func trimReturn(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}
