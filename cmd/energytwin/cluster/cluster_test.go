package cluster

import (
	"archive/tar"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

const (
	smallest   = `{dataset: {synthetic: {}}}`
	withBackup = `{dataset: {synthetic: {}}, timescale: {managed: {backup: {schedule: "0 3 * * *", volume: {}}}}}`
)

// Each command works for those who hold the role that is meant for it, and for
// nobody with less.
func TestCommandsUnderTheirRoles(t *testing.T) {
	sp := newSpace(t)
	sp.twin("river", withBackup)
	require.Contains(t, sp.ok(sp.viewer, "wait", "river"), "Running")

	require.Contains(t, sp.ok(sp.viewer, "status"), "river")
	require.NotContains(t, sp.ok(sp.viewer, "status", "river"), "\nPOD")
	sp.pod("river", "api", nil)
	limit := `{"status":{"worstLimit":{"group":"north","capacityKW":"20","peakKW":"29.2","share":"146%","at":"2025-02-06T19:00:00Z","forecast":true},
		"limitAtRisk":{"summary":"north 2025-02-06 19:00 GMT: 97% to exceed 20 kW, 7.9 kWh expected above it","group":"north","at":"2025-02-06T19:00:00Z","probability":"97%","excessKWh":"7.9","capacityKW":"20"}}}`
	require.NoError(t, sp.admin.Status().Patch(t.Context(), sp.get("river"), client.RawPatch("application/merge-patch+json", []byte(limit))))
	text := sp.ok(sp.viewer, "status", "river")
	for _, want := range []string{
		"Running", "ghcr.io/energytwin/energytwin:v1.0.0", "river-api-x", "redis-password", "PASSWORD OR KEY", "none yet",
		"north: 29.2 kW of 20 kW (146%) forecast for 2025-02-06T19:00:00Z",
		"north 2025-02-06 19:00 GMT: 97% to exceed 20 kW",
	} {
		require.Contains(t, text, want)
	}
	var all []Overview
	require.NoError(t, json.Unmarshal([]byte(sp.ok(sp.viewer, "status", "river", "-o", "json")), &all))
	require.Len(t, all, 1)
	require.True(t, all[0].Observed)
	require.Len(t, all[0].Credentials, len(resources.CredentialKeys()))

	logs := sp.ok(sp.viewer, "logs", "river", "api")
	require.Contains(t, logs, "[river-api-x/first] log of river-api-x first\n")
	require.Contains(t, logs, "[river-api-x/api] log of river-api-x api\n")
	require.ErrorContains(t, sp.run(sp.viewer, "logs", "river", "nothing").err, "twin river, component nothing has no pods")

	forbidden := func(args ...string) {
		t.Helper()
		got := sp.run(sp.viewer, args...)
		require.ErrorContains(t, got.err, "forbidden", "%v", args)
		require.Equal(t, ExitFailed, got.code)
	}
	forbidden("open", "river")
	got := sp.run(sp.editor, "open", "river")
	require.Error(t, got.err)
	require.NotContains(t, got.err.Error(), "forbidden", "the API server lets editors through; the kubelet of this test forwards nothing")

	forbidden("restart", "river", "processor")
	require.Contains(t, sp.ok(sp.editor, "restart", "river", "processor"), "restartAt")
	first := restartOf(sp.get("river"), "processor")
	require.NotEmpty(t, first)
	sp.ok(sp.editor, "restart", "river", "processor")
	require.Greater(t, restartOf(sp.get("river"), "processor"), first, "a second request within the same second is lost")

	forbidden("backup", "now", "river")
	sp.ok(sp.editor, "backup", "now", "river")
	require.NotEmpty(t, sp.get("river").Status.Backup.LastSuccessAt)

	secret := &corev1.Secret{}
	password := func() string {
		require.NoError(t, sp.admin.Get(t.Context(), client.ObjectKey{Namespace: sp.ns, Name: "river-credentials"}, secret))
		return string(secret.Data["redis-password"])
	}
	before := password()
	forbidden("rotate", "river", "redis-password", "--yes")
	got = sp.run(sp.editor, "rotate", "river", "redis-password")
	require.Equal(t, ExitUsage, got.code, "it must ask")
	require.Equal(t, before, password())
	sp.ok(sp.editor, "rotate", "river", "redis-password", "--yes")
	require.NotEqual(t, before, password())

	forbidden("hibernate", "river")
	sp.ok(sp.editor, "hibernate", "river")
	require.Equal(t, v1.PhaseHibernated, sp.get("river").Status.Phase)
	forbidden("resume", "river")
	sp.ok(sp.editor, "resume", "river")
	require.Equal(t, v1.PhaseRunning, sp.get("river").Status.Phase)

	const dump = "river-20260101T023000Z.dump"
	forbidden("restore", "river", "--dump", dump, "--yes")
	require.Contains(t, sp.ok(sp.editor, "restore", "river", "--dump", dump, "--yes"), "restored "+dump)
	forbidden("restore", "river", "--dump", dump, "--into", "river-2")
	require.Contains(t, sp.ok(sp.editor, "restore", "river", "--dump", dump, "--into", "river-2"), "restored "+dump)
	require.Equal(t, "river-backup", sp.get("river-2").Spec.Timescale.Managed.RestoreFrom.ClaimName)

	sp.ok(sp.viewer, "report", "river", "--out", filepath.Join(t.TempDir(), "report.tar.gz"))
}

func restartOf(twin *v1.DigitalTwin, component string) v1.Instant {
	for _, c := range twin.Status.Components {
		if c.Name == component {
			return c.RestartedAt
		}
	}
	return ""
}

// Pipelines go by the exit code.
func TestWaitExitCodes(t *testing.T) {
	sp := newSpace(t)
	dir := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	write("one.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n---\napiVersion: twin.energytwin.dev/v1\nkind: DigitalTwin\nmetadata: {name: one}\n")
	write("two.json", `{"apiVersion":"twin.energytwin.dev/v1","kind":"DigitalTwin","metadata":{"name":"two"}}`)
	write("notes.txt", "kind: [")
	sp.twin("one", smallest)
	sp.twin("two", smallest)
	out := sp.ok(sp.viewer, "wait", "-f", dir)
	require.Contains(t, out, sp.ns+"/one")
	require.Contains(t, out, sp.ns+"/two")

	got := sp.run(sp.viewer, "wait", "three", "--timeout", "1ms")
	require.Equal(t, ExitTimeout, got.code)
	require.ErrorContains(t, got.err, "does not exist yet")

	sp.twin("stuck", `{dataset: {synthetic: {}}, api: {auth: {jwtSecretRef: {name: nobody}}}}`)
	got = sp.run(sp.viewer, "wait", "stuck")
	require.Equal(t, ExitFailed, got.code)
	require.ErrorContains(t, got.err, "SecretMissing")
	require.Contains(t, got.errs, "Ready")

	// A spec that the operator has not observed is not Ready, whatever the status says.
	twin := sp.get("one")
	sp.patch(twin, `{"metadata":{"annotations":{"`+v1.AnnotationPaused+`":"true"}}}`)
	sp.patch(twin, `{"spec":{"api":{"replicas":2}}}`)
	got = sp.run(sp.viewer, "wait", "one", "--timeout", "1ms")
	require.Equal(t, ExitTimeout, got.code)
	require.ErrorContains(t, got.err, "has not observed generation")

	for _, args := range [][]string{
		{"wait"}, {"wait", "one", "-f", dir}, {"wait", "-f", filepath.Join(dir, "none")}, {"wait", "-f", filepath.Join(dir, "notes.txt")},
		{"wait", "--no-such-flag"}, {"restart", "one"}, {"restart", "one", "database"}, {"rotate", "one"}, {"rotate", "one", "password", "--yes"},
		{"status", "-o", "xml"}, {"hibernate", "one", "--dry-run", "maybe"}, {"backup", "now"},
	} {
		got := sp.run(sp.editor, args...)
		require.Equal(t, ExitUsage, got.code, "%v: %v", args, got.err)
	}
	none := NewCommand("cluster")
	none.SetArgs([]string{"status", "--kubeconfig", filepath.Join(dir, "none")})
	require.Equal(t, ExitUsage, ExitCode(none.Execute()))
}

// A dry run changes nothing and shows what would be changed.
func TestDryRuns(t *testing.T) {
	sp := newSpace(t)
	sp.twin("dry", withBackup)
	sp.ok(sp.viewer, "wait", "dry")
	before := sp.get("dry").Spec
	for _, args := range [][]string{
		{"restart", "dry", "api"}, {"rotate", "dry", "--all"}, {"backup", "now", "dry"}, {"hibernate", "dry"}, {"resume", "dry"},
		{"restore", "dry", "--dump", "a.dump"}, {"restore", "dry", "--dump", "a.dump", "--into", "copy"},
	} {
		require.Contains(t, sp.ok(sp.editor, append(args, "--dry-run=client")...), "client dry run", "%v", args)
		require.Contains(t, sp.ok(sp.editor, append(args, "--dry-run=server")...), "server dry run", "%v", args)
	}
	require.Contains(t, sp.ok(sp.viewer, "hibernate", "dry", "--dry-run=client"), "spec:\n    state: Hibernated")
	require.Equal(t, before, sp.get("dry").Spec)
	twins := &v1.DigitalTwinList{}
	require.NoError(t, sp.admin.List(t.Context(), twins, client.InNamespace(sp.ns)))
	require.Len(t, twins.Items, 1)
	require.ErrorContains(t, sp.run(sp.editor, "restore", "dry", "--dump", "../a", "--dry-run=server").err, "without its folder")
}

// What Git holds is changed in Git; what Git leaves out may be asked for beside
// it.
func TestGitHoldsItsFields(t *testing.T) {
	for name, c := range map[string]struct{ manager, metadata, says string }{
		"argo": {"argocd-controller", `{"annotations":{"argocd.argoproj.io/tracking-id":"app:twin.energytwin.dev/DigitalTwin:x/argo"}}`, "Argo CD manages this twin"},
		"flux": {"kustomize-controller", `{"labels":{"kustomize.toolkit.fluxcd.io/name":"twins"}}`, "Flux manages this twin"},
	} {
		t.Run(name, func(t *testing.T) {
			sp := newSpace(t)
			doc := `{"apiVersion":"twin.energytwin.dev/v1","kind":"DigitalTwin","metadata":` + c.metadata +
				`,"spec":{"state":"Running","dataset":{"synthetic":{}},"timescale":{"managed":{"backup":{"schedule":"0 3 * * *","volume":{}}}}}}`
			u := &unstructured.Unstructured{}
			require.NoError(t, json.Unmarshal([]byte(doc), u))
			u.SetNamespace(sp.ns)
			u.SetName(name)
			require.NoError(t, sp.admin.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(c.manager)))
			sp.ok(sp.viewer, "wait", name)
			require.Contains(t, sp.ok(sp.viewer, "status", name), strings.Fields(c.says)[0])

			for _, args := range [][]string{{"hibernate", name}, {"restore", name, "--dump", "a.dump", "--yes"}} {
				got := sp.run(sp.editor, args...)
				require.Equal(t, ExitFailed, got.code)
				require.ErrorContains(t, got.err, "commit the change to Git, or give --force")
				require.Contains(t, got.errs, c.says)
				require.Contains(t, got.out, "spec:", "the change that belongs in Git is not shown")
			}
			require.Equal(t, v1.StateRunning, sp.get(name).Spec.State)
			require.Nil(t, sp.get(name).Spec.Timescale.Managed.RestoreFrom)

			got := sp.run(sp.editor, "restart", name, "api")
			require.NoError(t, got.err)
			require.Contains(t, got.errs, c.says)
			sp.ok(sp.editor, "backup", "now", name)
			sp.ok(sp.editor, "hibernate", name, "--force")
			require.Equal(t, v1.StateHibernated, sp.get(name).Spec.State)
		})
	}
}

