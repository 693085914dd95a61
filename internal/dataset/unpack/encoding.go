package unpack

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// guessEncoding judges by byte order marks, zero bytes, and whether the text is
// UTF-8. The last character of a head may be cut.
func guessEncoding(head []byte) layout.Encoding {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) || everySecondIsZero(head) {
		return layout.UTF16
	}
	for range utf8.UTFMax {
		if utf8.Valid(head) {
			return layout.UTF8
		}
		if len(head) == 0 || utf8.RuneStart(head[len(head)-1]) && head[len(head)-1] < utf8.RuneSelf {
			break
		}
		head = head[:len(head)-1]
	}
	if utf8.Valid(head) {
		return layout.UTF8
	}
	return layout.Windows1252
}

// everySecondIsZero is true of UTF-16 without a byte order mark: digits and Latin
// letters have a zero byte each.
func everySecondIsZero(head []byte) bool {
	n := min(len(head), 512) &^ 1
	zeros := [2]int{}
	for i := range n {
		if head[i] == 0 {
			zeros[i%2]++
		}
	}
	return n >= 16 && (zeros[0] > n/2*9/10 && zeros[1] == 0 || zeros[1] > n/2*9/10 && zeros[0] == 0)
}

// ByteOrderMark begins UTF-8 of some programs.
var ByteOrderMark = []byte("\xef\xbb\xbf")

// isXML is true of text that begins with an XML declaration, in whatever encoding.
func isXML(head []byte) bool {
	letters := bytes.TrimSpace(bytes.ReplaceAll(bytes.TrimLeft(head[:min(len(head), 512)], "\xef\xbb\xbf\xff\xfe"), []byte{0}, nil))
	return bytes.HasPrefix(letters, []byte("<?xml"))
}

// xmlDeclared finds the encoding in an XML declaration.
var xmlDeclared = regexp.MustCompile(`^\s*<\?xml[^>]*\bencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']`)

// decodeXML turns XML into UTF-8; nil if it is UTF-8 already. A byte order mark, and
// what the bytes show, count more than the declaration, which programs leave as it was when
// they store the text in another encoding.
func decodeXML(look *lookAhead) io.Reader {
	if e := guessEncoding(look.head); e == layout.UTF16 || bytes.HasPrefix(look.head, ByteOrderMark) {
		return decode(look, e)
	} else if e == layout.UTF8 && !isASCII(look.head) {
		return nil
	}
	if m := xmlDeclared.FindSubmatch(look.head[:min(len(look.head), 1024)]); m != nil {
		declared, err := htmlindex.Get(string(m[1]))
		if err == nil && !strings.HasPrefix(strings.ToLower(string(m[1])), "utf") {
			return transform.NewReader(look, declared.NewDecoder())
		}
	}
	return decode(look, guessEncoding(look.head))
}

func isASCII(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// decode turns text of another encoding into UTF-8; nil if it is UTF-8 already.
func decode(look *lookAhead, e layout.Encoding) io.Reader {
	switch e {
	case layout.UTF16:
		endian := unicode.LittleEndian
		if h := look.head; bytes.HasPrefix(h, []byte{0xfe, 0xff}) || (len(h) > 1 && h[0] == 0) {
			endian = unicode.BigEndian
		}
		return transform.NewReader(look, unicode.UTF16(endian, unicode.UseBOM).NewDecoder())
	case layout.Windows1252:
		return transform.NewReader(look, charmap.Windows1252.NewDecoder())
	}
	return nil
}

// onlyReturns is true of text whose lines end with carriage returns alone, as old
// spreadsheets of the Mac write them.
func onlyReturns(head []byte) bool {
	return bytes.IndexByte(head, '\r') >= 0 && bytes.IndexByte(head, '\n') < 0
}

// returnsAsLines reads such text with the usual line ends.
type returnsAsLines struct{ in io.Reader }

func (r returnsAsLines) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}
