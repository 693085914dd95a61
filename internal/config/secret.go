package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"unicode"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
)

// Most bytes of a secret. Clouds issue connection strings and signed tokens as
// passwords, which are far longer than what people choose.
const (
	MaxPassword = 4 << 10
	MaxToken    = 16 << 10
)

// MinSigningSecret is the least bytes of a secret that signs sessions: as many
// as the hash has (RFC 7518, 3.2).
const MinSigningSecret = 32

// WithoutLineEnd is a secret without the one line end that editors and `echo`
// put after it. Anything else, spaces included, is part of the secret.
func WithoutLineEnd(raw []byte) []byte {
	n := len(raw)
	if n > 0 && raw[n-1] == '\n' {
		n--
		if n > 0 && raw[n-1] == '\r' {
			n--
		}
	}
	return raw[:n]
}

// SecretText is a secret that is text of at most limit bytes, without its line
// end. The error names what is wrong and how to fix it, and quotes nothing of the
// secret.
func SecretText(raw []byte, limit int) (string, error) {
	text := string(WithoutLineEnd(raw))
	switch {
	case text == "":
		return "", errors.New("it is empty; write a value")
	case len(text) > limit:
		return "", fmt.Errorf("it has %d bytes; write at most %d", len(text), limit)
	case !utf8.ValidString(text):
		return "", errors.New("it is not UTF-8 text; write it in UTF-8")
	}
	for at, r := range text {
		if r == '\ufeff' {
			return "", fmt.Errorf("it holds a byte order mark at byte %d; save it as UTF-8 without one", at+1)
		}
		if unicode.IsControl(r) {
			return "", fmt.Errorf("it holds the control character %U at byte %d; write one line without control characters and tabs", r, at+1)
		}
	}
	return text, nil
}

// Password is a secret that people or programs log in with, without its line
// end. Beyond SecretText it rejects what SASL forbids (RFC 4013): clients and
// servers that prepare a password would not agree on it.
func Password(raw []byte) (string, error) {
	text, err := SecretText(raw, MaxPassword)
	if err != nil {
		return "", err
	}
	prepared, err := stringprep.SASLprep.Prepare(text)
	if err != nil || prepared == "" {
		return "", errors.New("it holds characters that RFC 4013 forbids in passwords; write letters, digits, punctuation and spaces")
	}
	return text, nil
}

// ReadSecret reads the user name or password that a field names the file of. See
// Password.
func ReadSecret(field, path string) (string, error) {
	return readSecret(field, path, Password)
}

// ReadToken reads the token that a field names the file of: text of at most
// MaxToken bytes.
func ReadToken(field, path string) (string, error) {
	return readSecret(field, path, func(raw []byte) (string, error) { return SecretText(raw, MaxToken) })
}

func readSecret(field, path string, text func([]byte) (string, error)) (string, error) {
	if path == "" {
		return "", fmt.Errorf("%s is empty: name the file that holds the secret", field)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	value, err := text(raw)
	if err != nil {
		return "", fmt.Errorf("%s: the secret in %s cannot be used: %w", field, path, err)
	}
	return value, nil
}

// Client is the TLS configuration of a client, nil if t is: no TLS. The field
// is what t stands in, for messages.
func (t *TLS) Client(field string) (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.SkipVerify} //nolint:gosec // asked for by name
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("%s.caFile: %w", field, err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s.caFile %s holds no PEM certificate", field, t.CAFile)
		}
	}
	if t.CertFile != "" || t.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("%s.certFile and keyFile: %w", field, err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}
