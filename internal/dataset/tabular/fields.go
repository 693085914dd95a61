package tabular

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"io"
	"math/bits"
)

// A quoted field may go over line ends. Looking at most this far for its end
// keeps one stray quote from swallowing the rest of a file.
const (
	maxRecordLines = 16
	maxRecordBytes = 64 << 10
)

// Record is one CSV record.
type Record struct {
	Line   int64    // the number of its first line
	Raw    []byte   // its text
	Fields [][]byte // valid until the next record
	Err    error    // what makes it no CSV; fields are not set then
}

// Reader reads records as encoding/csv does, but goes on after a bad one,
// and is several times faster where there are no quotes.
type Reader struct {
	lines *lineReader
	comma byte
	rec   Record
	join  []byte
}

// NewReader reads delimited text from its start; a comma of ' ' stands for any number of
// spaces.
func NewReader(text io.Reader, comma byte) *Reader {
	return newCSVReader(newLineReader(text), comma)
}

func newCSVReader(lines *lineReader, comma byte) *Reader {
	return &Reader{lines: lines, comma: comma}
}

// Next is the next record that is no blank line. It is io.EOF at the end.
func (c *Reader) Next() (*Record, error) {
	for {
		text, err := c.lines.next()
		if err != nil && !errors.Is(err, errLongLine) {
			return nil, err
		}
		c.rec.Line, c.rec.Raw, c.rec.Fields, c.rec.Err = c.lines.line, text, c.rec.Fields[:0], err
		if err != nil {
			return &c.rec, nil
		}
		if len(text) == 0 {
			continue
		}
		switch {
		case c.comma == ' ':
			c.rec.Fields = append(c.rec.Fields, bytes.Fields(text)...)
			if len(c.rec.Fields) == 0 {
				continue
			}
		case !c.lines.quotes || bytes.IndexByte(text, '"') < 0:
			c.split(text)
		case !c.simplyQuoted(text):
			c.rec.Fields = c.rec.Fields[:0]
			c.quoted(text)
		}
		return &c.rec, nil
	}
}

// LineNumber is the number of the last line that was read.
func (c *Reader) LineNumber() int64 { return c.lines.line }

// skip passes over a record, or over a line where no quotes can join lines.
func (c *Reader) skip() error {
	if c.lines.quotes {
		_, err := c.Next()
		return err
	}
	_, err := c.lines.next()
	if errors.Is(err, errLongLine) {
		return nil
	}
	return err
}

// split cuts a record without quotes at its commas. Fields are short: a search for each
// comma takes longer than a comparison of eight bytes at a time.
func (c *Reader) split(text []byte) {
	const low, every = 0x7f7f7f7f7f7f7f7f, 0x0101010101010101
	fields, start, i := c.rec.Fields, 0, 0
	commas := every * uint64(c.comma)
	for ; i+8 <= len(text); i += 8 {
		differ := binary.LittleEndian.Uint64(text[i:]) ^ commas
		found := ^((differ&low + low) | differ | low) // the top bit of each byte that is a comma
		for ; found != 0; found &= found - 1 {
			end := i + bits.TrailingZeros64(found)/8
			fields = append(fields, text[start:end])
			start = end + 1
		}
	}
	for ; i < len(text); i++ {
		if text[i] == c.comma {
			fields = append(fields, text[start:i])
			start = i + 1
		}
	}
	fields = append(fields, text[start:])
	c.rec.Fields = fields
}

// simplyQuoted splits a record in which quotes stand around whole fields only, also
// as ="…", which spreadsheets take for text. ok is false for all others.
func (c *Reader) simplyQuoted(text []byte) (ok bool) {
	for {
		var field []byte
		switch {
		case len(text) > 0 && text[0] == '"':
			end := bytes.IndexByte(text[1:], '"')
			if end < 0 {
				return false
			}
			field, text = text[1:end+1], text[end+2:]
		case len(text) > 1 && text[0] == '=' && text[1] == '"':
			end := bytes.IndexByte(text[2:], '"')
			if end < 0 {
				return false
			}
			field, text = text[:end+3], text[end+3:]
		default:
			end := bytes.IndexByte(text, c.comma)
			if end < 0 {
				end = len(text)
			}
			field, text = text[:end], text[end:]
			if bytes.IndexByte(field, '"') >= 0 {
				return false
			}
		}
		c.rec.Fields = append(c.rec.Fields, field)
		if len(text) == 0 {
			return true
		}
		if text[0] != c.comma {
			return false
		}
		text = text[1:]
	}
}

// quoted leaves a record with quotes to encoding/csv. Where a quoted field is
// not closed on its line, the lines after it are taken in as long as that
// makes a record; otherwise only the first line is bad.
func (c *Reader) quoted(first []byte) {
	err := c.parse(first)
	if err == nil {
		return
	}
	c.rec.Err = err
	if bytes.Count(first, []byte{'"'})%2 == 0 {
		return
	}
	c.join = append(c.join[:0], first...)
	skip, quotes := 0, 1
	for n := 1; n < maxRecordLines && len(c.join) < maxRecordBytes; n++ {
		more, size, err := c.lines.peekFrom(skip)
		if err != nil {
			break
		}
		skip += size
		c.join = append(append(c.join, '\n'), more...)
		if quotes += bytes.Count(more, []byte{'"'}); quotes%2 == 1 {
			continue
		}
		if c.parse(c.join) == nil {
			c.lines.start += skip
			c.lines.line += int64(n)
			c.rec.Err, c.rec.Raw = nil, c.join
		}
		return
	}
	// Looking ahead may have moved the buffer under the first line.
	c.rec.Raw = c.join[:len(first)]
}

func (c *Reader) parse(text []byte) error {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = rune(c.comma)
	r.FieldsPerRecord = -1
	fields, err := r.Read()
	if err != nil {
		var p *csv.ParseError
		if errors.As(err, &p) {
			return p.Err
		}
		return err
	}
	for _, f := range fields {
		c.rec.Fields = append(c.rec.Fields, []byte(f))
	}
	return nil
}
