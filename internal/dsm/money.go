package dsm

import (
	"math"
	"strconv"
	"strings"
)

// symbols are those that a British reader knows currencies by, as CLDR has them for en-GB;
// others go by their code.
var symbols = map[string]string{
	"AUD": "A$", "BRL": "R$", "CAD": "CA$", "CNY": "CN¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "ILS": "₪", "INR": "₹",
	"JPY": "JP¥", "KRW": "₩", "MXN": "MX$", "NZD": "NZ$", "PHP": "₱", "TWD": "NT$", "USD": "US$", "VND": "₫",
}

// Digits behind the point: of an amount, and of the price of a kWh, of which a tenth of a
// penny counts.
const (
	leastDecimals = 2
	priceDecimals = 3
)

// money writes an amount of a currency: £12.30, −£2.30, or CHF 12.30 where the currency has
// no symbol. It has two decimals, and up to most where these are not 0.
func money(v float64, currency string, most int) string {
	size := strconv.FormatFloat(math.Abs(v), 'f', most, 64)
	for len(size)-strings.IndexByte(size, '.')-1 > leastDecimals && size[len(size)-1] == '0' {
		size = size[:len(size)-1]
	}
	sign := ""
	if v < 0 && strings.Trim(size, "0.") != "" {
		sign = "−"
	}
	symbol, has := symbols[currency]
	if !has {
		const noBreak = "\u00a0"
		symbol = currency + noBreak
	}
	return sign + symbol + size
}
