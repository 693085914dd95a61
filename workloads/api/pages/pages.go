// Package pages serves what people look at in a browser: the start page, the
// user interface and the API's documentation.
package pages

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

//go:embed start.html
var startHTML string

//go:embed unbuilt.html
var unbuiltHTML string

//go:embed notice.html
var noticeHTML string

// Site is a twin as its pages show it.
type Site struct {
	Name, Namespace string // of the twin
	Version         string // of the binary
	Base            string // api.basePath without a slash at its end
	Grafana         string // URL of its dashboards; "" if it has none
	Files           fs.FS  // of the web build
	Built           bool   // false: Files lacks the web build
	Cookie          string // name of the cookie that a session has
}

// Register adds the pages to a router.
func (s Site) Register(r *gin.Engine) {
	start := template.Must(template.New("start").Parse(startHTML))
	unbuilt := template.Must(template.New("unbuilt").Parse(unbuiltHTML))
	assets := packed{files: s.Files}
	r.GET("/", func(c *gin.Context) { s.render(c, start) })
	r.GET("/docs", s.appOr(unbuilt, "docs.html"))
	r.GET("/ui", s.appOr(unbuilt, "index.html"))
	r.GET("/ui/*file", func(c *gin.Context) {
		if name := strings.TrimPrefix(path.Clean(c.Param("file")), "/"); s.isAsset(name) {
			s.asset(c, &assets, name)
			return
		}
		// Any other address below /ui is a view of the user interface.
		s.appOr(unbuilt, "index.html")(c)
	})
	r.GET("/favicon.ico", func(c *gin.Context) { c.Redirect(http.StatusFound, s.Base+"/ui/favicon.svg") })
}

// Notice is a page that explains why something did not happen.
type Notice struct {
	Title    string
	Text     []string // paragraphs
	Link     string   // where to go on
	LinkText string
}

// Notice answers with a page of a status.
func (s Site) Notice(c *gin.Context, status int, n Notice) {
	s.renderAs(c, status, template.Must(template.New("notice").Parse(noticeHTML)), n)
}

// pageView is what the templates show.
type pageView struct {
	Site
	Nonce  string
	Notice Notice
}

func (s Site) render(c *gin.Context, t *template.Template) { s.renderAs(c, http.StatusOK, t, Notice{}) }

func (s Site) renderAs(c *gin.Context, status int, t *template.Template, n Notice) {
	nonce, err := newNonce()
	if err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	var page bytes.Buffer
	err = t.Execute(&page, pageView{Site: s, Nonce: nonce, Notice: n})
	if err != nil {
		panic(err) // a template that does not fit its view: recovered and logged
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+
		"'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	if c.Writer.Header().Get("Cache-Control") == "" {
		c.Header("Cache-Control", "no-cache")
	}
	c.Data(status, "text/html; charset=utf-8", page.Bytes())
}

// appOr serves a page of the web build, or explains how to build it.
func (s Site) appOr(unbuilt *template.Template, file string) gin.HandlerFunc {
	return func(c *gin.Context) {
		if !s.Built {
			s.render(c, unbuilt)
			return
		}
		s.appPage(c, file)
	}
}

// appPage serves an HTML file of the build. Its base element gives the scripts
// under which path this twin is served; its nonce lets the component library
// add styles; and it knows whether the browser sends a session's cookie, whether
// good or not, so that who has one is answered sooner.
func (s Site) appPage(c *gin.Context, file string) {
	text, err := fs.ReadFile(s.Files, file)
	if err != nil {
		problem.Abort(c, problem.New(http.StatusNotFound, problem.CodeUnknownPath, "", file+" is not part of this build"))
		return
	}
	nonce, err := newNonce()
	if err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	session := "none"
	if _, err := c.Request.Cookie(s.Cookie); err == nil {
		session = "cookie"
	}
	html := strings.NewReplacer(`<base href="/ui/"`, `<base href="`+s.Base+`/ui/"`, "%CSP_NONCE%", nonce, "%SESSION%", session).Replace(string(text))
	c.Header("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"+nonce+
		"'; font-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'")
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(html))
}

func (s Site) isAsset(name string) bool {
	if !s.Built || name == "" || strings.HasSuffix(name, ".html") {
		return false
	}
	info, err := fs.Stat(s.Files, name)
	return err == nil && !info.IsDir()
}

// asset serves a file of the build. Names below assets/ hold a hash of their
// content, so a browser may keep them.
func (s Site) asset(c *gin.Context, assets *packed, name string) {
	if strings.HasPrefix(name, "assets/") {
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		c.Header("Cache-Control", "public, max-age=3600")
	}
	if !assets.serve(c.Writer, c.Request, name) {
		http.ServeFileFS(c.Writer, c.Request, s.Files, name)
	}
}

func newNonce() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
