package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Errors of a body as a whole. Nothing of it is published then.
var (
	ErrNotJSON     = errors.New("the body is no JSON")
	ErrTooManyRows = fmt.Errorf("the body has more than %d rows; send them in several requests", MaxRows)
	ErrNoRows      = errors.New("the body has no rows")
)

// JSON takes in an array of messages, or one message. text must not change until the intake
// is published. The error is ErrNotJSON or ErrTooManyRows.
func (in *Intake) JSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] != '[' {
		if !json.Valid(text) {
			return notJSON(text)
		}
		in.Message(1, text)
		return nil
	}
	if !json.Valid(text) { // of half an array nothing is used
		return notJSON(text)
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(text, &rows); err != nil {
		return fmt.Errorf("%w: %w", ErrNotJSON, err)
	}
	if len(rows) > MaxRows {
		return ErrTooManyRows
	}
	for i, row := range rows {
		in.Message(int64(i+1), row)
	}
	return in.some()
}

// notJSON names the place at which a text is no JSON.
func notJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	var first json.RawMessage
	err := decoder.Decode(&first)
	if err == nil {
		err = errors.New("there is more behind the first value; send an array, or one message a line as application/x-ndjson")
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%w at byte %d: %w", ErrNotJSON, syntax.Offset, err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends before its last value does", ErrNotJSON)
	}
	return fmt.Errorf("%w: %w", ErrNotJSON, err)
}

// Lines takes in one message a line; empty lines are passed over. text must not change
// until the intake is published. The error is ErrTooManyRows or ErrNoRows.
func (in *Intake) Lines(text []byte) error {
	row := int64(0)
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte{'\n'})
		row++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if in.Rows() == MaxRows {
			return ErrTooManyRows
		}
		in.Message(row, line)
	}
	return in.some()
}

// some is ErrNoRows for an intake without any.
func (in *Intake) some() error {
	if in.Rows() == 0 {
		return ErrNoRows
	}
	return nil
}
