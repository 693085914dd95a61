package controllers

import (
	"errors"
	"fmt"
	"strings"
)

// stalledError is what only a person can fix.
type stalledError struct{ reason, message string }

func (e *stalledError) Error() string { return e.reason + ": " + e.message }

func stalled(reason, format string, args ...any) error {
	return &stalledError{reason: reason, message: fmt.Sprintf(format, args...)}
}

func isStalled(err error) bool {
	var stall *stalledError
	return errors.As(err, &stall)
}

// failures are the errors that were gathered in one, each by itself.
func failures(err error) []error {
	var gathered interface{ Unwrap() []error }
	if !errors.As(err, &gathered) {
		return []error{err}
	}
	var out []error
	for _, one := range gathered.Unwrap() {
		out = append(out, failures(one)...)
	}
	return out
}

// inWords reports all that went wrong, as far as a condition has room.
func inWords(err error) string {
	const enough = 1024
	var words []string
	for _, one := range failures(err) {
		var stall *stalledError
		if errors.As(one, &stall) {
			words = append(words, stall.message)
		} else {
			words = append(words, strings.ReplaceAll(one.Error(), "\n", "; "))
		}
	}
	message := strings.Join(words, "; ")
	if len(message) > enough {
		message = strings.ToValidUTF8(message[:enough], "") + "…"
	}
	return message
}
