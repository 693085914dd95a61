package resources

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
)

// allCharacters is every printable character of ASCII in one password.
func allCharacters() string {
	var all strings.Builder
	for c := byte(' '); c <= '~'; c++ {
		all.WriteByte(c)
	}
	return all.String()
}

// awkward are passwords that some store, shell or file format could take for
// something else.
func awkward() []string {
	out := []string{
		allCharacters(), "pässwörd-密码", "ends with \\", "\\n", "${HOME}", "$(reboot)", "`reboot`", "%n%%", "%(a)b", "-x", "--help", "#", "!", "''", "\"\"",
		"[name=x,password=y]", ";drop", "\\u0041", "E'x'", ":'owner'", " lead and trail ", "true", "1e3", "~", "null",
	}
	for _, c := range "/,'\"\\@:%#$ =;>&|<*?![]{}()" {
		out = append(out, string(c)+"x"+string(c))
	}
	return out
}

// connectionsWith are the values of the connections Secret of a twin all of whose
// passwords are the given one.
func connectionsWith(t *testing.T, twin *v1.DigitalTwin, password string) map[string]string {
	t.Helper()
	in := inputs(twin)
	for _, key := range CredentialKeys() {
		in.Credentials[key] = password
	}
	for _, secret := range in.Secrets {
		if _, ok := secret["password"]; ok {
			secret["password"] = []byte(password)
		}
	}
	secret := find[corev1.Secret](t, build(t, twin, in), KindSecret, ConnectionsName(twin.Name))
	out := map[string]string{}
	for key, value := range secret.Data {
		out[key] = string(value)
	}
	return out
}

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

