package cluster

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedactor(t *testing.T) {
	r := newRedactor([]string{"hunter2", "abc", "user twin on #5f4d", "two\nlines"})
	for text, want := range map[string]string{
		"login with hunter2 failed":                                      "login with [redacted] failed",
		"aHVudGVyMg== and aHVudGVyMg":                                    "[redacted] and [redacted]",
		"abc is too short to be searched for":                            "abc is too short to be searched for",
		"a line of lines":                                                "a line of [redacted]",
		"postgres://twin:p%40ss@db:5432/twin?sslmode=off":                "postgres://twin:[redacted]@db:5432/twin?sslmode=off",
		"postgres://twin:9096@db/twin":                                   "postgres://twin:[redacted]@db/twin",
		"postgres://twin:p/a@ss@db":                                      "postgres://twin:[redacted]@db",
		"redis://:longSecretCutOff":                                      "redis://:[redacted]",
		`Get "http://10.0.0.9:9096/readyz": rejected`:                    `Get "http://10.0.0.9:9096/readyz": rejected`,
		"listeners = CLIENT://:9092,BROKER://a.svc:9093":                 "listeners = CLIENT://:9092,BROKER://a.svc:9093",
		"containerID: containerd://" + hex64:                             "containerID: containerd://" + hex64,
		"[broker-0-ThrottledChannelReaper-ControllerMutation]: Starting": "[broker-0-ThrottledChannelReaper-ControllerMutation]: Starting",
		`{"password":"x1y2","user":"twin"}`:                              `{"password":"[redacted]","user":"twin"}`,
		`msg="{\"token\":\"x1y2\"}"`:                                     `msg="{\"token\":\"[redacted]\"}"`,
		"automountServiceAccountToken: false":                            "automountServiceAccountToken: false",
		"password: /run/energytwin/redis/password":                       "password: /run/energytwin/redis/password",
		"secretName: river-credentials":                                  "secretName: river-credentials",
		"Authorization: Bearer abcdefghijkl":                             "Authorization: Bearer [redacted]",
		"image: x@sha256:" + hex64:                                       "image: x@sha256:" + hex64,
		`sha256: "` + hex64 + `"`:                                        `sha256: "` + hex64 + `"`,
		"login with " + hex64:                                            "login with [redacted]",
		"uid: 11111111-2222-3333-4444-555555555555":                      "uid: 11111111-2222-3333-4444-555555555555",
		"value 5kSl7PqR9tUv1wXyZ2aBcDeFgHiJkLmNoPqRsTuVwXy":              "value [redacted]",
	} {
		require.Equal(t, want, r.text(text))
	}
}

// Passwords that nobody may read are recognised by how random they are.
func TestRandomWords(t *testing.T) {
	const words = 10_000
	missed := 0
	for i := range words {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		if !random(base64.RawURLEncoding.EncodeToString(sum[:])) {
			missed++
		}
	}
	require.Less(t, missed, words/500)
}

const hex64 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
