package webhook

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestVaultOpensWhatItClosedAndNothingElse(t *testing.T) {
	v, err := NewVault([]byte("a secret of this test, which is long"))
	require.NoError(t, err)
	other, err := NewVault([]byte("another secret of this test"))
	require.NoError(t, err)
	of := Version{ID: uuid.New(), Number: 2, By: "operator", At: time.Now()}
	want := Settings{Name: "billing", URL: "https://a.example/secret-path", Secret: NewSecret()}
	require.NoError(t, v.Close(&of, &want))
	require.NotContains(t, string(of.Sealed), "secret-path")
	got, err := v.Open(&of)
	require.NoError(t, err)
	require.Equal(t, want, got)
	_, err = other.Open(&of)
	require.ErrorIs(t, err, ErrForged)
	for name, change := range map[string]func(*Version){
		"for another webhook": func(v *Version) { v.ID = uuid.New() },
		"for a later version": func(v *Version) { v.Number++ },
		"deleted":             func(v *Version) { v.Deleted = true },
		"by somebody else":    func(v *Version) { v.By = "x" },
		"at another time":     func(v *Version) { v.At = v.At.Add(time.Second) },
		"one bit":             func(v *Version) { v.Sealed[len(v.Sealed)-1] ^= 1 },
	} {
		forged := of
		forged.Sealed = append([]byte(nil), of.Sealed...)
		change(&forged)
		_, err := v.Open(&forged)
		require.ErrorIs(t, err, ErrForged, name)
	}
}

func TestMessagesBearTheirSeal(t *testing.T) {
	v, err := NewVault([]byte("a secret of this test, which is long"))
	require.NoError(t, err)
	m := Message{Webhook: uuid.New(), ID: "evt_1", Body: []byte("{}")}
	v.Mark(&m)
	require.True(t, v.Made(&m))
	for _, forged := range []Message{
		{Webhook: uuid.New(), ID: m.ID, Body: m.Body, Seal: m.Seal},
		{Webhook: m.Webhook, ID: "evt_2", Body: m.Body, Seal: m.Seal},
		{Webhook: m.Webhook, ID: m.ID, Body: []byte("[]"), Seal: m.Seal},
		{Webhook: m.Webhook, ID: m.ID + "{", Body: []byte("}"), Seal: m.Seal},
		{Webhook: m.Webhook, ID: m.ID, Body: m.Body},
	} {
		require.False(t, v.Made(&forged))
	}
}