// Nothing of a report holds a value of a Secret, in whichever form a program
// wrote it; nor, for those who may not read Secrets, what has the shape of one.
func TestReportHoldsNoSecret(t *testing.T) {
	sp := newSpace(t)
	const chosen = `hunter2/%"x`
	require.NoError(t, sp.admin.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "bucket-keys"},
		StringData: map[string]string{"accessKeyID": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": chosen},
	}))
	sp.twin("open", `{dataset: {synthetic: {}}, timescale: {managed: {backup: {schedule: "0 3 * * *", s3: {bucket: dumps, secretRef: {name: bucket-keys}}}}}}`)
	sp.ok(sp.viewer, "wait", "open")
	values := map[string]string{}
	for _, name := range []string{"open-credentials", "open-connections", "bucket-keys"} {
		secret := &corev1.Secret{}
		require.NoError(t, sp.admin.Get(t.Context(), client.ObjectKey{Namespace: sp.ns, Name: name}, secret))
		for key, value := range secret.Data {
			if !publicKeys[key] {
				values[name+"/"+key] = string(value)
			}
		}
	}
	require.Greater(t, len(values), 15)
	generated := values["open-credentials/redis-password"]
	forms := func(v string) []string {
		quoted, err := json.Marshal(v)
		require.NoError(t, err)
		return []string{v, url.QueryEscape(v), url.PathEscape(v), base64.StdEncoding.EncodeToString([]byte(v)), strings.Trim(string(quoted), `"`)}
	}
	var said strings.Builder
	for _, v := range values {
		said.WriteString("as it is: " + strings.Join(forms(v), " and ") + "\n")
	}
	shaped := []string{
		"postgres://twin:s3cr3t-word@db:5432/twin", `{"password":"s3cr3t-word","user":"twin"}`, "PGPASSWORD=s3cr3t-word psql",
		"Authorization: Bearer s3cr3t-word-bearer", "GET https://example.org/a.csv?sig=s3cr3t-word&x=1", "token: s3cr3t-word", generated,
		"-----BEGIN EC PRIVATE KEY-----\ns3cr3t-word\n-----END EC PRIVATE KEY-----",
	}
	said.WriteString(strings.Join(shaped, "\n") + "\nan ordinary line, offset=4711\n")
	sp.pod("open", "api", func(p *corev1.Pod) {
		p.Annotations = map[string]string{"example.org/note": "password=s3cr3t-word"}
		p.Spec.Containers[0].Env = append(p.Spec.Containers[0].Env,
			corev1.EnvVar{Name: "MY_PASSWORD", Value: "s3cr3t-word"}, corev1.EnvVar{Name: "DATABASE_URL", Value: generated},
			corev1.EnvVar{Name: "PLAIN", Value: chosen}, corev1.EnvVar{Name: "HARMLESS", Value: "stays"})
	})
	require.NoError(t, sp.admin.Create(t.Context(), &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: sp.ns, Name: "spoken"},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: sp.ns, Name: "open-api-x"}, Reason: "Failed", Message: "login with " + generated + " and " + chosen,
	}))
	text := said.String()
	sp.kubelet.logs.Store(func(pod, container string) string {
		if pod == "open-api-x" {
			return text
		}
		return "log of " + pod + " " + container + "\n"
	})
	reader := sp.person("reader", "energytwin-view", sp.secretReader())
	for who, kubeconfig := range map[string]string{"one who reads Secrets": reader, "a viewer": sp.viewer} {
		file := filepath.Join(t.TempDir(), "report.tar.gz")
		sp.ok(kubeconfig, "report", "open", "--out", file)
		files := unpack(t, file)
		whole := ""
		for name, content := range files {
			whole += name + "\n" + content
			require.NotContains(t, content, "kind: Secret\n", name)
		}
		require.Contains(t, whole, "an ordinary line, offset=4711")
		require.Contains(t, whole, "stays")
		require.Contains(t, files["open/twin.yaml"], "kind: DigitalTwin")
		require.Contains(t, files, "open/pod/open-api-x.yaml")
		for _, secret := range []string{"s3cr3t-word", generated, "AKIAIOSFODNN7EXAMPLE"} {
			if i := strings.Index(whole, secret); i >= 0 {
				t.Errorf("%s, for %s: …%s", secret, who, whole[max(0, i-200):i+len(secret)])
			}
		}
		if kubeconfig == sp.viewer {
			require.Contains(t, files["open/README.txt"], "could not be read")
			continue
		}
		for name, v := range values {
			for _, form := range forms(v) {
				if i := strings.Index(whole, form); i >= 0 {
					t.Errorf("%s, for %s: …%s", name, who, whole[max(0, i-200):i+len(form)])
				}
			}
		}
	}
	got := sp.run(sp.viewer, "report", "open", "--out", sp.viewer)
	require.Error(t, got.err, "a file that is there is not overwritten")
}

// secretReader is a role that reads Secrets.
func (sp *space) secretReader() string {
	sp.t.Helper()
	name := sp.ns + "-secrets"
	require.NoError(sp.t, sp.admin.Create(sp.t.Context(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}}},
	}))
	return name
}

func unpack(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	packed, err := gzip.NewReader(f)
	require.NoError(t, err)
	out := map[string]string{}
	for archive := tar.NewReader(packed); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		content, err := io.ReadAll(archive)
		require.NoError(t, err)
		out[header.Name] = string(content)
	}
}
