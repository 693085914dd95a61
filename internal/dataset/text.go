package dataset

import (
	"bufio"
	"strings"
)

// Text is a file, unpacked as it is read.
type Text struct {
	raw *rawFile
	in  *bufio.Reader
}

// OpenText opens a file that may be packed with gzip, zstd or bzip2.
func OpenText(path string) (*Text, error) {
	raw, err := openRaw(path, nil)
	if err != nil {
		return nil, err
	}
	return &Text{raw: raw, in: bufio.NewReader(raw.text)}, nil
}

// FirstLine is the first line, without its end and a byte order mark.
func (t *Text) FirstLine() (string, error) {
	line, err := t.in.ReadString('\n')
	if err != nil && line == "" {
		return "", err
	}
	return strings.TrimPrefix(strings.TrimRight(line, "\r\n"), "\ufeff"), nil
}

// Close closes the file.
func (t *Text) Close() error { return t.raw.Close() }
