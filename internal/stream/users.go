package stream

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/xdg-go/stringprep"
)

const (
	scramIterations = 8192
	scramSaltBytes  = 24
)

// SetUser gives a user a password for SCRAM-SHA-512, whether or not there is
// such a user, whatever its password was. It prepares the password as clients do
// when they log in (RFC 4013).
func (c *Client) SetUser(ctx context.Context, user, password string) error {
	salt := make([]byte, scramSaltBytes)
	if _, err := rand.Read(salt); err != nil {
		return fmt.Errorf("salt of user %s: %w", user, err)
	}
	prepared, err := stringprep.SASLprep.Prepare(password)
	if err != nil {
		return fmt.Errorf("password of user %s: %w", user, err)
	}
	// RFC 5802: what the server keeps follows from Hi(password, salt, iterations).
	salted, err := pbkdf2.Key(sha512.New, prepared, salt, scramIterations, sha512.Size)
	if err != nil {
		return fmt.Errorf("password of user %s: %w", user, err)
	}
	response, err := c.kafka.AlterUserScramCredentials(ctx, &kafka.AlterUserScramCredentialsRequest{
		Upsertions: []kafka.UserScramCredentialsUpsertion{{
			Name: user, Mechanism: kafka.ScramMechanismSha512, Iterations: scramIterations, Salt: salt, SaltedPassword: salted,
		}},
	})
	if err != nil {
		return fmt.Errorf("set the password of user %s: %w", user, err)
	}
	for _, r := range response.Results {
		if r.Error != nil {
			return fmt.Errorf("set the password of user %s: %w", r.User, r.Error)
		}
	}
	return nil
}
