package tabular

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSplit: a record is cut at every comma, wherever in a group of eight bytes it is.
func TestSplit(t *testing.T) {
	texts := []string{
		"", ",", ",,,,,,,,,,,,,,,,,", "a", "1234567", "12345678", "123456789", "1234567,", "12345678,", ",12345678",
		"home-0001,2019-01-01T00:00:00Z,0.845", "Zählerstand,2019,\xac\x2d\x2c\x2b,\x00\x01,\xff\xff\xff\xff\xff\xff\xff,\x80,-,+", "a;b;c;d;e;f;g;h;i",
	}
	for n := range 40 {
		texts = append(texts, strings.Repeat("x", n)+","+strings.Repeat("-", n)+",-,"+strings.Repeat("+", n%5))
	}
	for _, comma := range []byte{',', ';', '\t', '|'} {
		for _, text := range texts {
			c := Reader{comma: comma}
			c.split([]byte(text))
			require.Equal(t, bytes.Split([]byte(text), []byte{comma}), c.rec.Fields, "%q by %q", text, comma)
		}
	}
}
