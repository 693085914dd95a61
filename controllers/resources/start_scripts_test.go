package resources

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
)

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// generatedTwins are 256 twins whose generated values begin with each character
// that they can begin with: the hash that the Kafka cluster id is made of with
// each of 64, four times; passwords with each of 16 hexadecimal digits, and every
// other twin has passwords of an earlier version, with each of 64.
func generatedTwins(t *testing.T) []*Wanted {
	t.Helper()
	template := twinOf(t, smallest)
	var out []*Wanted
	taken := map[byte]int{}
	for i := 0; len(out) < 256; i++ {
		twin := template.DeepCopy()
		twin.Name = fmt.Sprintf("twin-%d", i)
		sum := sha256.Sum256([]byte("kafka cluster of " + twin.Namespace + "/" + twin.Name))
		first := base64.RawURLEncoding.EncodeToString(sum[:16])[0]
		if taken[first] == 4 {
			continue
		}
		taken[first]++
		in := inputs(twin)
		for n, key := range CredentialKeys() {
			random := sha256.Sum256([]byte{byte(len(out)), byte(n)})
			random[0] = byte(len(out))
			in.Credentials[key] = CredentialFrom(key, random[:])
			if len(out)%2 == 0 && key != KeyAPIKey {
				in.Credentials[key] = base64.RawURLEncoding.EncodeToString(random[:])
			}
		}
		out = append(out, build(t, twin, in))
	}
	require.Len(t, taken, len(base64url))
	return out
}

// laidOut is a container's files below a folder.
type laidOut struct {
	root  string
	place *strings.Replacer // of paths in the container
}

// layOut writes what a container mounts below root: each file's paths are those
// below root, too.
func layOut(t *testing.T, w *Wanted, pod corev1.PodSpec, c corev1.Container, root string) laidOut {
	t.Helper()
	mounts := slices.Clone(c.VolumeMounts)
	slices.SortFunc(mounts, func(a, b corev1.VolumeMount) int { return cmp.Compare(len(b.MountPath), len(a.MountPath)) })
	var pairs []string
	for _, m := range mounts {
		require.NoError(t, os.MkdirAll(filepath.Join(root, m.MountPath), 0o755))
		pairs = append(pairs, m.MountPath, filepath.Join(root, m.MountPath))
	}
	l := laidOut{root: root, place: strings.NewReplacer(pairs...)}
	for _, m := range mounts {
		at := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
		if at < 0 {
			continue // the claim of the store's volume
		}
		for name, content := range filesOf(t, w, pod.Volumes[at]) {
			require.NoError(t, os.WriteFile(filepath.Join(root, m.MountPath, name), []byte(l.place.Replace(string(content))), 0o644))
		}
	}
	return l
}

// filesOf are the files of a volume that is a ConfigMap or a Secret.
func filesOf(t *testing.T, w *Wanted, v corev1.Volume) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	switch {
	case v.ConfigMap != nil:
		for name, content := range find[corev1.ConfigMap](t, w, KindConfigMap, v.ConfigMap.Name).Data {
			files[name] = []byte(content)
		}
	case v.Secret != nil:
		data := find[corev1.Secret](t, w, KindSecret, v.Secret.SecretName).Data
		for _, item := range v.Secret.Items {
			files[item.Path] = data[item.Key]
		}
	}
	return files
}

func storePod(t *testing.T, w *Wanted, component string) corev1.PodSpec {
	t.Helper()
	for _, o := range w.Objects {
		if o.Kind == KindStatefulSet && strings.HasSuffix(o.Name, "-"+component) {
			return find[appsv1.StatefulSet](t, w, o.Kind, o.Name).Spec.Template.Spec
		}
	}
	require.Fail(t, "no pod", component)
	return corev1.PodSpec{}
}

// Kafka's own storage tool formats a volume for each twin, called by the init
// container's script.
func TestGeneratedValuesFormatKafka(t *testing.T) {
	java, classes := kafkatest.Java(t)
	var calls []string
	for i, w := range generatedTwins(t) {
		pod := storePod(t, w, v1.ComponentKafka)
		format := pod.InitContainers[0]
		root := filepath.Join(t.TempDir(), strconv.Itoa(i))
		l := layOut(t, w, pod, format, root)
		call := filepath.Join(root, "call")
		tool := filepath.Join(root, "kafka-storage.sh")
		require.NoError(t, os.WriteFile(tool, []byte("#!/bin/sh\nprintf '%s\\0' \"$@\" >"+call+"\n"), 0o755))
		script := strings.ReplaceAll(l.place.Replace(format.Command[2]), "/opt/kafka/bin/kafka-storage.sh", tool)
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", script)
		cmd.Env = append(os.Environ(), "HOSTNAME=some-kafka-0")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		calls = append(calls, call)
	}
	run := exec.CommandContext(t.Context(), java, append([]string{"-cp", classes, "testdata/java/FormatAll.java"}, calls...)...)
	var failed, log bytes.Buffer
	run.Stdout, run.Stderr = &failed, &log
	require.NoError(t, run.Run(), "%s", &log)
	require.Empty(t, failed.String())
	ids := map[byte]bool{}
	for _, call := range calls {
		meta, err := os.ReadFile(filepath.Join(filepath.Dir(call), kafkaLogDir, "meta.properties"))
		require.NoError(t, err)
		id := regexp.MustCompile(`(?m)^cluster\.id=(.*)$`).FindSubmatch(meta)
		require.NotNil(t, id, string(meta))
		ids[id[1][0]] = true
	}
	require.Len(t, ids, len(base64url)-1, "an id may begin with each character but a hyphen")
}

