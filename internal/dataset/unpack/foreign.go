package unpack

import (
	"bytes"
	"errors"
	"regexp"
)

// Files that hold no table of readings. Each message states what the file is and what
// to do; none repeats its content.
var (
	errEmpty    = errors.New("the file is empty")
	errWebPage  = errors.New("the file is a web page, not readings: the download was answered with a page, often because a login had ended; log in, fetch it again, and see in a text editor that it begins with a header")
	errJSON     = errors.New("the file is JSON, which is not read: choose CSV where the file comes from, or convert it to rows of meter, timestamp and value with a header")
	ErrXML      = errors.New("the file is XML, and Green Button (ESPI) is the only XML that is read: choose Green Button or CSV where the file comes from")
	errNEM13    = errors.New("the file is NEM13, accumulated readings of months: only NEM12, interval data, is read; ask the retailer or distributor for interval data")
	errWorkbook = errors.New("the file is an Excel workbook of the form before 2007 (.xls), or one with a password, neither of which is read: save it as xlsx without a password, or as CSV")
	errPDF      = errors.New("the file is a PDF document: ask for the readings as CSV")
	errBinary   = errors.New("the file is no text: it has zero bytes and is of no kind that is read; export the readings as CSV")
)

var htmlTag = regexp.MustCompile(`(?i)^<(!doctype\s+html|html|head|body|script|meta|title)\b`)

// Foreign is an error for a file that holds no readings in a form that is read.
func Foreign(head []byte) error {
	text := bytes.TrimSpace(bytes.TrimPrefix(head, ByteOrderMark))
	switch {
	case len(text) == 0:
		return errEmpty
	case bytes.HasPrefix(text, []byte("%PDF-")):
		return errPDF
	case htmlTag.Match(text):
		return errWebPage
	case text[0] == '<' && bytes.Contains(bytes.ToLower(head[:min(len(head), 4096)]), []byte("<html")):
		return errWebPage
	case text[0] == '{', text[0] == '[' && len(text) > 1 && bytes.IndexByte([]byte("{[\"]"), bytes.TrimSpace(text[1:])[0]) >= 0:
		return errJSON
	case bytes.HasPrefix(text, []byte("100,NEM13")), bytes.HasPrefix(text, []byte("250,")) && commasOfFirstLine(text) > 15:
		return errNEM13
	case bytes.IndexByte(head, 0) >= 0:
		return errBinary
	}
	return nil
}

func commasOfFirstLine(text []byte) int {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return bytes.Count(line, []byte(","))
}
