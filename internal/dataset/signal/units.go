package signal

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/notation"
)

// unit is the unit of a file's values, and how they become those of the signal.
type unit struct {
	name    string
	kind    Kind
	factor  float64
	offset  float64 // added before the factor
	pattern *regexp.Regexp
	sure    dataset.Sureness
	because string
}

func (u *unit) convert(v float64) float64 { return (v + u.offset) * u.factor }

func (u *unit) evidence() dataset.Evidence {
	return dataset.Evidence{What: "unit", Guess: u.name, Sure: u.sure, Because: u.because, Change: "name the unit in the header of the value column, such as price EUR/MWh"}
}

// units are known by their names, the more special ones first.
var units = []unit{
	{name: "cents or pence per kWh", kind: Price, factor: 0.01, pattern: regexp.MustCompile(`(^|[^a-z])(c|ct|cts|cent|cents|p|pence|öre|ore|øre|gr|groszy|euro ?cent|eurocents)[ _]*(/|per)[ _]*kwh|value_(inc|exc)_vat`)},
	{name: "g CO2 per kWh", kind: Carbon, factor: 1e-3, pattern: regexp.MustCompile(`(^|[^a-z])(g|grams?)[ _]*(co2|co₂)?[ _]*(e|eq|equivalent)?[ _]*(/|per)[ _]*kwh`)},
	{name: "kg CO2 per MWh", kind: Carbon, factor: 1e-3, pattern: regexp.MustCompile(`(^|[^a-z])kg[ _]*(co2|co₂)?[ _]*(e|eq)?[ _]*(/|per)[ _]*mwh`)},
	{name: "lb CO2 per MWh", kind: Carbon, factor: 0.45359237e-3, pattern: regexp.MustCompile(`(^|[^a-z])lbs?[ _]*(co2|co₂)?[ _]*(e|eq)?[ _]*(/|per)[ _]*mwh`)},
	{name: "kg CO2 per kWh", kind: Carbon, factor: 1, pattern: regexp.MustCompile(`(^|[^a-z])(kg[ _]*(co2|co₂)?[ _]*(e|eq)?[ _]*(/|per)[ _]*kwh|t(onnes?|ons?)?[ _]*(co2|co₂)?[ _]*(e|eq)?[ _]*(/|per)[ _]*mwh)`)},
	{name: "currency per MWh", kind: Price, factor: 1e-3, pattern: regexp.MustCompile(`(/|per)[ _]*mwh`)},
	{name: "currency per kWh", kind: Price, factor: 1, pattern: regexp.MustCompile(`(/|per)[ _]*kwh`)},
	{name: "°F", kind: Temperature, factor: 5.0 / 9, offset: -32, pattern: regexp.MustCompile(`°\s*f|fahrenheit|(^|[^a-z])deg(rees)?[ _]?f([^a-z]|$)|[ _(\[]f[)\]]?$`)},
	{name: "K", kind: Temperature, factor: 1, offset: -273.15, pattern: regexp.MustCompile(`kelvin|[ _(\[]k[)\]]?$`)},
	{name: "°C", kind: Temperature, factor: 1, pattern: regexp.MustCompile(`°\s*c|celsius|(^|[^a-z])deg(rees)?[ _]?c([^a-z]|$)|[ _(\[]c[)\]]?$`)},
}

// unitOf is the unit that a text names; nil if it names none.
func unitOf(text string) *unit {
	text = strings.ToLower(text)
	for i := range units {
		if units[i].pattern.MatchString(text) {
			return &units[i]
		}
	}
	return nil
}

// unit is the unit of the values of a column: as its texts name it, else as the values
// show it. What neither shows and would change the result a hundredfold is an error.
func (c *column) unit(o Options, hours []Hour) (*unit, error) {
	text := strings.ToLower(c.title)
	for i := range units {
		if u := units[i]; u.kind == o.Kind && u.pattern.MatchString(text) {
			u.sure, u.because = dataset.Likely, fmt.Sprintf("%q names it", notation.Short(strings.TrimSpace(c.title), 60))
			return &u, nil
		}
	}
	median := medianSize(hours)
	shown := fmt.Sprintf("nothing names a unit, and half of the values are below %.4g", median)
	switch {
	case o.Kind == Temperature && median > leastKelvin:
		return &unit{name: "K", factor: 1, offset: -273.15, sure: dataset.Likely, because: shown}, nil
	case o.Kind == Temperature:
		return &unit{name: "°C", factor: 1, sure: dataset.Guess, because: shown}, nil
	case o.Kind == Carbon && median > mostCarbon:
		return &unit{name: "g CO2 per kWh", factor: 1e-3, sure: dataset.Likely, because: shown}, nil
	case o.Kind == Carbon:
		return &unit{name: "kg CO2 per kWh", factor: 1, sure: dataset.Guess, because: shown}, nil
	case median > mostPrice && strongCurrencies[o.Currency]:
		return nil, fmt.Errorf("column %s: the values, half of them below %.4g, are no %s per kWh, and no unit is named: write it in the header of the column, such as %q or %q",
			c.name, median, o.Currency, c.name+" "+o.Currency+"/MWh", c.name+" ct/kWh")
	}
	return &unit{name: "currency per kWh", factor: 1, sure: dataset.Guess, because: shown}, nil
}

// Sizes beyond which values without a unit are of another one.
const (
	leastKelvin = 150 // °C, of no weather
	mostCarbon  = 2   // kg per kWh, of no grid
	mostPrice   = 2   // of a strong currency per kWh
)

// strongCurrencies are those in which a kWh costs a small part of one.
var strongCurrencies = map[string]bool{"EUR": true, "USD": true, "GBP": true, "CHF": true, "CAD": true, "AUD": true, "NZD": true, "SGD": true}
