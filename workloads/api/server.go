// Package api serves a twin: its REST API, the API's documentation, and the
// user interface.
//
// It has more than 25 files and 3,500 lines, as each subject that can be asked about is a
// file with its operations and their views, and all answer from one server: its database,
// calendar, prices, lanes of work and the moment that an answer is about. What needs no
// server is in the packages below this one.
package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/statusport"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/webhooks"
	"github.com/energytwin/energytwin/internal/tracing"
	core "github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/internal/webhook"
	"github.com/energytwin/energytwin/web"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/gate"
	"github.com/energytwin/energytwin/workloads/api/keptlist"
	"github.com/energytwin/energytwin/workloads/api/middleware"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/openid"
	"github.com/energytwin/energytwin/workloads/api/pages"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/requestid"
	events "github.com/energytwin/energytwin/workloads/api/stream"
	hooks "github.com/energytwin/energytwin/workloads/api/webhook"
	"github.com/energytwin/energytwin/workloads/ingest"
)

// Deps is what the API stands on. DB is required, the rest has defaults.
type Deps struct {
	DB       *reader.DB
	Version  string               // of the binary; "" is "dev"
	Log      *slog.Logger         // nil: the default logger
	Clock    func() time.Time     // nil: time.Now
	Registry *prometheus.Registry // metrics go there; nil: a new one
	Listener net.Listener         // nil: listen on the twin's api.listen
	Stream   *stream.Client       // takes readings from outside; nil where none are accepted
	Requests auth.Rate            // per API key; zero: 50/s, 200 at once
	Failures auth.Rate            // failed sign-ins per address; zero: 1 in 6 s, 20 at once
	Live     events.Source        // of events; nil: nobody can watch
	Watchers events.Limits        // of those who do
	Hooked   hooks.Source         // of events for webhooks, apart from Live; nil: none are sent
	Tracer   *tracing.Tracer      // of requests; nil: they are not traced
}

// server answers requests. Its fields do not change after newServer.
type server struct {
	twin     config.Twin
	base     string // api.basePath without a slash at its end
	db       *reader.DB
	tree     dsm.Tree
	version  string
	log      *slog.Logger
	clock    func() time.Time
	calendar *meter.Calendar
	pricing  *pricing // nil where the prices of the spec cannot be read
	sent     *core.SeriesLog
	guard    *auth.Guard
	signing  *openid.SignIn // nil: with an API key only
	metrics  *middleware.Metrics
	registry *prometheus.Registry
	tracer   *tracing.Tracer
	started  time.Time
	skill    skillOfDay
	size     areaSize
	report   parsedReport
	lists    *keptlist.Lists[meterList]
	work     rateOfWork
	probe    *timescale.DB // for what must answer while all connections are taken: Run gives it one of its own
	ready    readiness

	live  *events.Hub
	hooks *hooks.Service // nil where the twin sends no webhooks

	light, heavy, bulk *gate.Lane // see cost.go
	ingest             ingestion
}

// NewHandler makes everything that the API's port serves.
func NewHandler(twin config.Twin, deps Deps) (http.Handler, error) {
	s, err := newServer(twin, deps)
	if err != nil {
		return nil, err
	}
	return s.handler()
}

