// Package signin has the sessions of browsers as the database keeps them, so that people
// can see where they are signed in.
package signin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
)

// MaxOpen is how many sessions one holder has open at once.
const MaxOpen = 1000

// ErrTooMany is returned for a holder with MaxOpen sessions.
var ErrTooMany = errors.New("too many sessions are open")

// Session is a browser that has signed in. It lasts until it expires or is ended.
type Session struct {
	ID          uuid.UUID // of the token, its claim jti
	Name        string    // of the API key, or of the person behind "oidc:"
	Holder      string    // id of the API key, or of the person
	Fingerprint string    // of the API key or the issuer that the session was given for
	Since       time.Time
	Expires     time.Time
	Seen        time.Time // to a minute
	Seal        []byte
}

// Sealer marks sessions as made by whoever knows a secret. The role under which the API
// writes them is shared with who only reads: without the mark, a row is nobody's word.
type Sealer struct{ secret []byte }

// NewSealer derives the secret of the marks from the one that signs sessions.
func NewSealer(secret []byte) Sealer {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("energytwin: seal of sessions"))
	return Sealer{secret: mac.Sum(nil)}
}

// Seal is the mark of a session: of all but when it was seen.
func (s Sealer) Seal(of *Session) []byte {
	mac := hmac.New(sha256.New, s.secret)
	for _, field := range [][]byte{of.ID[:], []byte(of.Name), []byte(of.Holder), []byte(of.Fingerprint), moment(of.Since), moment(of.Expires)} {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field)))) // so that no two rows share a mark
		mac.Write(field)
	}
	return mac.Sum(nil)
}

// Made reports whether a session bears its mark.
func (s Sealer) Made(of *Session) bool { return hmac.Equal(of.Seal, s.Seal(of)) }

// moment is a time to the microsecond, as the database keeps it.
func moment(t time.Time) []byte { return binary.BigEndian.AppendUint64(nil, uint64(t.UnixMicro())) }
