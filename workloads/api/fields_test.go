package api

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A list has the fields that are asked for, with the values that it has without the
// parameter.
func TestFields(t *testing.T) {
	a := newTestAPI(t, nil)
	for path, names := range map[string][]string{
		"/api/v1/meters?limit=5":           {"id", "lastKwh"},
		"/api/v1/groups?":                  {"children", "id"},
		"/api/v1/decisions?action=any":     {"title", "id", "savingP50"},
		"/api/v1/decisions?about=group":    {"status"},
		"/api/v1/meters?sort=id&limit=100": {"group"},
	} {
		all := read[[]map[string]any](t, a, path)
		fields := names[0]
		for _, n := range names[1:] {
			fields += "," + n
		}
		some := read[[]map[string]any](t, a, path+"&fields="+fields)
		require.NotEmpty(t, some.Data)
		require.Equal(t, all.Page, some.Page)
		require.Equal(t, all.Meta, some.Meta)
		for i, item := range some.Data {
			require.Len(t, item, len(names))
			for _, n := range names {
				require.Equal(t, all.Data[i][n], item[n], path)
			}
		}
	}
	w := a.get("/api/v1/meters?limit=1&fields=status,id")
	var answer struct{ Data []json.RawMessage }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.Regexp(t, `^\{"status":"[a-z]+","id":"home-000001"\}$`, string(answer.Data[0]), "in the order in which they were asked for")

	rows, err := csv.NewReader(a.get("/api/v1/decisions?action=any&format=csv&fields=savingP50,id").Body).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"savingP50", "id"}, rows[0])
}

func TestUnknownFields(t *testing.T) {
	a := newTestAPI(t, nil)
	for _, path := range []string{"/api/v1/meters?fields=id,nosuch", "/api/v1/groups?fields=nosuch", "/api/v1/decisions?fields=plan", "/api/v1/meters?fields=,", "/api/v1/meters?fields="} {
		w := a.get(path)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, path)
		require.Equal(t, "fields", problemIn(t, w).Field, path)
	}
	require.Contains(t, problemIn(t, a.get("/api/v1/groups?fields=nosuch")).Detail, "id, parent, children")
}
