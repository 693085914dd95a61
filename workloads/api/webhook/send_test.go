package webhook

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/energytwin/energytwin/internal/webhook"
)

func TestCheckURL(t *testing.T) {
	for address, want := range map[string]struct{ public, private string }{
		"https://example.org/hook?a=b":                      {"", ""},
		"https://example.org:8443/":                         {"", ""},
		"https://93.184.215.14/":                            {"", ""},
		"https://[2606:2800:21f::1]/":                       {"", ""},
		"http://example.org/":                               {"use https", ""},
		"https://example.org:25/":                           {"443 or 8443", ""},
		"https://127.0.0.1/":                                {"not public", ""},
		"https://10.1.2.3/":                                 {"not public", ""},
		"https://[::1]/":                                    {"not public", ""},
		"https://[fd12::1]/":                                {"not public", ""},
		"https://[::ffff:10.0.0.1]/":                        {"not public", ""},
		"https://[64:ff9b::7f00:1]/":                        {"not public", ""},
		"https://169.254.169.254/":                          {"not public", "not public"},
		"https://[::ffff:169.254.169.254]":                  {"not public", "not public"},
		"https://[fe80::1]/":                                {"not public", "not public"},
		"https://[fd00:ec2::254]/":                          {"not public", "not public"},
		"https://0.0.0.0/":                                  {"not public", "not public"},
		"https://224.0.0.1/":                                {"not public", "not public"},
		"https://u:p@example.org/":                          {"user name", "user name"},
		"https://example.org/#a":                            {"what follows #", "what follows #"},
		"ftp://example.org/":                                {"use https", "use https"},
		"https:///path":                                     {"such as https://", "such as https://"},
		"https://example.org:0/":                            {"the port", "the port"},
		"https://example.org:99999/":                        {"the port", "the port"},
		"example.org":                                       {"such as https://", "such as https://"},
		"https://example.org/\n":                            {"such as https://", "such as https://"},
		"https://example.org/ " + strings.Repeat("a", 2048): {"at most 2048", "at most 2048"},
	} {
		for allow, fault := range map[bool]string{false: want.public, true: want.private} {
			err := CheckURL(address, allow)
			if fault == "" {
				require.NoError(t, err, "%s, private allowed: %t", address, allow)
				continue
			}
			require.ErrorContains(t, err, fault, "%s, private allowed: %t", address, allow)
		}
	}
}

func TestConnectionsGoToPublicAddressesOnly(t *testing.T) {
	check, private := control(false), control(true)
	for address, want := range map[string]struct{ public, private bool }{
		"93.184.215.14:443":         {true, true},
		"93.184.215.14:8443":        {true, true},
		"[2606:2800:21f::1]:443":    {true, true},
		"93.184.215.14:25":          {false, true},
		"127.0.0.1:443":             {false, true},
		"0.0.0.0:443":               {false, false},
		"10.0.0.1:443":              {false, true},
		"172.31.255.255:443":        {false, true},
		"192.168.0.1:443":           {false, true},
		"100.64.0.1:443":            {false, true}, // CGNAT
		"169.254.169.254:443":       {false, false},
		"192.0.0.1:443":             {false, true},
		"198.18.0.1:443":            {false, true},
		"224.0.0.1:443":             {false, false},
		"240.0.0.1:443":             {false, true},
		"255.255.255.255:443":       {false, true},
		"[::]:443":                  {false, false},
		"[::1]:443":                 {false, true},
		"[::ffff:10.0.0.1]:443":     {false, true},  // IPv4-mapped
		"[::ffff:169.254.1.1]:443":  {false, false}, // likewise
		"[64:ff9b::a00:1]:443":      {false, true},  // NAT64
		"[64:ff9b:1::a00:1]:443":    {false, true},  // NAT64 of a network
		"[2002:a00:1::1]:443":       {false, true},  // 6to4
		"[2001:0:a00:1::1]:443":     {false, true},  // Teredo
		"[fd00:ec2::254]:443":       {false, false},
		"[fe80::1%eth0]:443":        {false, false},
		"[fc00::1]:443":             {false, true},
		"[ff02::1]:443":             {false, false},
		"[2001:db8::1]:443":         {false, true},
		"[3fff::1]:443":             {false, true},
		"not an address":            {false, false},
		"[fe80::a9fe:a9fe%lo0]:443": {false, false},
	} {
		network := "tcp4"
		if strings.HasPrefix(address, "[") {
			network = "tcp6"
		}
		require.Equal(t, want.public, check(network, address, nil) == nil, address)
		require.Equal(t, want.private, private(network, address, nil) == nil, "%s where private ones are allowed", address)
	}
	require.Error(t, check("udp4", "93.184.215.14:443", nil))
}

