package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/test/tutorials"
	"github.com/energytwin/energytwin/workloads/bridge/mqtttest"
)

const mqttPatience = 5 * time.Minute

// Readings that a broker of MQTT gets are stored once each: those sent while the twin runs,
// those that wait at the broker while it is away, and those sent twice. What is no reading is
// quarantined.
func TestReadingsOverMQTTAreStoredOnce(t *testing.T) {
	broker := mqtttest.Start(t, mqtttest.Options{})
	twin := sample(t, "mqtt.yaml")
	twin.Spec.Ingest.MQTT.URL = broker.URL
	twin.Spec.Kafka = &v1.Kafka{Topics: &v1.Topics{Partitions: new(int32(2))}}
	o, out := options(t, twin)
	o.UntilDone, o.Summary, o.MQTTSecrets = false, "", broker.Secrets
	database, err := embedded.Postgres(t.Context(), embedded.PostgresOptions{Dir: filepath.Join(filepath.Dir(o.DataDir), "postgres"), Ephemeral: true})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { require.NoError(t, database.Stop(context.Background())) })
	o.Database = database.URL
	conn, err := pgx.Connect(t.Context(), database.URL)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))

	const client = "energytwin-default-metered-local"
	run := func() (end func()) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- Run(ctx, o) }()
		require.Eventually(t, func() bool {
			return broker.Unacknowledged(client) == 0 && broker.Subscriptions(client) > 0 || len(done) > 0
		}, mqttPatience, 50*time.Millisecond)
		require.Empty(t, done, "it ended early")
		return func() {
			cancel()
			require.NoError(t, <-done)
		}
	}
	stored := func(want int) {
		t.Helper()
		var count int
		require.Eventually(t, func() bool {
			require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM readings").Scan(&count))
			return count >= want && broker.Unacknowledged(client) == 0
		}, mqttPatience, 100*time.Millisecond, "%d readings are stored", want)
		require.Equal(t, want, count)
	}
	hours := 0
	send := func(n int) {
		for range n {
			for quarter := range 4 {
				at := time.Date(2026, 1, 1, 1+hours, 15*quarter, 0, 0, time.UTC) // after the hour of the page
				for meter := range 3 {
					broker.Publish(fmt.Sprintf("area/north/m%d/energy", meter), fmt.Sprintf(`{"time":%d,"wh":%d}`, at.Unix(), 100*meter+hours))
				}
			}
			hours++
		}
	}

	end := run()
	others := 0
	if publishAsDocumented(t, broker) {
		others = 1
	}
	send(10)
	broker.Publish("area/north/m0/energy", `{"time":"yesterday"}`)
	stored(3*hours + others)
	end()
	send(10)
	hours -= 2
	send(2) // again
	end = run()
	stored(3*hours + others)
	end()

	var kwh float64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT sum(kwh::float8) FROM readings JOIN meters USING (meter_no) WHERE meters.name <> 'meter-17'").Scan(&kwh))
	want := 0.0
	for hour := range hours {
		want += 4 * float64(300+3*hour) / 1000
	}
	require.InDelta(t, want, kwh, 1e-4, "no quarter of an hour counts twice")
	if others > 0 {
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT kwh::float8 FROM readings JOIN meters USING (meter_no) WHERE meters.name = 'meter-17'").Scan(&kwh))
		require.InDelta(t, 1.64, kwh, 1e-4)
	}
	var quarantined int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM quarantine").Scan(&quarantined))
	require.Equal(t, 1, quarantined)
	require.Contains(t, out.String(), "area/+/+/energy from "+broker.URL+", as the client "+client)
}

// publishAsDocumented runs the command of the page, and reports whether there is a program for it.
func publishAsDocumented(t *testing.T, broker *mqtttest.Broker) bool {
	t.Helper()
	if _, err := exec.LookPath("mosquitto_pub"); err != nil {
		t.Log("mosquitto_pub is not here: the command of docs/how-to/mqtt.md is not run")
		return false
	}
	blocks, err := tutorials.Read("../../docs/how-to/mqtt.md")
	require.NoError(t, err)
	require.Len(t, blocks, 1)
	host, port := broker.HostPort()
	command := exec.CommandContext(t.Context(), "bash", "-euc", blocks[0].Commands)
	command.Dir = broker.Secrets
	command.Env = append(os.Environ(), "BROKER="+host, "PORT="+port, "PASSWORD="+mqtttest.MeterPassword)
	answer, err := command.CombinedOutput()
	require.NoError(t, err, string(answer))
	return true
}

func TestSecretsOfTheBrokerBelongToTheSpec(t *testing.T) {
	o, out := options(t, sample(t, "mqtt.yaml"))
	require.ErrorContains(t, Run(t.Context(), o), "name a folder with files of their keys (username, password, ca.crt, tls.crt, tls.key) with --mqtt-secrets")
	o.Twin = sample(t, "quickstart.yaml")
	o.MQTTSecrets = os.TempDir()
	require.ErrorContains(t, Run(t.Context(), o), "write spec.ingest.mqtt.secretRef or tls")
	require.Empty(t, out.String(), "nothing was started")
}