// A real broker reads the password that brokers show each other from the file
// that the init container puts together, and lets in who shows it.
func TestKafkaTakesAnyPasswordOfBrokers(t *testing.T) {
	for i, password := range []string{allCharacters(), `pässwörd-密码 ${env:HOME}\u0041\n\`} {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Logf("password %q", password)
			login := connectionsWith(t, twinOf(t, smallest), password)[keyKafkaLogin]
			line, _, _ := strings.Cut(login, "\n")
			name, value, _ := strings.Cut(line, "=")
			require.Equal(t, "listener.name.internal.plain.sasl.jaas.config", name)
			broker := kafkatest.Start(t, kafkatest.Options{
				Users: map[string]string{"nobody": "nothing"}, // makes the listener
				Properties: map[string]string{
					"sasl.enabled.mechanisms":                             "SCRAM-SHA-512,PLAIN",
					"listener.name.sasl_plaintext.plain.sasl.jaas.config": value,
				},
			})
			ping := func(password string) error {
				files := writeFiles(t, map[string]string{"user": "broker", "password": password})
				client, err := stream.Connect(config.Kafka{
					Brokers: []string{broker.SASLAddress}, Mechanism: "PLAIN",
					UserFile: filepath.Join(files, "user"), PassFile: filepath.Join(files, "password"),
				})
				require.NoError(t, err)
				defer client.Close()
				return client.Ping(t.Context())
			}
			require.NoError(t, ping(password))
			require.Error(t, ping(password+"x"))
		})
	}
}

// A real Redis lets the twin in with any password, through the access list and
// the probe that the operator makes.
func TestRedisTakesAnyPassword(t *testing.T) {
	for _, program := range []string{"redis-server", "redis-cli"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not on PATH: not tested against a real Redis", program)
		}
	}
	twin := twinOf(t, smallest)
	b, err := newBuilder(twin, inputs(twin))
	require.NoError(t, err)
	probe := find[appsv1.StatefulSet](t, build(t, twin, inputs(twin)), KindStatefulSet, "small-redis").Spec.Template.Spec.Containers[0].ReadinessProbe.Exec.Command
	port := freePort(t)
	here := func(text, secrets, data string) string {
		return strings.NewReplacer(redisSecretDir, secrets, "dir /data", "dir "+data, "port "+strconv.Itoa(PortRedis), "port "+port, "-p "+strconv.Itoa(PortRedis), "-p "+port).Replace(text)
	}
	for i, password := range awkward() {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Logf("password %q", password)
			values := connectionsWith(t, twin, password)
			secrets := writeFiles(t, map[string]string{"users.acl": values[keyRedisAccess], "password": values[keyRedisPass], "user": values[keyRedisUser]})
			conf := filepath.Join(writeFiles(t, map[string]string{"redis.conf": here(b.redisConf(), secrets, t.TempDir())}), "redis.conf")
			ctx, stop := context.WithCancel(t.Context())
			server := exec.CommandContext(ctx, "redis-server", conf)
			require.NoError(t, server.Start())
			defer func() { stop(); _ = server.Wait() }()

			store, err := history.Connect(config.Redis{
				Address: "127.0.0.1:" + port, UserFile: filepath.Join(secrets, "user"), PassFile: filepath.Join(secrets, "password"),
			}, "demo/small/")
			require.NoError(t, err)
			defer store.Close()
			require.Eventually(t, func() bool { return store.Ping(t.Context()) == nil }, 20*time.Second, 20*time.Millisecond)
			out, err := exec.Command(probe[0], probe[1], here(probe[2], secrets, "")).CombinedOutput()
			require.NoError(t, err, "%s", out)

			files := writeFiles(t, map[string]string{"user": values[keyLiveUser], "password": values[keyLivePass]})
			at := config.Redis{Address: "127.0.0.1:" + port, UserFile: filepath.Join(files, "user"), PassFile: filepath.Join(files, "password")}
			readsLiveAlone(t, store, at)
		})
	}
}

// readsLiveAlone checks that a user sees the live streams of the twin and nothing else, and
// changes nothing.
func readsLiveAlone(t *testing.T, store *history.Store, at config.Redis) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, store.Publish(ctx, 0, history.Event{Offset: 1, Fields: map[string]any{"type": "state"}}))
	reads := func(prefix string) error {
		live, err := history.ConnectLive(at, prefix, 1)
		require.NoError(t, err)
		defer live.Close()
		if _, _, err := live.Kept(ctx, 0, 10); err != nil {
			return err
		}
		if _, err := live.Has(ctx, 0, history.LiveID{Offset: 1}); err != nil {
			return err
		}
		_, _, err = live.After(ctx, make([]history.LiveID, 1), time.Millisecond)
		return err
	}
	require.NoError(t, reads("demo/small/"))
	require.ErrorContains(t, reads("demo/other/"), "NOPERM")
	other, err := history.Connect(at, "demo/small/")
	require.NoError(t, err)
	defer other.Close()
	require.ErrorContains(t, other.Publish(ctx, 0, history.Event{Offset: 2, Fields: map[string]any{"type": "state"}}), "NOPERM")
	_, err = other.LoadCheckpoint(ctx, 0)
	require.ErrorContains(t, err, "NOPERM")
}

// A real PostgreSQL takes any password from the script that runs in its pod, and
// lets in who connects as workloads, the dump and Grafana do.
func TestPostgresTakesAnyPassword(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not on PATH: not tested against a real PostgreSQL")
	}
	server, err := embedded.Postgres(t.Context(), embedded.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop(context.WithoutCancel(t.Context())) })
	at, err := pgx.ParseConfig(server.URL)
	require.NoError(t, err)
	admin, err := pgx.ConnectConfig(t.Context(), at)
	require.NoError(t, err)
	defer admin.Close(t.Context())
	for _, command := range []string{"CREATE ROLE postgres SUPERUSER LOGIN", "CREATE DATABASE " + DatabaseName} {
		_, err := admin.Exec(t.Context(), command)
		require.NoError(t, err)
	}
	address := net.JoinHostPort(at.Host, strconv.Itoa(int(at.Port)))
	twin := twinOf(t, smallest)
	_, inPod, _ := strings.Cut(connectionsWith(t, twin, "x")[keyDatabaseURL], "@")
	inPod, _, _ = strings.Cut(inPod, "/")
	for i, password := range awkward() {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Logf("password %q", password)
			values := connectionsWith(t, twin, password)
			secrets := writeFiles(t, map[string]string{
				"postgres": values[KeyPostgresPassword], "owner": values[KeyOwnerPassword],
				"reader": values[KeyReaderPassword],
			})
			script := strings.NewReplacer(
				databaseSecretDir, secrets,
				"-h /var/run/postgresql -U postgres", "-h "+at.Host+" -p "+strconv.Itoa(int(at.Port))+" -U "+at.User,
			).Replace(databaseRoles())
			run := exec.Command("/bin/sh", "-c", script)
			run.Env = append(os.Environ(), "PGPASSWORD="+at.Password)
			out, err := run.CombinedOutput()
			require.NoError(t, err, "%s", out)

			for _, key := range []string{keyDatabaseURL, keyDatabaseURLAPI} {
				url := strings.Replace(values[key], inPod, address, 1)
				connection, err := pgx.Connect(t.Context(), url)
				require.NoError(t, err, key)
				require.NoError(t, connection.Close(t.Context()))
				// pg_dump and pg_isready read the address as psql does.
				files := writeFiles(t, map[string]string{"url": url})
				out, err := exec.Command("/bin/sh", "-c", psql+` -X -c 'SELECT 1' -d "$(cat `+files+`/url)"`).CombinedOutput()
				require.NoError(t, err, "%s: %s", key, out)
			}
			user, seen := grafanaReads(t, values[keyGrafanaSources])
			reader := at.Copy()
			reader.User, reader.Password, reader.Database = user, seen, DatabaseName
			connection, err := pgx.ConnectConfig(t.Context(), reader)
			require.NoError(t, err)
			require.NoError(t, connection.Close(t.Context()))
		})
	}
}

// grafanaReads are user and password of the first data source as Grafana reads
// its file: $$ is a dollar sign, and anything after a single one a variable.
// https://grafana.com/docs/grafana/latest/administration/provisioning/#using-environment-variables
func grafanaReads(t *testing.T, file string) (user, password string) {
	t.Helper()
	var doc struct {
		Datasources []struct {
			User           string
			SecureJSONData struct{ Password string } `json:"secureJsonData"`
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(file), &doc))
	value := func(written string) string {
		parts := strings.Split(written, "$$")
		for i := range parts {
			parts[i] = os.Expand(parts[i], func(string) string { return "" })
		}
		return strings.Join(parts, "$")
	}
	return value(doc.Datasources[0].User), value(doc.Datasources[0].SecureJSONData.Password)
}
