package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxProblem bounds what is read of an answer that is no success, in bytes.
const maxProblem = 1 << 20

// Error is the code of the problem, and what is wrong and how to fix it.
func (p *Problem) Error() string {
	if p.Field != nil && !strings.HasPrefix(p.Detail, *p.Field) {
		return fmt.Sprintf("%s: %s: %s", p.Code, *p.Field, p.Detail)
	}
	return p.Code + ": " + p.Detail
}

// failureOf is the error of an answer: a *Problem, or what can be found out of an answer that no
// twin gave.
func failureOf(answer *http.Response, q *question) error {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxProblem))
	var p Problem
	if err == nil && json.Unmarshal(body, &p) == nil && p.Code != "" {
		return &p
	}
	return fmt.Errorf("%s %s was answered with %s; is it the address of a twin?", q.method, answer.Request.URL.Redacted(), answer.Status)
}