// Run serves the API on api.listen, and metrics and probes on
// api.statusListen, until ctx ends. Requests under way may then finish.
func Run(ctx context.Context, twin config.Twin, deps Deps) error {
	s, err := newServer(twin, deps)
	if err != nil {
		return err
	}
	if deps.DB.Pool.Config().MaxConns > 1 { // a server with a single connection has none to spare
		if s.probe, err = deps.DB.OneConnection(); err != nil {
			return fmt.Errorf("api: %w", err)
		}
		defer s.probe.Close()
	}
	handler, err := s.handler()
	if err != nil {
		return err
	}
	listener := deps.Listener
	if listener == nil {
		if listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", twin.API.Listen); err != nil {
			return fmt.Errorf("api: %w; set api.listen to a free address", err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	status := make(chan error, 1)
	go func() { status <- s.serveStatus(ctx, cancel) }()
	sending := s.sendWebhooks(ctx)
	err = serve(ctx, listener, handler, s.live.Close)
	cancel()
	<-sending
	return errors.Join(err, <-status)
}

// serve answers until ctx ends, then lets requests under way finish. closing is called
// before: it ends those that would go on.
func serve(ctx context.Context, l net.Listener, h http.Handler, closing func()) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    middleware.MaxHeaderBytes,
	}
	defer closing()
	done := make(chan error, 1)
	go func() { done <- srv.Serve(middleware.ProblemsOf(l)) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	// The context of the caller has ended; this one bounds the farewell.
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	closing()
	return srv.Shutdown(bye)
}

func newServer(twin config.Twin, deps Deps) (*server, error) {
	if deps.DB == nil {
		return nil, errors.New("api: no database given")
	}
	calendar, err := meter.NewCalendar(twin.Timezone)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	base, err := basePath(twin.API.BasePath)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s := &server{
		twin: twin, base: base, db: deps.DB.Nested(nesting(&twin.Processor.Policy)), tree: twin.Processor.Policy.Tree(), version: deps.Version, log: deps.Log, clock: deps.Clock,
		calendar: calendar, registry: deps.Registry, tracer: deps.Tracer,
	}
	s.setDefaults()
	s.lists = keptlist.New[meterList]()
	s.probe = &deps.DB.DB
	s.light, s.heavy, s.bulk = lanes(int(deps.DB.Pool.Config().MaxConns))
	s.ingest = newIngestion(&s.twin, deps.Stream, deps.DB, s.clock, s.tracer)
	s.guard, err = auth.NewGuard(auth.Options{
		KeysFile: twin.API.APIKeysFile, SecretFile: twin.API.JWTSecretFile, Audience: twin.Namespace + "/" + twin.Name,
		SessionTTL: time.Duration(twin.API.SessionTTL), Ended: deps.DB, Keys: deps.DB, People: peopleOf(twin.API.OIDC),
		Requests: deps.Requests, Failures: deps.Failures, Clock: s.clock, Log: s.log,
	})
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if s.signing, err = s.newSignIn(); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s.sent = &core.SeriesLog{}
	if s.pricing, err = newPricing(twin, calendar); err != nil {
		s.pricing = nil
		s.log.Warn("costs and emissions are not known here", "error", err)
	}
	s.started = s.clock()
	if s.metrics, err = middleware.NewMetrics(s.registry); err != nil {
		return nil, err
	}
	watching, err := events.NewMetrics(s.registry)
	if err != nil {
		return nil, err
	}
	s.live = events.NewHub(events.Options{Source: deps.Live, Expand: s.liveItems, Limits: deps.Watchers, Metrics: watching, Log: s.log})
	if s.hooks, err = s.newWebhooks(deps.Hooked); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if err := s.registry.Register(&riskCollector{s}); err != nil {
		return nil, fmt.Errorf("api metrics: %w", err)
	}
	return s, nil
}

// newWebhooks are the webhooks of the twin; nil if it sends none.
func (s *server) newWebhooks(source hooks.Source) (*hooks.Service, error) {
	of := s.twin.API.Webhooks
	if !of.Enabled {
		return nil, nil
	}
	vault, err := webhook.NewVault(s.guard.SigningSecret())
	if err != nil {
		return nil, err
	}
	metrics, err := hooks.NewMetrics(s.registry)
	if err != nil {
		return nil, err
	}
	if source == nil {
		s.log.Warn("webhooks get no events, as the live stream cannot be read; give the API a user of Redis (redis.external.liveSecretRef)")
	}
	return hooks.New(hooks.Options{
		Store: webhooks.New(&s.db.DB), Vault: vault, Source: source, Expand: s.liveItems, Resolve: s.webhookFilter,
		Twin: s.twin.Namespace + "/" + s.twin.Name, Agent: "EnergyTwin/" + s.version, AllowPrivate: of.AllowPrivate,
		GiveUpAfter: time.Duration(of.GiveUpAfter), Most: of.Max, Metrics: metrics, Log: s.log,
	}), nil
}

// sendWebhooks sends messages until ctx ends. What it returns is closed after the last one.
func (s *server) sendWebhooks(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if s.hooks != nil {
			s.hooks.Run(ctx)
		}
	}()
	return done
}

func (s *server) setDefaults() {
	s.version = cmp.Or(s.version, "dev")
	s.log = cmp.Or(s.log, slog.Default())
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.registry == nil {
		s.registry = statusport.NewRegistry()
	}
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// basePath checks api.basePath: "" or "/" for the root, else a path such as
// /twins/north.
func basePath(p string) (string, error) {
	p = strings.TrimRight(p, "/")
	if p == "" {
		return "", nil
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(p, "/"), "/") {
		if !plainName.MatchString(part) {
			return "", fmt.Errorf("basePath %q: write it as /twins/north, of letters, digits, dots, dashes and underscores", p)
		}
	}
	if !strings.HasPrefix(p, "/") {
		return "", fmt.Errorf("basePath %q: start it with a slash", p)
	}
	return p, nil
}

func (s *server) handler() (http.Handler, error) {
	router, _, err := s.router()
	if err != nil {
		return nil, err
	}
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.CompressionLevel(gzip.BestSpeed), gzhttp.ContentTypes(compressible()))
	if err != nil {
		return nil, fmt.Errorf("api: compression: %w", err)
	}
	return s.underBase(middleware.HeadAsGet(compress(router))), nil
}

