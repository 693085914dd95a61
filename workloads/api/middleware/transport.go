package middleware

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

// transportHeaders are those with which net/http rejects a request that it cannot read, in
// plain text, before any handler. It writes such an answer at once, and no handler's answer
// has these headers alone.
const transportHeaders = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// ProblemsOf has the connections of a listener reject what net/http cannot read with
// problem documents.
func ProblemsOf(l net.Listener) net.Listener { return problemListener{l} }

type problemListener struct{ net.Listener }

func (l problemListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return problemConn{c}, nil
}

type problemConn struct{ net.Conn }

// Write replaces a rejection in plain text.
func (c problemConn) Write(p []byte) (int, error) {
	answer := transportProblem(p)
	if answer == nil {
		return c.Conn.Write(p)
	}
	if _, err := c.Conn.Write(answer); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite lets the server end its half, so that the caller reads the whole answer.
func (c problemConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// transportProblem is the answer in place of one in plain text; nil if p is none.
func transportProblem(p []byte) []byte {
	rest, is := bytes.CutPrefix(p, []byte("HTTP/1.1 "))
	if !is {
		return nil
	}
	if bytes.HasPrefix(rest, []byte("417 ")) { // it comes with headers of its own, and no body
		return answerOf(problem.New(http.StatusExpectationFailed, problem.CodeBadRequest, "Expect", "the only expectation that is understood is 100-continue"))
	}
	line, text, is := bytes.Cut(rest, []byte(transportHeaders))
	if !is || len(line) < 3 || bytes.ContainsRune(line, '\n') {
		return nil
	}
	status, err := strconv.Atoi(string(line[:3]))
	if err != nil {
		return nil
	}
	rejected := problem.New(status, problem.CodeBadRequest, "", "this is no HTTP request that can be read: "+string(text))
	if status == http.StatusRequestHeaderFieldsTooLarge {
		rejected = problem.New(status, problem.CodeHeadersTooLarge, "", fmt.Sprintf("the headers have more than %d bytes; send fewer or shorter ones", MaxHeaderBytes))
	}
	return answerOf(rejected)
}

// answerOf is a whole answer with a problem; nil if it cannot be written.
func answerOf(rejected *problem.Problem) []byte {
	body, err := json.Marshal(rejected)
	if err != nil {
		return nil
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
		rejected.Status, rejected.Title, problem.MediaType, len(body), body)
}
