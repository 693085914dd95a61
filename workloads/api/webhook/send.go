package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/energytwin/energytwin/internal/webhook"
)

const (
	// attemptWithin bounds an attempt, from the look-up of the name to the end of the answer.
	attemptWithin = 10 * time.Second
	dialWithin    = 5 * time.Second
	// mostWait bounds what a receiver may ask for by Retry-After.
	mostWait = time.Hour
	// readBytes of an answer are read, so that its connection can be used again; none is kept.
	readBytes = 16 << 10
	// longestURL bounds an address.
	longestURL = 2048
)

// PublicPorts are the ports of receivers on public addresses.
var PublicPorts = []uint16{443, 8443}

// sender sends messages.
type sender struct {
	client       *http.Client
	agent        string
	allowPrivate bool
}

func newSender(agent string, allowPrivate bool, resolver *net.Resolver) *sender {
	dialer := &net.Dialer{Timeout: dialWithin, Resolver: resolver, Control: control(allowPrivate)}
	transport := &http.Transport{
		// No Proxy: one would connect to what the check below has not seen.
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // an answer is not worth unpacking
		MaxConnsPerHost:        4,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    dialWithin,
		MaxResponseHeaderBytes: 16 << 10,
	}
	return &sender{agent: agent, allowPrivate: allowPrivate, client: &http.Client{
		Transport:     transport,
		Timeout:       attemptWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// control checks the address of each connection before it is made, whatever name it came from.
func control(allowPrivate bool) func(network, address string, c syscall.RawConn) error {
	if !allowPrivate {
		return ssrf.New(ssrf.WithPorts(PublicPorts...)).Safe
	}
	return func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return allowedAmongPrivate(at.Addr())
	}
}

// cloudMetadata is where a cloud keeps the credentials of a node, beside link-local addresses.
var cloudMetadata = netip.MustParseAddr("fd00:ec2::254")

// allowedAmongPrivate rejects addresses that are no receiver's even where private ones are allowed.
func allowedAmongPrivate(a netip.Addr) error {
	if a = a.Unmap(); a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || a.WithZone("") == cloudMetadata {
		return fmt.Errorf("%w: %s", ssrf.ErrProhibitedIP, a)
	}
	return nil
}

// CheckURL reports what is wrong with the address of a receiver, for people. Where a name leads
// is checked at each connection.
func CheckURL(text string, allowPrivate bool) error {
	if len(text) > longestURL {
		return fmt.Errorf("write at most %d characters", longestURL)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return errors.New("write an address such as https://example.org/energytwin")
	}
	switch {
	case u.User != nil:
		return errors.New("leave out the user name and password; the signature shows who sends")
	case u.Fragment != "":
		return errors.New("leave out what follows #: it is never sent")
	case u.Scheme == "http" && !allowPrivate:
		return errors.New("use https; http is for networks of your own (spec.api.webhooks.allowPrivate)")
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("use https")
	}
	port := uint64(443)
	if u.Scheme == "http" {
		port = 80
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.ParseUint(p, 10, 16); err != nil || port == 0 {
			return errors.New("the port is a number from 1 to 65535")
		}
	}
	if !allowPrivate && !slices.Contains(PublicPorts, uint16(port)) {
		return errors.New("use port 443 or 8443; others are for networks of your own (spec.api.webhooks.allowPrivate)")
	}
	a, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return nil // a name
	}
	if allowPrivate {
		err = allowedAmongPrivate(a)
	} else {
		err = ssrf.New(ssrf.WithAnyPort()).SafeAddr(a.Unmap())
	}
	if err != nil {
		return errors.New(notPublic)
	}
	return nil
}

const notPublic = "the address is not public, and is not allowed; spec.api.webhooks.allowPrivate allows networks of your own"

// send makes one attempt. wait is how long the receiver asks to be left alone.
func (s *sender) send(ctx context.Context, h *webhook.Webhook, m *webhook.Message) (o *webhook.Outcome, wait time.Duration) {
	begun := time.Now()
	o = &webhook.Outcome{Try: webhook.Try{At: begun.UTC().Truncate(time.Millisecond)}}
	answer, err := s.post(ctx, h, m, begun)
	o.Millis = time.Since(begun).Milliseconds()
	if err != nil {
		o.Error = explained(err)
		return o, 0
	}
	_, _ = io.CopyN(io.Discard, answer.Body, readBytes) // whatever it is, the status counts
	_ = answer.Body.Close()
	o.Millis = time.Since(begun).Milliseconds()
	o.Status = answer.StatusCode
	switch {
	case o.Status >= 200 && o.Status < 300:
		o.Delivered = true
	case o.Status >= 300 && o.Status < 400:
		o.Error = "the receiver sent a redirect, which is not followed; change the address"
	case o.Status == http.StatusGone:
		o.Error, o.Gone = "the receiver wants no messages any more", true
	default:
		o.Error = "the receiver did not answer 2xx"
	}
	if !o.Delivered {
		wait = retryAfter(answer.Header.Get("Retry-After"), begun)
	}
	return o, wait
}

func (s *sender) post(ctx context.Context, h *webhook.Webhook, m *webhook.Message, now time.Time) (*http.Response, error) {
	if err := CheckURL(h.URL, s.allowPrivate); err != nil { // the specification may have changed
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(m.Body))
	if err != nil {
		return nil, err
	}
	signatures, err := signed(&h.Settings, m, now)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", s.agent)
	r.Header.Set("Idempotency-Key", m.ID)
	r.Header.Set(standardwebhooks.HeaderWebhookID, m.ID)
	r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	r.Header.Set(standardwebhooks.HeaderWebhookSignature, signatures)
	return s.client.Do(r)
}

// signed are the signatures of a message by the secret, and for some time after a rotation by
// the one before.
func signed(h *webhook.Settings, m *webhook.Message, now time.Time) (string, error) {
	secrets := [][]byte{h.Secret}
	if len(h.Before) > 0 && now.Before(h.BeforeEndsAt) {
		secrets = append(secrets, h.Before)
	}
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		by, err := standardwebhooks.NewWebhookRaw(secret)
		if err != nil {
			return "", fmt.Errorf("sign a message: %w", err)
		}
		if signatures[i], err = by.Sign(m.ID, now, m.Body); err != nil {
			return "", fmt.Errorf("sign a message: %w", err)
		}
	}
	return strings.Join(signatures, " "), nil
}

// retryAfter is the time that the header asks for.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil && seconds > 0 {
		return min(time.Duration(min(seconds, int(mostWait/time.Second)))*time.Second, mostWait)
	}
	if at, err := http.ParseTime(header); err == nil && at.After(now) {
		return min(at.Sub(now), mostWait)
	}
	return 0
}

// explained is an error for people. It names no address that a name led to.
func explained(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return notPublic
	case errors.As(err, &dns):
		return "the name of the receiver was not found"
	case errors.As(err, &certificate):
		return "the certificate of the receiver is not trusted: " + certificate.Err.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the receiver accepts no connections"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("the receiver did not answer within %d s", int(attemptWithin.Seconds()))
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err // without the address, which may hold a secret
	}
	text := "the connection failed"
	var op *net.OpError
	if !errors.As(err, &op) { // which names addresses
		text += ": " + err.Error()
	}
	return text[:min(len(text), 300)]
}
