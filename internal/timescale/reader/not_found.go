package reader

import "errors"

// ErrNotFound means that there is no such thing in the store.
var ErrNotFound = errors.New("not found")
