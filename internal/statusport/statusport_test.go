package statusport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

func TestServe(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "readings_total"})
	registry.MustRegister(counter)
	counter.Add(3)
	var redisErr error
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- Serve(ctx, "", Options{
			Listener: listener, Gatherer: registry,
			Status: func() any { return map[string]int{"hour": 5} },
			Ready: []Check{
				{Name: "kafka", Run: func(context.Context) error { return nil }},
				{Name: "redis", Run: func(context.Context) error { return redisErr }},
			},
		})
	}()
	get := func(path string) (int, string) {
		t.Helper()
		res, err := http.Get("http://" + listener.Addr().String() + path)
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, string(body)
	}
	code, body := get("/metrics")
	require.Equal(t, 200, code)
	require.Contains(t, body, "readings_total 3")
	code, body = get("/health")
	require.Equal(t, 200, code)
	require.JSONEq(t, `{"status":"ok"}`, body)
	code, body = get("/ready")
	require.Equal(t, 200, code)
	require.JSONEq(t, `{"status":"ready","checks":{"kafka":"ok","redis":"ok"}}`, body)
	redisErr = errors.New("redis is down")
	code, body = get("/ready")
	require.Equal(t, 503, code)
	require.JSONEq(t, `{"status":"not ready","checks":{"kafka":"ok","redis":"redis is down"}}`, body)
	code, body = get("/status")
	require.Equal(t, 200, code)
	require.JSONEq(t, `{"hour":5}`, body)
	cancel()
	require.NoError(t, <-ended)
}

func TestServeNamesTheAddressItCannotHave(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	err = Serve(context.Background(), taken.Addr().String(), Options{})
	require.ErrorContains(t, err, taken.Addr().String())
}
