package params

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

// cursor is where the next page of a list starts: after the row with this key.
// It holds a fingerprint of the filters, because a key means nothing in a list
// that was filtered or sorted in another way.
type cursor[K any] struct {
	Filters string `json:"f"`
	After   K      `json:"a"`
}

// EncodeCursor writes the cursor of the row with the key after.
func EncodeCursor[K any](filters string, after K) (string, error) {
	b, err := json.Marshal(cursor[K]{Filters: filters, After: after})
	if err != nil {
		return "", fmt.Errorf("encode cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// DecodeCursor reads what EncodeCursor wrote for the same filters. It is nil
// for the first page.
func DecodeCursor[K any](filters, text string) (*K, error) {
	if text == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, invalidCursor("this is no cursor; use page.nextCursor of the answer before, unchanged")
	}
	if !utf8.Valid(b) || holdsNUL(b) {
		return nil, invalidCursor("this is no cursor; use page.nextCursor of the answer before, unchanged")
	}
	var c cursor[K]
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, invalidCursor("this is no cursor; use page.nextCursor of the answer before, unchanged")
	}
	if c.Filters != filters {
		return nil, invalidCursor("this cursor belongs to other filters; start again without it")
	}
	return &c.After, nil
}

// holdsNUL reports whether a text in a JSON document has a NUL, which no stored name
// has.
func holdsNUL(document []byte) bool {
	d := json.NewDecoder(bytes.NewReader(document))
	for {
		token, err := d.Token()
		if err != nil {
			return false // the end, or what Unmarshal rejects
		}
		if text, is := token.(string); is && strings.ContainsRune(text, 0) {
			return true
		}
	}
}

func invalidCursor(detail string) *problem.Problem {
	return problem.New(http.StatusUnprocessableEntity, problem.CodeInvalidCursor, "cursor", detail)
}

// FilterPrint is the fingerprint of a list's filters and order.
func FilterPrint(parts ...any) string {
	b, err := json.Marshal(parts)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
