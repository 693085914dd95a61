package generator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// FetchOptions say what is fetched.
type FetchOptions struct {
	URL    string
	SHA256 string // of the file as it is served, in hexadecimal; "" is not checked
	Token  string // sent as Authorization: Bearer; "" sends none
	Out    string // the file, whole or not there

	// AllowLinkLocal lets addresses of 169.254.0.0/16 and fe80::/10 be asked. Behind
	// one of them clouds keep the node's credentials.
	AllowLinkLocal bool
}

// ErrChecksum means that the file is not the one that was asked for.
var ErrChecksum = errors.New("the file has another SHA-256")

const (
	fetchConnect = 30 * time.Second // until the first byte of an answer
	maxRedirects = 5
)

// Fetch fetches a file over HTTP and returns its SHA-256 and size in bytes.
func Fetch(ctx context.Context, o FetchOptions) (sum string, size int64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.URL, nil)
	if err != nil {
		return "", 0, fmt.Errorf("fetch: %w", err)
	}
	if o.Token != "" {
		request.Header.Set("Authorization", "Bearer "+o.Token) // dropped when another host takes over
	}
	// The file is kept as it is: compression is part of it.
	request.Header.Set("Accept-Encoding", "identity")
	response, err := o.client().Do(request)
	if err != nil {
		return "", 0, fmt.Errorf("fetch: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", 0, fmt.Errorf("fetch %s: it answers %s", o.URL, response.Status)
	}
	file, err := os.CreateTemp(filepath.Dir(o.Out), "fetch-*")
	if err != nil {
		return "", 0, fmt.Errorf("fetch: %w", err)
	}
	defer os.Remove(file.Name())
	hash := sha256.New()
	size, err = io.Copy(io.MultiWriter(file, hash), response.Body)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", 0, fmt.Errorf("fetch %s: after %d bytes: %w", o.URL, size, err)
	}
	sum = hex.EncodeToString(hash.Sum(nil))
	if o.SHA256 != "" && o.SHA256 != sum {
		return sum, size, fmt.Errorf("fetch %s: %w: %s, not %s; check the address, or write this checksum if the file is the right one", o.URL, ErrChecksum, sum, o.SHA256)
	}
	if err := os.Rename(file.Name(), o.Out); err != nil {
		return sum, size, fmt.Errorf("fetch: %w", err)
	}
	return sum, size, nil
}

func (o FetchOptions) client() *http.Client {
	dialer := &net.Dialer{Timeout: fetchConnect}
	if !o.AllowLinkLocal {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			host, _, err := net.SplitHostPort(address)
			if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsLinkLocalUnicast() {
				return fmt.Errorf("%s is a link-local address, which no dataset comes from", host)
			}
			return err
		}
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext,
			TLSHandshakeTimeout: fetchConnect, ResponseHeaderTimeout: fetchConnect,
		},
		CheckRedirect: func(to *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			if via[0].URL.Scheme == "https" && to.URL.Scheme != "https" {
				return errors.New("it leads from https to http")
			}
			return nil
		},
	}
}
