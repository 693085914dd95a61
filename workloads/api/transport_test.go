package api

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

// What is rejected before any handler is a problem document too.
func TestProblemsOfTheTransport(t *testing.T) {
	base := strings.TrimPrefix(serveOnLoopback(t, newTestAPI(t, nil)), "http://")
	for name, c := range map[string]struct {
		request string
		status  int
		code    problem.Code
	}{
		"no HTTP":             {"HELLO\r\n\r\n", 400, problem.CodeBadRequest},
		"no host":             {"GET /health HTTP/1.1\r\n\r\n", 400, problem.CodeBadRequest},
		"a header with a gap": {"GET /health HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", 400, problem.CodeBadRequest},
		"another encoding":    {"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: rot13\r\n\r\n", 501, problem.CodeBadRequest},
		"an expectation":      {"GET /health HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\n\r\n", 417, problem.CodeBadRequest},
		"large headers":       {"GET /health HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("b", 200_000) + "\r\n\r\n", 431, problem.CodeHeadersTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", base)
			require.NoError(t, err)
			defer conn.Close()
			go func() { _, _ = io.WriteString(conn, c.request) }() // the server may close before it has read all
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			defer answer.Body.Close()
			require.Equal(t, c.status, answer.StatusCode)
			require.Equal(t, problem.MediaType, answer.Header.Get("Content-Type"))
			var p problem.Problem
			require.NoError(t, json.NewDecoder(answer.Body).Decode(&p))
			require.Equal(t, c.code, p.Code)
			require.Equal(t, c.status, p.Status)
		})
	}
	require.Equal(t, http.StatusOK, statusOf("http://"+base+"/health"))
}
