package api

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/api/client"
)

func TestTheClientReadsWebhooks(t *testing.T) {
	h := newHookedAPI(t, true)
	in := newHookReceiver(t)
	hook := h.newHook(t, in.URL, `,"kinds":["limit"]`)
	in.secret = hook.Secret
	seen := &recorder{}
	twin := clientOf(t, serveOnLoopback(t, h.api), h.keys["operator"], client.WithHTTPClient(&http.Client{Transport: seen}))
	ctx := t.Context()
	same := func(answer any, err error) {
		t.Helper()
		require.NoError(t, err)
		again, err := json.Marshal(answer)
		require.NoError(t, err)
		require.JSONEq(t, string(seen.last), string(again))
	}
	tested, err := twin.TestWebhook(ctx, hook.ID)
	same(tested, err)
	listed, err := twin.Webhooks(ctx)
	same(listed, err)
	one, err := twin.Webhook(ctx, hook.ID)
	same(one, err)
	deliveries, err := twin.WebhookDeliveries(ctx, hook.ID, nil)
	same(deliveries, err)
	delivery, err := twin.WebhookDelivery(ctx, hook.ID, tested.Data.ID)
	same(delivery, err)
	require.NoError(t, twin.DeleteWebhook(ctx, hook.ID))
}
