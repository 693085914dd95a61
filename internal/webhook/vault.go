package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// Vault encrypts the settings of webhooks, and seals messages. The role under which the API
// writes them is shared with who only reads: without it, a row is nobody's word, and a secret
// is no secret.
type Vault struct {
	aead cipher.AEAD
	seal []byte
}

// NewVault derives its secrets from the one that signs sessions.
func NewVault(secret []byte) (*Vault, error) {
	block, err := aes.NewCipher(derived(secret, "energytwin: settings of webhooks"))
	if err != nil {
		return nil, fmt.Errorf("secrets of webhooks: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("secrets of webhooks: %w", err)
	}
	return &Vault{aead: aead, seal: derived(secret, "energytwin: messages of webhooks")}, nil
}

func derived(secret []byte, purpose string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// Close encrypts the settings of a version. Its other fields have to be set.
func (v *Vault) Close(of *Version, s *Settings) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encrypt a webhook: %w", err)
	}
	of.Sealed = v.aead.Seal(nil, nil, text, bound(of))
	return nil
}

// ErrForged is that of a version that was not made with the secret of the vault.
var ErrForged = errors.New("the webhook was not made with the secret of this API")

// Open decrypts the settings of a version.
func (v *Vault) Open(of *Version) (Settings, error) {
	text, err := v.aead.Open(nil, nil, of.Sealed, bound(of))
	if err != nil {
		return Settings{}, ErrForged
	}
	var s Settings
	if err := json.Unmarshal(text, &s); err != nil {
		return Settings{}, fmt.Errorf("settings of a webhook: %w", err)
	}
	return s, nil
}

// bound is what the encrypted settings belong to, so that none is good for another webhook or
// a later version.
func bound(of *Version) []byte {
	text := append([]byte(nil), of.ID[:]...)
	text = binary.BigEndian.AppendUint64(text, uint64(of.Number))
	text = binary.BigEndian.AppendUint64(text, uint64(of.At.UnixMicro()))
	if of.Deleted {
		text = append(text, 1)
	}
	return append(append(text, 0), of.By...)
}

// Mark seals a message.
func (v *Vault) Mark(m *Message) { m.Seal = v.markOf(m) }

// Made reports whether a message bears its seal.
func (v *Vault) Made(m *Message) bool { return hmac.Equal(m.Seal, v.markOf(m)) }

func (v *Vault) markOf(m *Message) []byte {
	mac := hmac.New(sha256.New, v.seal)
	mac.Write(m.Webhook[:])
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(m.ID))))
	mac.Write([]byte(m.ID))
	mac.Write(m.Body)
	return mac.Sum(nil)
}

// SecretBytes is the length of a secret.
const SecretBytes = 32

// NewSecret is a secret that nobody knows.
func NewSecret() []byte {
	secret := make([]byte, SecretBytes)
	_, _ = rand.Read(secret) // which never fails
	return secret
}
