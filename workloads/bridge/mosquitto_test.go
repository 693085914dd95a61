package bridge

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
)

// No message is lost over restarts of a broker that keeps sessions in a file.
func TestMosquittoRestarts(t *testing.T) {
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		program = "/usr/sbin/mosquitto"
	}
	if _, err := exec.LookPath("mosquitto_pub"); err != nil {
		t.Skip("Mosquitto is not here: its packages are mosquitto and mosquitto-clients")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(free.Addr().String())
	require.NoError(t, err)
	require.NoError(t, free.Close())
	dir := t.TempDir()
	settings := filepath.Join(dir, "mosquitto.conf")
	require.NoError(t, os.WriteFile(settings, []byte("listener "+port+" 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location "+dir+"/\n"+
		"max_queued_messages 0\nuser root\n"), 0o600))
	run := func() (stop func()) {
		broker := exec.CommandContext(t.Context(), program, "-c", settings)
		if err := broker.Start(); err != nil {
			t.Skip(err)
		}
		return func() {
			_ = broker.Process.Signal(syscall.SIGTERM)
			_ = broker.Wait()
		}
	}
	number := 0
	publish := func() {
		var lines strings.Builder
		for range 200 {
			fmt.Fprintf(&lines, "{\"ts\":%d,\"kwh\":%d}\n", time.Date(2026, 1, 1, number, 0, 0, 0, time.UTC).Unix(), number)
			number++
		}
		require.Eventually(t, func() bool {
			send := exec.CommandContext(t.Context(), "mosquitto_pub", "-V", "5", "-q", "1", "-h", "127.0.0.1", "-p", port, "-t", "meters/m1/energy", "-l")
			send.Stdin = strings.NewReader(lines.String())
			return send.Run() == nil
		}, patience, 200*time.Millisecond)
	}
	stop := run()
	defer func() { stop() }()
	client, _ := kafka(t)
	b, _ := start(t, client, &config.MQTT{
		URL: "mqtt://127.0.0.1:" + port, Topics: []string{"meters/+/energy"}, ClientID: clientID, Mapping: config.MQTTMapping{Topic: "meters/{meter}/energy", Interval: "PT1H"},
	})
	subscribed(t, b)
	for range 3 {
		publish()
		stop()
		stop = run()
		publish()
	}
	require.Eventually(t, func() bool { return len(readings(t, client)) == number }, patience, time.Second)
}
