package stream

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
)

// A user gets a new password without anybody knowing the old one, and a user
// who was not there gets in.
func TestSetUserOnARealBroker(t *testing.T) {
	broker := kafkatest.Start(t, kafkatest.Options{Users: map[string]string{"twin": "old-password"}})
	admin, err := Connect(config.Kafka{Brokers: []string{broker.Address}})
	require.NoError(t, err)
	defer admin.Close()
	login := func(user, password string) error {
		client, err := Connect(config.Kafka{
			Brokers: []string{broker.SASLAddress}, Mechanism: "SCRAM-SHA-512",
			UserFile: writeFile(t, "user", user), PassFile: writeFile(t, "pass", password),
		})
		require.NoError(t, err)
		defer client.Close()
		return client.Ping(t.Context())
	}
	require.NoError(t, login("twin", "old-password"))
	require.Error(t, login("other", "password"))

	require.NoError(t, admin.SetUser(t.Context(), "twin", "new-password"))
	require.NoError(t, admin.SetUser(t.Context(), "other", "password"))
	require.NoError(t, login("twin", "new-password"))
	require.NoError(t, login("other", "password"))
	require.Error(t, login("twin", "old-password"))

	// Each printable character at the start, inside and at the end, and characters
	// that SASL prepares (RFC 4013), here as at the login.
	passwords := []string{"pässwörd\u00a0ﬁ"}
	for c := byte(' '); c <= '~'; c++ {
		passwords = append(passwords, string([]byte{c, 'x', c, 'y', c}))
	}
	for _, password := range passwords {
		require.NoError(t, admin.SetUser(t.Context(), "twin", password))
		// The broker learns of it from the controller a moment later.
		require.Eventually(t, func() bool { return login("twin", password) == nil }, time.Minute, 20*time.Millisecond, "%q", password)
	}
}
