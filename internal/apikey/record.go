package apikey

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// Record is a key as the database keeps it: never the key itself.
type Record struct {
	ID        uuid.UUID
	Name      string // what people call it
	Scope     string // read, operate or admin
	Hash      [sha256.Size]byte
	CreatedAt time.Time
	CreatedBy string    // name of the key by which it was created
	Expires   time.Time // zero: never
	Replaces  uuid.UUID // the key that was rotated into this one; Nil: none
	Seal      []byte
}

// Ending ends a key before it expires.
type Ending struct {
	ID         uuid.UUID
	Key        uuid.UUID
	At         time.Time // AtOnce, or later
	RecordedAt time.Time
	By         string // name of the key that asked for it
	Seal       []byte
}

// AtOnce is when a revoked key ends: before any clock.
var AtOnce = time.Unix(0, 0).UTC()

// Sealer marks records and endings as made by whoever knows a secret. The role under
// which the API writes them is shared with who only reads: without the mark, a row is
// nobody's word.
type Sealer struct{ secret []byte }

// NewSealer derives the secret of the marks from the one that signs sessions.
func NewSealer(secret []byte) Sealer {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("energytwin: seal of API keys"))
	return Sealer{secret: mac.Sum(nil)}
}

// Record is the mark of a record.
func (s Sealer) Record(r *Record) []byte {
	return s.seal("key", r.ID[:], []byte(r.Name), []byte(r.Scope), r.Hash[:], moment(r.CreatedAt), []byte(r.CreatedBy), moment(r.Expires), r.Replaces[:])
}

// Ending is the mark of an ending.
func (s Sealer) Ending(e *Ending) []byte {
	return s.seal("ending", e.ID[:], e.Key[:], moment(e.At), moment(e.RecordedAt), []byte(e.By))
}

// Made reports whether a record bears its mark.
func (s Sealer) Made(r *Record) bool { return hmac.Equal(r.Seal, s.Record(r)) }

// Ended reports whether an ending bears its mark.
func (s Sealer) Ended(e *Ending) bool { return hmac.Equal(e.Seal, s.Ending(e)) }

// seal writes the length of each field before it, so that no two rows share a mark.
func (s Sealer) seal(kind string, fields ...[]byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	for _, field := range append([][]byte{[]byte(kind)}, fields...) {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
		mac.Write(field)
	}
	return mac.Sum(nil)
}

// moment is a time to the microsecond, as the database keeps it; nothing for zero.
func moment(t time.Time) []byte {
	if t.IsZero() {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, uint64(t.UnixMicro()))
}