// nameServer answers questions of one kind after another with addresses, the last one for ever.
func nameServer(t *testing.T, addresses ...string) (*net.Resolver, *atomic.Int32) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	asked := &atomic.Int32{}
	go func() {
		question := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(question[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Response, m.Additionals = true, nil
			q := m.Questions[0]
			header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type}
			address := netip.MustParseAddr(addresses[min(int(asked.Load()), len(addresses)-1)])
			switch {
			case q.Type == dnsmessage.TypeA && address.Is4():
				asked.Add(1)
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: address.As4()}})
			case q.Type == dnsmessage.TypeAAAA && address.Is6():
				asked.Add(1)
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: address.As16()}})
			}
			if answer, err := m.Pack(); err == nil {
				_, _ = server.WriteTo(answer, from)
			}
		}
	}()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	return resolver, asked
}

// A name that was public when it was checked, and leads elsewhere when it is connected to.
func TestNamesThatLeadToPrivateAddresses(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "10.0.0.5", "169.254.169.254", "100.100.100.200", "::1", "fd00:ec2::254", "64:ff9b::7f00:1", "::ffff:127.0.0.1"} {
		resolver, asked := nameServer(t, "93.184.215.14", address)
		if strings.Contains(address, ":") {
			resolver, asked = nameServer(t, address)
			asked.Store(1)
		} else {
			found, err := resolver.LookupHost(t.Context(), "receiver.example.")
			require.NoError(t, err)
			require.Equal(t, []string{"93.184.215.14"}, found)
		}
		s := newSender("test", false, resolver)
		h := &webhook.Webhook{Settings: webhook.Settings{URL: "https://receiver.example./", Secret: webhook.NewSecret()}}
		o, _ := s.send(t.Context(), h, &webhook.Message{ID: "msg_1", Body: []byte("{}")})
		require.Greater(t, asked.Load(), int32(1), "the name is looked up again")
		require.False(t, o.Delivered)
		require.Zero(t, o.Status, address)
		require.Equal(t, notPublic, o.Error, address)
		require.NotContains(t, o.Error, address)
	}
}

// trusting is a sender that trusts the certificate of a test server.
func trusting(t *testing.T, server *httptest.Server) *sender {
	t.Helper()
	s := newSender("EnergyTwin/test", true, nil)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	transport, ok := s.client.Transport.(*http.Transport)
	require.True(t, ok)
	transport.TLSClientConfig.RootCAs = pool
	return s
}

