package middleware

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"
)

const tlsKey = "energytwin.tls"

// Scheme records whether the browser spoke https. What a proxy sends counts only if
// its address is one of trusted, which are addresses and ranges such as 10.0.0.0/8.
func Scheme(trusted []string) (gin.HandlerFunc, error) {
	var ranges []netip.Prefix
	for _, text := range trusted {
		p, err := prefixOf(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no address or range", text)
		}
		ranges = append(ranges, p)
	}
	return func(c *gin.Context) {
		forwarded := strings.EqualFold(c.GetHeader("X-Forwarded-Proto"), "https")
		c.Set(tlsKey, c.Request.TLS != nil || forwarded && contains(ranges, c.RemoteIP()))
		c.Next()
	}, nil
}

func prefixOf(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		return netip.ParsePrefix(text)
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(addr, addr.BitLen()), nil
}

func contains(ranges []netip.Prefix, address string) bool {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, r := range ranges {
		if r.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// IsTLS reports whether the browser spoke https, as Scheme recorded.
func IsTLS(c *gin.Context) bool { return c.GetBool(tlsKey) }