// A real Redis reads each twin's access list and lets the readiness probe in.
func TestGeneratedValuesStartRedis(t *testing.T) {
	for _, program := range []string{"redis-server", "redis-cli"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	for i, w := range generatedTwins(t) {
		pod := storePod(t, w, v1.ComponentRedis)
		c := pod.Containers[0]
		l := layOut(t, w, pod, c, filepath.Join(t.TempDir(), strconv.Itoa(i)))
		port := freePort(t)
		conf := filepath.Join(l.root, c.Command[1])
		content, err := os.ReadFile(conf)
		require.NoError(t, err)
		here := strings.NewReplacer("port "+strconv.Itoa(PortRedis), "port "+port+"\nbind 127.0.0.1", "dir /data", "dir "+filepath.Join(l.root, "data"))
		require.NoError(t, os.WriteFile(conf, []byte(here.Replace(string(content))), 0o644))
		var log bytes.Buffer
		server := exec.CommandContext(t.Context(), c.Command[0], conf)
		server.Stdout, server.Stderr = &log, &log
		require.NoError(t, server.Start())
		probe := strings.ReplaceAll(l.place.Replace(c.ReadinessProbe.Exec.Command[2]), "-p "+strconv.Itoa(PortRedis), "-p "+port)
		require.Eventually(t, func() bool {
			return exec.CommandContext(t.Context(), "/bin/sh", "-c", probe).Run() == nil
		}, time.Minute, 10*time.Millisecond, "%s", &log)
		require.NoError(t, server.Process.Signal(syscall.SIGKILL))
		_ = server.Wait()
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

// A real PostgreSQL runs each twin's script of roles, one after the other, and
// the addresses of the connections Secret let their users in.
func TestGeneratedValuesLogInToPostgres(t *testing.T) {
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("psql is not installed")
	}
	dir, err := os.MkdirTemp("", "energytwin-roles-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	server, err := embedded.Postgres(t.Context(), embedded.PostgresOptions{Dir: filepath.Join(dir, "postgres")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	at, err := url.Parse(server.URL)
	require.NoError(t, err)
	password, _ := at.User.Password()
	admin, err := pgx.Connect(t.Context(), server.URL)
	require.NoError(t, err)
	defer admin.Close(context.Background())
	for _, statement := range []string{"CREATE ROLE postgres SUPERUSER LOGIN", "CREATE DATABASE " + DatabaseName} {
		_, err = admin.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	tried := map[string]bool{} // first characters, of passwords of each length
	for i, w := range generatedTwins(t) {
		pod := storePod(t, w, v1.ComponentTimescale)
		owner := find[corev1.Secret](t, w, KindSecret, CredentialsName(w.Config.Name)).Data[KeyOwnerPassword]
		form := fmt.Sprintf("%c of %d", owner[0], len(owner))
		if tried[form] {
			continue
		}
		tried[form] = true
		c := pod.Containers[0]
		l := layOut(t, w, pod, c, filepath.Join(t.TempDir(), strconv.Itoa(i)))
		script := filepath.Join(l.root, c.Lifecycle.PostStart.Exec.Command[1])
		content, err := os.ReadFile(script)
		require.NoError(t, err)
		socket := "-h " + l.place.Replace("/var/run/postgresql") + " -U postgres"
		require.Contains(t, string(content), socket)
		here := fmt.Sprintf("-h %s -p %s -U %s", at.Hostname(), at.Port(), at.User.Username())
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", strings.ReplaceAll(string(content), socket, here))
		cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		for key, value := range find[corev1.Secret](t, w, KindSecret, ConnectionsName(w.Config.Name)).Data {
			if !strings.HasPrefix(key, keyDatabaseURL) {
				continue
			}
			u, err := url.Parse(string(value))
			require.NoError(t, err)
			u.Host = at.Host
			conn, err := pgx.Connect(t.Context(), u.String())
			require.NoError(t, err, "%s of twin %d", key, i)
			require.NoError(t, conn.Close(t.Context()))
		}
	}
	require.Len(t, tried, len(base64url)+16)
}

// No generated value can be taken for a flag, whatever the random bytes.
func TestGeneratedValuesBeginWithNoHyphen(t *testing.T) {
	for first := range 256 {
		random := bytes.Repeat([]byte{byte(first), 0x5a}, CredentialBytes/2)
		for _, key := range CredentialKeys() {
			require.NotContains(t, "-_", CredentialFrom(key, random)[:1], key)
		}
	}
	for i := range 10_000 {
		require.NotEqual(t, byte('-'), KafkaClusterID("demo", fmt.Sprintf("twin-%d", i))[0])
	}
}

// Brokers that run keep the id that their volumes were formatted with.
func TestKafkaClusterIDStays(t *testing.T) {
	require.Equal(t, "3lBiL14st7OFhqxECN12iw", KafkaClusterID("demo", "quickstart"))
}
