package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What people add by accident is one line end. All else is theirs.
func TestPasswordLosesItsLineEndAlone(t *testing.T) {
	for written, used := range map[string]string{
		"secret":       "secret",
		"secret\n":     "secret",
		"secret\r\n":   "secret",
		" secret ":     " secret ",
		" secret \n":   " secret ",
		"pässwörd":     "pässwörd",
		"密码":           "密码",
		"true":         "true",
		`'"\@:/%#$,=;`: `'"\@:/%#$,=;`,

		strings.Repeat("x", MaxPassword) + "\n": strings.Repeat("x", MaxPassword),
	} {
		got, err := Password([]byte(written))
		require.NoError(t, err, "%q", written)
		require.Equal(t, used, got)
	}
}

func TestEachPrintableCharacterIsOfUse(t *testing.T) {
	for c := byte(' '); c <= '~'; c++ {
		for _, text := range []string{string(c), string(c) + "x", "x" + string(c), "x" + string(c) + "x"} {
			got, err := Password([]byte(text))
			require.NoError(t, err, "%q", text)
			require.Equal(t, text, got)
		}
	}
}

func TestPasswordSaysWhatIsWrong(t *testing.T) {
	for written, wrong := range map[string]string{
		"":              "it is empty",
		"\n":            "it is empty",
		"\r\n":          "it is empty",
		"two\nlines":    "the control character U+000A at byte 4",
		"twice\n\n":     "the control character U+000A at byte 6",
		"\tsecret":      "the control character U+0009 at byte 1",
		"a\x00b":        "the control character U+0000 at byte 2",
		"a\x7f":         "the control character U+007F at byte 2",
		"a\u0085":       "the control character U+0085 at byte 2",
		"caf\xe9":       "not UTF-8",
		"\ufeffmark":    "a byte order mark at byte 1",
		"\xff\xfea\x00": "not UTF-8",
		"line\u2028":    "RFC 4013 forbids",

		strings.Repeat("x", MaxPassword+1): "it has 4097 bytes; write at most 4096",
	} {
		_, err := Password([]byte(written))
		require.ErrorContains(t, err, wrong, "%q", written)
	}
	for c := byte(0); c < ' '; c++ {
		_, err := Password([]byte{'a', c, 'b'})
		require.ErrorContains(t, err, "control character")
	}
}

// A message may be read by many: it quotes nothing of the secret.
func TestMessagesKeepTheSecret(t *testing.T) {
	for _, written := range []string{"hunter2\tx", "hunter2\xff", "hunter2\u2028", "hunter2" + strings.Repeat("x", MaxPassword)} {
		_, err := Password([]byte(written))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter")
	}
}

func TestReadSecretNamesFieldAndFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(path, []byte("a\tb\n"), 0o600))
	_, err := ReadSecret("redis.passFile", path)
	require.ErrorContains(t, err, "redis.passFile: the secret in "+path)
	require.ErrorContains(t, err, "U+0009 at byte 2")

	require.NoError(t, os.WriteFile(path, []byte("eyJhbGciOi.x.y\r\n"), 0o600))
	token, err := ReadToken("--token-file", path)
	require.NoError(t, err)
	require.Equal(t, "eyJhbGciOi.x.y", token)
}
