package e2e

import (
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// TestCredentials: passwords are changed, lost, kept and lost again under a
// running twin. Each time it goes on with its data, and the old passwords let
// nobody in.
func TestCredentials(t *testing.T) {
	s := connect(t).space(t, "e2e-credentials")
	const name = "vault"
	twin := s.synthetic(name, 20, 365, "7200")
	twin.Spec.DeletionPolicy = v1.DeletionRetain
	s.make(twin.DeepCopy())
	s.ready(name)
	stored := s.flows(name, 0)

	t.Log("change every password")
	before := s.secret(resources.CredentialsName(name))
	pods := s.pods(resources.Name(name, ""))
	s.writeSecret(name, newPasswords())
	s.replaced(name, pods, "kafka-", "redis-", "timescale-", "generator-", "processor-", "api-")
	s.rejects(name, before)
	stored = s.flows(name, stored)

	t.Log("lose every password")
	before = s.secret(resources.CredentialsName(name))
	pods = s.pods(resources.Name(name, ""))
	require.NoError(t, s.Delete(t.Context(), &corev1.Secret{ObjectMeta: s.meta(resources.CredentialsName(name))}))
	s.replaced(name, pods, "kafka-", "redis-", "timescale-", "generator-", "processor-", "api-")
	s.rejects(name, before)
	stored = s.flows(name, stored)

	t.Log("delete the twin under Retain, and make it again")
	before = s.secret(resources.CredentialsName(name))
	s.remove(name)
	s.nothingIsLeft(name, retained)
	s.make(twin.DeepCopy())
	s.ready(name)
	require.Equal(t, before, s.secret(resources.CredentialsName(name)))
	require.GreaterOrEqual(t, s.asked(name, "").Counts.Stored, stored, "data were lost")
	stored = s.flows(name, stored)

	t.Log("delete the twin under Retain, lose its passwords, and make it again")
	s.remove(name)
	s.nothingIsLeft(name, retained)
	require.NoError(t, s.Delete(t.Context(), &corev1.Secret{ObjectMeta: s.meta(resources.CredentialsName(name))}))
	s.make(twin.DeepCopy())
	s.ready(name)
	s.rejects(name, before)
	require.GreaterOrEqual(t, s.asked(name, "").Counts.Stored, stored, "data were lost")
	s.flows(name, stored)
}

// newPasswords are values for all keys, as a person would write them.
func newPasswords() map[string][]byte {
	out := map[string][]byte{}
	for _, key := range resources.CredentialKeys() {
		random := make([]byte, resources.CredentialBytes)
		_, _ = rand.Read(random) // it never fails
		out[key] = []byte(resources.CredentialFrom(key, random))
	}
	return out
}

// writeSecret writes values into a twin's credentials.
func (s *space) writeSecret(twin string, values map[string][]byte) {
	s.t.Helper()
	secret := &corev1.Secret{ObjectMeta: s.meta(resources.CredentialsName(twin))}
	before := secret.DeepCopy()
	secret.Data = values
	patch, err := client.MergeFrom(before).Data(secret)
	require.NoError(s.t, err)
	require.NoError(s.t, s.Patch(s.t.Context(), secret, client.RawPatch(types.MergePatchType, patch)))
}

// flows waits until more readings are stored than before, through every store,
// and gives their number.
func (s *space) flows(twin string, before int64) int64 {
	s.t.Helper()
	var now int64
	eventually(s.t, fmt.Sprintf("more than %d readings in %s/%s", before, s.name, twin), func() (string, bool) {
		now = s.asked(twin, "").Counts.Stored
		return "no more are stored", now > before
	})
	return now
}

// replaced waits until the pods of some components are others than before, and
// the twin is Ready.
func (s *space) replaced(twin string, before map[string]corev1.Pod, components ...string) {
	s.t.Helper()
	for _, component := range components {
		eventually(s.t, "other pods of "+component, func() (string, bool) {
			now := s.pods(resources.Name(twin, component))
			for name, pod := range now {
				if pod.UID == before[name].UID || !podReady(&pod) {
					return name + " is the one before, or not ready", false
				}
			}
			return "there are none", len(now) > 0
		})
	}
	s.ready(twin)
}

// rejects checks that old passwords let nobody in any more.
func (s *space) rejects(twin string, old map[string][]byte) {
	s.t.Helper()
	_, err := s.get(s.t.Context(), twin, "/api/v1/twin", string(old[resources.KeyAPIKey]))
	require.True(s.t, apierrors.IsUnauthorized(err), "the API and its old key: %v", err)
	address := s.database(twin, resources.ReaderRole, resources.KeyReaderPassword)
	conn, err := pgx.Connect(s.t.Context(), address)
	require.NoError(s.t, err, "the new password of the database")
	require.NoError(s.t, conn.Close(s.t.Context()))
	config, err := pgx.ParseConfig(address)
	require.NoError(s.t, err)
	config.Password = string(old[resources.KeyReaderPassword])
	_, err = pgx.ConnectConfig(s.t.Context(), config)
	require.ErrorContains(s.t, err, "password authentication failed")
}
