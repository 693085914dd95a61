package greenbutton

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// espiXML reads the elements of an ESPI document. Namespaces are ignored: files
// use any prefix, and versions differ in little else.
type espiXML struct{ dec *xml.Decoder }

func newESPIXML(text io.Reader) *espiXML {
	dec := xml.NewDecoder(&boundedTags{in: text})
	dec.Entity = xml.HTMLEntity
	// The text has been decoded, whatever its declaration states.
	dec.CharsetReader = func(_ string, decoded io.Reader) (io.Reader, error) { return decoded, nil }
	return &espiXML{dec: dec}
}

// next is the next start or end of an element; io.EOF at the end.
func (x *espiXML) next() (xml.Token, error) {
	for {
		token, err := x.dec.Token()
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil {
			return nil, x.fault(err)
		}
		switch token.(type) {
		case xml.StartElement, xml.EndElement:
			return token, nil
		}
	}
}

func (x *espiXML) line() int64 {
	line, _ := x.dec.InputPos()
	return int64(line)
}

func (x *espiXML) decode(into any, start xml.StartElement) error {
	if err := x.dec.DecodeElement(into, &start); err != nil {
		return x.fault(err)
	}
	return nil
}

func (x *espiXML) fault(err error) error {
	line, column := x.dec.InputPos()
	hint := ""
	if strings.Contains(err.Error(), "unexpected EOF") {
		hint = "; the file seems to be cut off: fetch it again"
	}
	return fmt.Errorf("line %d, column %d is no valid XML: %w%s", line, column, err, hint)
}

// espiReading is the text of one IntervalReading, or of the interval of a block.
type espiReading struct {
	start, duration, value, quality string
}

// reading reads what an element holds, to its end.
func (x *espiXML) reading() (espiReading, error) {
	var r espiReading
	var field *string
	for depth := 1; depth > 0; {
		token, err := x.dec.Token()
		if err != nil {
			return r, x.fault(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			field = r.field(t.Name.Local)
		case xml.EndElement:
			depth--
			field = nil
		case xml.CharData:
			if field != nil {
				*field += strings.TrimSpace(string(t))
			}
		}
	}
	return r, nil
}

func (r *espiReading) field(name string) *string {
	switch name {
	case "start":
		return &r.start
	case "duration":
		return &r.duration
	case "value":
		return &r.value
	case "quality":
		return &r.quality
	}
	return nil
}

// maxTagBytes bounds what the decoder keeps in memory: an element's name and
// attributes, or the text between two elements.
const maxTagBytes = 1 << 20

// boundedTags fails where no element begins for too long.
type boundedTags struct {
	in    io.Reader
	since int // bytes since the last <
}

func (b *boundedTags) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	for _, c := range p[:n] {
		b.since++
		if c == '<' {
			b.since = 0
		}
		if b.since > maxTagBytes {
			return 0, fmt.Errorf("no element begins in %d bytes", maxTagBytes)
		}
	}
	return n, err
}
