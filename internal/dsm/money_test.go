package dsm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		v        float64
		currency string
		most     int
		want     string
	}{
		{12.3, "GBP", 2, "£12.30"}, {-2.3, "GBP", 2, "−£2.30"}, {-0.001, "GBP", 2, "£0.00"}, {0, "EUR", 2, "€0.00"},
		{0.12345, "EUR", 4, "€0.1235"}, {0.1, "GBP", 4, "£0.10"}, {0.123, "USD", 4, "US$0.123"}, {-0.05, "GBP", 4, "−£0.05"},
		{7, "CHF", 2, "CHF\u00a07.00"}, {-7.125, "SEK", 4, "−SEK\u00a07.125"}, {1000000, "GBP", 2, "£1000000.00"},
	} {
		require.Equal(t, c.want, money(c.v, c.currency, c.most))
	}
}