func compressible() []string {
	return []string{
		"application/json", problem.MediaType, "application/openapi+json", "text/csv", "text/html", "text/css",
		"application/x-ndjson", "text/plain", "text/javascript", "application/javascript", "image/svg+xml",
	}
}

// router is the table of everything that can be asked for, and the OpenAPI
// document that describes it.
func (s *server) router() (*gin.Engine, []byte, error) {
	gin.SetMode(gin.ReleaseMode) // else gin writes its routes to the standard output
	r := gin.New()
	r.UseRawPath = true // a meter's name may hold an escaped slash
	r.UnescapePathValues = true
	r.RedirectTrailingSlash = false
	r.HandleMethodNotAllowed = true
	if err := r.SetTrustedProxies(s.twin.API.TrustedProxies); err != nil {
		return nil, nil, fmt.Errorf("api: trustedProxies: %w; write addresses or ranges such as 10.0.0.0/8", err)
	}
	scheme, err := middleware.Scheme(s.twin.API.TrustedProxies)
	if err != nil {
		return nil, nil, fmt.Errorf("api: trustedProxies: %w; write addresses or ranges such as 10.0.0.0/8", err)
	}
	limits := middleware.LimitsOf{pathReadings: {Body: ingest.MaxBodyBytes, Time: middleware.Timeout + longestWait}}
	repeatable := middleware.Repeatable{middleware.StreamPath: {"group", "meter", "kind"}, pathOpenADREvents: {"targets"}}
	operations := requestid.Operations{}
	r.Use(operations.Set)
	if s.tracer.On() {
		r.Use(middleware.Traced(s.tracer))
	}
	r.Use(scheme, s.metrics.Observed(s.log, s.clock), middleware.Recovered(s.log), middleware.Secured,
		limits.Bounded, limits.LimitedBody, repeatable.ReadableText, middleware.Acceptable)
	r.NoRoute(func(c *gin.Context) {
		problem.Abort(c, problem.New(http.StatusNotFound, problem.CodeUnknownPath, "",
			"there is nothing at "+s.base+c.Request.URL.Path+"; "+s.base+"/docs shows what there is"))
	})
	r.NoMethod(func(c *gin.Context) {
		allowed := c.Writer.Header().Get("Allow")
		if slices.Contains(strings.Split(allowed, ", "), http.MethodGet) {
			allowed += ", " + http.MethodHead // which HeadAsGet answers
			c.Header("Allow", allowed)
		}
		problem.Abort(c, problem.New(http.StatusMethodNotAllowed, problem.CodeMethod, "",
			c.Request.Method+" is not possible here; use "+strings.ReplaceAll(allowed, ", ", " or ")))
	})
	s.site().Register(r)
	if s.signing != nil {
		s.signing.Register(r)
	}
	cfg := openapi.Config(s.base)
	cfg.Transformers = append(cfg.Transformers, pickFields)
	open := openapi.New(cfg, r, r.Group(""))
	s.openOperations(open)
	guarded := openapi.New(cfg, r, r.Group("", s.guard.Authenticated, s.admitted, middleware.WithETag))
	s.operations(guarded)
	s.streamOperation(openapi.New(cfg, r, r.Group("", s.guard.Authenticated)))
	openapi.Operations(open.OpenAPI(), operations)
	doc, err := openapi.Document(open)
	if err != nil {
		return nil, nil, fmt.Errorf("api: %w", err)
	}
	r.GET("/openapi.json", func(c *gin.Context) {
		c.Header("Cache-Control", "no-cache")
		c.Data(http.StatusOK, "application/openapi+json", doc)
	})
	return r, doc, nil
}

// site is what the pages show.
func (s *server) site() pages.Site {
	files, built := web.Files()
	return pages.Site{
		Name: s.twin.Name, Namespace: s.twin.Namespace, Version: s.version, Base: s.base,
		Grafana: s.twin.API.GrafanaURL, Files: files, Built: built, Cookie: auth.SessionCookie,
	}
}

// underBase serves everything below api.basePath, and nothing else.
func (s *server) underBase(next http.Handler) http.Handler {
	if s.base == "" {
		return next
	}
	stripped := http.StripPrefix(s.base, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == s.base {
			http.Redirect(w, r, s.base+"/", http.StatusPermanentRedirect)
			return
		}
		if strings.HasPrefix(r.URL.Path, s.base+"/") {
			stripped.ServeHTTP(w, r)
			return
		}
		body := problem.New(http.StatusNotFound, problem.CodeUnknownPath, "", "this twin is served under "+s.base+"/")
		w.Header().Set("Content-Type", problem.MediaType)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(http.StatusNotFound)
		_ = huma.DefaultJSONFormat.Marshal(w, body)
	})
}
