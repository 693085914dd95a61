package openapi

import (
	"embed"
	"encoding/json"
)

// Answers of a twin of made-up homes, one file for each operation, with at most two items
// of each list. The tests of the API write them.
//
//go:embed examples
var examples embed.FS

// exampleOf is the example of an operation's answer; nil if there is none.
func exampleOf(operation string) any {
	text, err := examples.ReadFile("examples/" + operation + ".json")
	if err != nil {
		return nil
	}
	return json.RawMessage(text)
}

// fileExampleOf is the example of an operation's answer as CSV; nil if there is none.
func fileExampleOf(operation string) any {
	text, err := examples.ReadFile("examples/" + operation + ".csv")
	if err != nil {
		return nil
	}
	return string(text)
}
