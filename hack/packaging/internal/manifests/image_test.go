package manifests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseImage(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0a", 32)
	for text, want := range map[string]Image{
		"energytwin:v1":                                       {"energytwin", "v1", ""},
		"grid/energytwin:v1":                                  {"grid/energytwin", "v1", ""},
		"docker.io/library/redis@" + digest:                   {"docker.io/library/redis", "", digest},
		"localhost/energytwin:dev":                            {"localhost/energytwin", "dev", ""},
		"localhost:5000/energytwin@" + digest:                 {"localhost:5000/energytwin", "", digest},
		"127.0.0.1:5000/energytwin:v1@" + digest:              {"127.0.0.1:5000/energytwin", "v1", digest},
		"[fd00::1]:5000/energytwin:v1":                        {"[fd00::1]:5000/energytwin", "v1", ""},
		"registry.example.org:5000/a/b/c:v1.2-rc.1@" + digest: {"registry.example.org:5000/a/b/c", "v1.2-rc.1", digest},
		"r.example.org/a__b/c-d.e:V1_2":                       {"r.example.org/a__b/c-d.e", "V1_2", ""},
	} {
		got, err := ParseImage(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", ":", "@", ":v1", "@" + digest, "energytwin", "registry.example.org:5000/energytwin", "energytwin:", "energytwin@", "energytwin:v1@",
		"energytwin:v1:v2", "energytwin@" + digest + "@" + digest, "energytwin:v 1", " energytwin:v1", "energytwin:v1\n", "r.example.org/Grid/energytwin:v1",
		"https://r.example.org/energytwin:v1", "r.example.org//energytwin:v1", "/energytwin:v1", "r.example.org/energytwin/:v1",
		"energytwin@sha256:0a", "energytwin@sha256:" + strings.Repeat("0A", 32), "energytwin@md5:" + strings.Repeat("0a", 16),
		"energytwin:" + strings.Repeat("v", 129), "energytwin@" + digest + ":v1", "host:port/energytwin:v1", "a$b/energytwin:v1",
	} {
		_, err := ParseImage(text)
		require.Error(t, err, "%q", text)
	}
}
