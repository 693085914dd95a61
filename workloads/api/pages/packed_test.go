package pages

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

// site is a router with a build of these files.
func site(t *testing.T, files map[string]string) http.Handler {
	t.Helper()
	built := fstest.MapFS{}
	for name, content := range files {
		built[name] = &fstest.MapFile{Data: []byte(content)}
	}
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	Site{Files: built, Built: true, Cookie: "session"}.Register(r)
	return r
}

func ask(h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAssetsArePackedForWhoTakesGzip(t *testing.T) {
	script := strings.Repeat("export const kilowatts = 1;\n", 200)
	h := site(t, map[string]string{"assets/first.js": script, "assets/small.js": "1", "assets/font.woff2": script})

	for _, takes := range []string{"gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.5", "deflate,gzip ; q=1"} {
		w := ask(h, "/ui/assets/first.js", "Accept-Encoding", takes)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "gzip", w.Header().Get("Content-Encoding"), takes)
		require.Less(t, w.Body.Len(), len(script)/10)
		require.Contains(t, w.Header().Get("Content-Type"), "javascript")
		require.Equal(t, "Accept-Encoding", w.Header().Get("Vary"))
		require.Contains(t, w.Header().Get("Cache-Control"), "immutable")
		unpack, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
		require.NoError(t, err)
		plain, err := io.ReadAll(unpack)
		require.NoError(t, err)
		require.Equal(t, script, string(plain))
	}
	for _, takesNot := range []string{"", "identity", "br", "gzip;q=0", "gzip;q=0.0, br", "x-gzipped"} {
		w := ask(h, "/ui/assets/first.js", "Accept-Encoding", takesNot)
		require.Empty(t, w.Header().Get("Content-Encoding"), takesNot)
		require.Equal(t, script, w.Body.String())
		require.Equal(t, "Accept-Encoding", w.Header().Get("Vary"), "a cache has to know of the packed one")
	}

	part := ask(h, "/ui/assets/first.js", "Accept-Encoding", "gzip", "Range", "bytes=0-5")
	require.Equal(t, http.StatusPartialContent, part.Code)
	require.Equal(t, "export", part.Body.String())

	require.Equal(t, "1", ask(h, "/ui/assets/small.js", "Accept-Encoding", "gzip").Body.String())
	font := ask(h, "/ui/assets/font.woff2", "Accept-Encoding", "gzip")
	require.Empty(t, font.Header().Get("Content-Encoding"))
	require.Empty(t, font.Header().Get("Vary"))
}

func TestPageKnowsWhetherThereIsASession(t *testing.T) {
	h := site(t, map[string]string{"index.html": `<base href="/ui/" /><meta name="session" content="%SESSION%" />`})
	require.Contains(t, ask(h, "/ui/").Body.String(), `content="none"`)
	require.Contains(t, ask(h, "/ui/groups", "Cookie", "session=x").Body.String(), `content="cookie"`)
	require.Contains(t, ask(h, "/ui/", "Cookie", "other=x").Body.String(), `content="none"`)
}
