package vocabulary

import (
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// unitWords are the whole words that name a unit of active energy or power.
var unitWords = map[string]layout.Unit{
	"kwh": layout.KWh, "kwhs": layout.KWh, "kilowatthour": layout.KWh, "kilowatthours": layout.KWh, "kilowattstunden": layout.KWh, "kvtch": layout.KWh,
	"wh": layout.Wh, "watthour": layout.Wh, "watthours": layout.Wh, "wattstunden": layout.Wh,
	"mwh": layout.MWh, "megawatthours": layout.MWh,
	"kw": layout.KW, "kilowatt": layout.KW, "kilowatts": layout.KW,
	"w": layout.W, "watt": layout.W, "watts": layout.W,
	"mw": layout.MW, "megawatt": layout.MW, "megawatts": layout.MW,
}

// UnitOfWord is the unit of active energy or power that a lower-case word is.
func UnitOfWord(word string) (unit layout.Unit, ok bool) {
	unit, ok = unitWords[word]
	return unit, ok
}

// otherUnits are whole words of units that are no active energy or power.
var otherUnits = Set("kvarh", "varh", "kvar", "var", "kva", "va", "kvah", "m3", "m³", "nm3", "ft3", "ccf", "therm", "therms", "l", "liter", "litre", "litres",
	"v", "volt", "volts", "a", "amp", "amps", "ampere", "hz", "c", "°c", "degc", "celsius", "mj", "gj", "j", "eur", "€", "$", "usd", "gbp", "£", "p", "ct", "cent", "cents", "sek", "dkk", "nok", "chf")

// UnitOf is the unit that a whole word of a name or a cell names; active is false
// if none does, or one that is no active energy or power. kWh per hour is kW.
func UnitOf(name string) (unit layout.Unit, active bool) {
	words := WordsOf(name)
	for i, w := range words {
		if (w == "watt" || w == "kilowatt") && i+1 < len(words) && strings.HasPrefix(words[i+1], "hour") {
			w += "hour"
		}
		if u, ok := unitWords[w]; ok {
			return u, true
		}
	}
	return "", false
}

// OtherUnit is true of a name with a unit that is no active energy or power.
func OtherUnit(name string) bool {
	for _, w := range WordsOf(name) {
		if otherUnits[w] {
			return true
		}
	}
	return strings.ContainsAny(name, "€$£³°%")
}

// NamesUnit is true of a name with a unit, of whatever.
func NamesUnit(name string) bool {
	_, active := UnitOf(name)
	return active || OtherUnit(name)
}