func TestSendSignsAsStandardWebhooks(t *testing.T) {
	settings := webhook.Settings{Secret: webhook.NewSecret(), Before: webhook.NewSecret(), BeforeEndsAt: time.Now().Add(time.Hour)}
	body := []byte(`{"a":"b"}`)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != string(body) || r.Method != http.MethodPost || r.Header.Get("User-Agent") != "EnergyTwin/test" || r.Header.Get("Idempotency-Key") != "msg_1" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		for _, secret := range [][]byte{settings.Secret, settings.Before} {
			by, err := standardwebhooks.NewWebhook(Secret(secret))
			if err != nil || by.Verify(got, r.Header) != nil {
				w.WriteHeader(http.StatusTeapot)
				return
			}
		}
		by, _ := standardwebhooks.NewWebhookRaw(webhook.NewSecret())
		if by.Verify(got, r.Header) == nil || by.Verify(append(got, ' '), r.Header) == nil {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()
	settings.URL = server.URL
	s := trusting(t, server)
	m := &webhook.Message{ID: "msg_1", Body: body}
	o, _ := s.send(t.Context(), &webhook.Webhook{Settings: settings}, m)
	require.True(t, o.Delivered, o.Error)
	require.Empty(t, o.Error)
	require.Equal(t, http.StatusOK, o.Status)

	settings.BeforeEndsAt = time.Now().Add(-time.Second)
	signatures, err := signed(&settings, m, time.Now())
	require.NoError(t, err)
	require.Len(t, strings.Fields(signatures), 1, "the secret before the rotation signs no more")
	_, public := newSender("x", false, nil).send(t.Context(), &webhook.Webhook{Settings: settings}, m)
	require.Zero(t, public)
	o, _ = newSender("x", false, nil).send(t.Context(), &webhook.Webhook{Settings: settings}, m)
	require.NotEmpty(t, o.Error, "an address that was allowed before is checked again")
}

func TestAnswersOfReceivers(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/204", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	mux.HandleFunc("/busy-for-ever", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "99999999999")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for block := make([]byte, 32<<10); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/headers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Large", strings.Repeat("a", 64<<10))
	})
	mux.HandleFunc("/hangs-up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	server := httptest.NewServer(mux)
	defer server.Close()
	s := newSender("test", true, nil)
	for path, want := range map[string]struct {
		status    int
		delivered bool
		wait      time.Duration
		fault     string
	}{
		"/204":           {status: 204, delivered: true},
		"/endless":       {status: 200, delivered: true},
		"/redirect":      {status: 307, fault: "redirect"},
		"/gone":          {status: 410, fault: "no messages any more"},
		"/busy":          {status: 429, wait: 2 * time.Minute, fault: "did not answer 2xx"},
		"/busy-for-ever": {status: 503, wait: time.Hour, fault: "did not answer 2xx"},
		"/nothing":       {status: 404, fault: "did not answer 2xx"},
		"/headers":       {fault: "the connection failed"},
		"/hangs-up":      {fault: "the connection failed"},
	} {
		o, wait := s.send(t.Context(), &webhook.Webhook{Settings: webhook.Settings{URL: server.URL + path, Secret: webhook.NewSecret()}}, &webhook.Message{ID: "m", Body: []byte("{}")})
		require.Equal(t, want.status, o.Status, path)
		require.Equal(t, want.delivered, o.Delivered, path)
		require.Equal(t, want.wait, wait, path)
		require.Equal(t, path == "/gone", o.Gone, path)
		if want.fault == "" {
			require.Empty(t, o.Error, path)
		} else {
			require.Contains(t, o.Error, want.fault, path)
		}
	}
	require.Zero(t, elsewhere.Load(), "redirects are not followed")
}

func TestErrorsShowNoAddress(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	h := &webhook.Webhook{Settings: webhook.Settings{URL: server.URL + "/a-secret-path", Secret: webhook.NewSecret()}}
	m := &webhook.Message{ID: "m", Body: []byte("{}")}
	s := newSender("test", true, nil)
	untrusted, _ := s.send(t.Context(), h, m)
	require.Contains(t, untrusted.Error, "certificate")
	server.Close()
	closed, _ := s.send(t.Context(), h, m)
	require.Contains(t, closed.Error, "accepts no connections")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended, _ := s.send(ctx, h, m)
	require.NotEmpty(t, ended.Error)
	for _, o := range []*webhook.Outcome{untrusted, closed, ended} {
		require.NotContains(t, o.Error, "a-secret-path")
		require.NotContains(t, o.Error, "127.0.0.1")
	}
	require.NotContains(t, explained(&net.OpError{Op: "dial", Err: errors.New("10.0.0.1 is down")}), "10.0.0.1")
}

func TestRetriesWaitLongerEachTime(t *testing.T) {
	r := Retry{First: 5 * time.Second, Most: time.Hour}
	var got []time.Duration
	for n := range 9 {
		got = append(got, r.after(n, 1))
	}
	require.Equal(t, []time.Duration{
		5 * time.Second, 15 * time.Second, 45 * time.Second, 135 * time.Second, 405 * time.Second, 1215 * time.Second, time.Hour, time.Hour, time.Hour,
	}, got)
	require.Equal(t, 4*time.Second, r.after(0, 0.8))
	require.LessOrEqual(t, r.after(1<<30, 1.2), 72*time.Minute)
}
