package prepare

import (
	"encoding/json"
	"errors"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/segmentio/kafka-go"

	"github.com/energytwin/energytwin/internal/config"
)

// storeError names the store at which the preparation failed.
type storeError struct {
	store string
	error
}

func (e *storeError) Unwrap() error { return e.error }

func at(store string, err error) error {
	if err == nil {
		return nil
	}
	return &storeError{store, err}
}

// Outcome is an error of Run, for who waits for the preparation. It
// is empty for no error.
func Outcome(err error) config.PrepareOutcome {
	if err == nil {
		return config.PrepareOutcome{}
	}
	out := config.PrepareOutcome{Store: config.StoreSchema, Denied: denied(err), Message: oneLine(err.Error())}
	var where *storeError
	if errors.As(err, &where) {
		out.Store = where.store
	}
	return out
}

// denied reports whether a store answered and rejected the user.
func denied(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// Class 28 is a wrong user or password, 42501 a lack of rights.
		return strings.HasPrefix(pg.Code, "28") || pg.Code == "42501"
	}
	for _, e := range []kafka.Error{kafka.SASLAuthenticationFailed, kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed} {
		if errors.Is(err, e) {
			return true
		}
	}
	for _, word := range []string{"WRONGPASS", "NOAUTH", "NOPERM"} {
		if strings.Contains(err.Error(), word) {
			return true
		}
	}
	return false
}

const messageBytes = 1000 // Kubernetes keeps 4096 of a termination message

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > messageBytes {
		s = s[:messageBytes] + "…"
	}
	return s
}

// Report writes the outcome of a failed preparation into the file from which
// Kubernetes takes a container's termination message. Outside a container
// there is none, and nothing is written.
func Report(file string, err error) error {
	if err == nil {
		return nil
	}
	doc, encodeErr := json.Marshal(Outcome(err))
	if encodeErr != nil {
		return encodeErr
	}
	f, openErr := os.OpenFile(file, os.O_WRONLY|os.O_TRUNC, 0)
	if errors.Is(openErr, os.ErrNotExist) {
		return nil
	}
	if openErr != nil {
		return openErr
	}
	_, writeErr := f.Write(doc)
	return errors.Join(writeErr, f.Close())
}
