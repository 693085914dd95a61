package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// maxHeaders bounds the headers of one secret.
const maxHeaders = 16

// Headers are the headers that a secret holds, as in OTEL_EXPORTER_OTLP_HEADERS: name=value,
// several with commas between them, and %-escapes in values. Errors name what is wrong and
// how to fix it, and quote nothing of the values.
func Headers(raw []byte) (map[string]string, error) {
	text, err := SecretText(raw, MaxToken)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for item := range strings.SplitSeq(text, ",") {
		name, escaped, found := strings.Cut(item, "=")
		name = strings.TrimSpace(name)
		if !found {
			return nil, fmt.Errorf("header %d has no =; write name=value, several with commas between them", len(out)+1)
		}
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, fmt.Errorf("header %d has no name of a header before its =; write name=value, such as x-api-key=abc", len(out)+1)
		}
		value, err := url.PathUnescape(strings.TrimSpace(escaped))
		if err != nil {
			return nil, fmt.Errorf("the value of the header %s has a %% that begins no escape; write %%25 for it", name)
		}
		if !httpguts.ValidHeaderFieldValue(value) {
			return nil, fmt.Errorf("the value of the header %s holds characters that no header may have; write printable ones", name)
		}
		out[name] = value
	}
	if len(out) > maxHeaders {
		return nil, errors.New("it has too many headers; write at most 16")
	}
	return out, nil
}

// ReadHeaders reads the headers that a field names the file of.
func ReadHeaders(field, path string) (headers map[string]string, err error) {
	_, err = readSecret(field, path, func(raw []byte) (string, error) {
		headers, err = Headers(raw)
		return "", err
	})
	return headers, err
}
