package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func answerDecision(a *api, id, body string) *httptest.ResponseRecorder {
	return a.send("POST", "/api/v1/decisions/"+id+"/feedback", body, "X-API-Key", a.keys["operator"], "Content-Type", "application/json")
}

type feedbackAnswer struct {
	ID       string     `json:"id"`
	Feedback string     `json:"feedback"`
	History  []Feedback `json:"feedbackHistory"`
}

func openDecision(t *testing.T, a *api, place int) string {
	t.Helper()
	found := read[[]headerAnswer](t, a, "/api/v1/decisions?action=any&status=open&inForce=true&about=meter&limit=10&feedback=none").Data
	require.Greater(t, len(found), place)
	return found[place].ID
}

func TestFeedbackIsKeptAndShown(t *testing.T) {
	a := newTestAPI(t, nil)
	id := openDecision(t, a, 0)
	before := read[KPIs](t, a, "/api/v1/kpis?to=now%2B3d").Data.Feedback
	w := answerDecision(a, id, `{"verdict":"rejected","comment":"the boiler is broken","after":0}`)
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	var answer Answer[Feedback]
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.Equal(t, 1, answer.Data.Version)
	require.Equal(t, "operator", answer.Data.By)
	require.WithinDuration(t, time.Now(), answer.Data.At, time.Hour)

	requireProblem(t, answerDecision(a, id, `{"verdict":"accepted","after":0}`), 409, "feedback_changed", "after")
	require.Equal(t, http.StatusCreated, answerDecision(a, id, `{"verdict":"accepted","after":1}`).Code)
	shown := read[feedbackAnswer](t, a, "/api/v1/decisions/"+id).Data
	require.Equal(t, "accepted", shown.Feedback)
	require.Equal(t, []string{"accepted", "rejected"}, []string{shown.History[0].Verdict, shown.History[1].Verdict})
	require.Equal(t, "the boiler is broken", shown.History[1].Comment)

	has := func(filter string) bool {
		return slices.ContainsFunc(read[[]feedbackAnswer](t, a, "/api/v1/decisions?limit=1000&status=open&"+filter).Data, func(d feedbackAnswer) bool { return d.ID == id })
	}
	require.True(t, has("feedback=accepted"))
	require.False(t, has("feedback=rejected"), "the newest counts")
	require.False(t, has("feedback=none"))

	after := read[KPIs](t, a, "/api/v1/kpis?to=now%2B3d").Data.Feedback
	require.Equal(t, before.Accepted+1, after.Accepted)
	require.Equal(t, before.Rejected, after.Rejected)
	require.NotNil(t, after.AcceptedShare)
	require.InDelta(t, float64(after.Followed)/float64(after.Accepted+after.Followed), *after.FollowedShare, 1e-6)
}

func TestFeedbackThatADecisionDoesNotTake(t *testing.T) {
	a := newTestAPI(t, nil)
	now := *read[[]headerAnswer](t, a, "/api/v1/decisions?limit=1").Meta.AsOf
	id := openDecision(t, a, 1)
	planned := read[[]headerAnswer](t, a, "/api/v1/decisions?action=any&status=planned&inForce=true&limit=1").Data
	past := read[[]headerAnswer](t, a, "/api/v1/decisions?action=any&status=past&inForce=true&limit=1").Data[0].ID
	none := read[[]headerAnswer](t, a, "/api/v1/decisions?action=none&limit=1&from=now-30d").Data
	for _, c := range []struct {
		id, body    string
		status      int
		code, field string
	}{
		{"01890a5d-ac96-774b-bcce-b302099a8057", `{"verdict":"accepted"}`, 404, "unknown_decision", "id"},
		{id, `{"verdict":"maybe"}`, 422, "invalid_body", "verdict"},
		{id, `{}`, 422, "invalid_body", ""},
		{id, `{"verdict":"accepted","until":"2030-01-01T00:00:00Z"}`, 422, "invalid_body", "until"},
		{id, `{"verdict":"snoozed"}`, 422, "invalid_body", "until"},
		{id, fmt.Sprintf(`{"verdict":"snoozed","until":%q}`, now.Format(time.RFC3339)), 422, "invalid_body", "until"},
		{id, fmt.Sprintf(`{"verdict":"snoozed","until":%q}`, now.AddDate(1, 0, 0).Format(time.RFC3339)), 422, "invalid_body", "until"},
		{id, `{"verdict":"accepted","comment":"a\u0000b"}`, 422, "invalid_body", "comment"},
		{past, `{"verdict":"accepted"}`, 409, "decision_closed", ""},
	} {
		w := answerDecision(a, c.id, c.body)
		if c.field == "" && c.status == 422 {
			require.Equal(t, 422, w.Code, w.Body)
			continue
		}
		requireProblem(t, w, c.status, c.code, c.field)
	}
	if len(planned) > 0 {
		requireProblem(t, answerDecision(a, planned[0].ID, `{"verdict":"followed"}`), 409, "decision_not_begun", "")
	}
	if len(none) > 0 {
		requireProblem(t, answerDecision(a, none[0].ID, `{"verdict":"accepted"}`), 409, "decision_closed", "")
	}
	require.Equal(t, http.StatusCreated, answerDecision(a, past, `{"verdict":"followed"}`).Code)
	require.Equal(t, http.StatusCreated, answerDecision(a, id, fmt.Sprintf(`{"verdict":"snoozed","until":%q}`, now.Add(time.Hour).Format(time.RFC3339))).Code)
	w := a.send("POST", "/api/v1/decisions/"+id+"/feedback", `{"verdict":"accepted"}`, "X-API-Key", a.keys["reader"], "Content-Type", "application/json")
	requireProblem(t, w, 403, "scope_missing", "")
}

// People who answer at the same moment all get a version of their own.
func TestFeedbackAtTheSameMoment(t *testing.T) {
	a := newTestAPI(t, nil)
	id := openDecision(t, a, 2)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() { answerDecision(a, id, `{"verdict":"accepted"}`) })
	}
	wg.Wait()
	history := read[feedbackAnswer](t, a, "/api/v1/decisions/"+id).Data.History
	require.Len(t, history, 6)
	for i, f := range history {
		require.Equal(t, 6-i, f.Version)
	}
	if !storeOne {
		for _, statement := range []string{`DELETE FROM decision_feedback`, `UPDATE decision_feedback SET verdict = 'accepted'`} {
			_, err := store.Pool.Exec(t.Context(), statement)
			require.ErrorContains(t, err, "permission denied")
		}
	}
}
