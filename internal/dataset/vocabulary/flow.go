package vocabulary

import (
	"regexp"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// obisCode is an OBIS code of IEC 62056-61 in a name or a cell, with the numbers of
// its quantity, its kind and its tariff: 1, 8 and 0 in 1-0:1.8.0. Without medium and
// channel it has to be all of the text, as 1.8.0 is also a date or a version.
var obisCode = regexp.MustCompile(`(?:^|[^0-9.])[0-9]+-[0-9]+:([0-9]+)\.([0-9]+)(?:\.([0-9]+))?|^\s*([0-9]+)\.(8|9|29)\.([0-9]+)\s*$`)

// OBIS is an OBIS code taken apart.
type OBIS struct{ quantity, kind, tariff string }

// ReadOBIS finds an OBIS code in a name or a cell.
func ReadOBIS(text string) (o OBIS, ok bool) {
	m := obisCode.FindStringSubmatch(text)
	if m == nil {
		return OBIS{}, false
	}
	return OBIS{quantity: m[1] + m[4], kind: m[2] + m[5], tariff: m[3] + m[6]}, true
}

// Active is true of active energy: 1 is from the grid, 2 is to it, 16 is the sum.
func (o OBIS) Active() bool { return o.quantity == "1" || o.quantity == "2" || o.quantity == "16" }

// FlowOf is the direction that a name or a cell states; "" if it states none.
func FlowOf(text string) layout.Direction {
	if o, ok := ReadOBIS(text); ok {
		switch o.quantity {
		case "1":
			return layout.Import
		case "2":
			return layout.Export
		}
		return ""
	}
	switch {
	case AnyWord(exportWords, text):
		return layout.Export
	case AnyWord(Import, text):
		return layout.Import
	}
	return ""
}

// NoElectricity is true of a cell or a name that is of something else than active
// electrical energy.
func NoElectricity(text string) bool {
	if o, ok := ReadOBIS(text); ok {
		return !o.Active()
	}
	if sign := strings.ToLower(strings.TrimSpace(text)); sign == "a+" || sign == "a-" {
		return false // A is active energy there, and no ampere
	}
	_, active := UnitOf(text)
	return layout.MatchAny(OtherEnergyPatterns, text) || !active && OtherUnit(text)
}

// SuffixFlow is the direction of an NMI suffix of the Australian market: E1 is from the
// grid, B1 to it; K and Q are reactive.
func SuffixFlow(column, cell string) (flow layout.Direction, known bool) {
	if !AnyWord(suffixColumns, column) || len(cell) != 2 || cell[1] < '0' || cell[1] > '9' {
		return "", false
	}
	switch cell[0] {
	case 'E', 'e':
		return layout.Import, true
	case 'B', 'b':
		return layout.Export, true
	}
	return "", strings.ContainsRune("KQkq", rune(cell[0]))
}

var suffixColumns = Set("suffix", "nmisuffix")

// tariffWords are words by which the registers of the tariffs of one flow differ.
var tariffWords = Set("t", "tarief", "tarif", "tariff", "tarifa", "register", "rate", "day", "night", "dag", "nacht", "tag", "nat", "natt", "jour", "nuit", "dia", "día", "noche", "giorno", "notte",
	"high", "low", "hoog", "laag", "hoch", "nieder", "ht", "nt", "hp", "hc", "hph", "hch", "hpb", "hcb", "pleines", "creuses", "heures", "hochtarif", "niedertarif",
	"peak", "offpeak", "off", "shoulder", "normal", "normaal", "piek", "dal", "punta", "llano", "valle", "f", "p")

// WithoutTariff is a name without the words and numbers of a tariff.
func WithoutTariff(name string) string {
	if o, ok := ReadOBIS(name); ok {
		return o.quantity + "." + o.kind
	}
	words := slices.DeleteFunc(WordsOf(name), func(w string) bool {
		return tariffWords[strings.Trim(w, "0123456789")] || strings.Trim(w, "0123456789") == ""
	})
	return strings.Join(words, " ")
}

// SumOfTariffs is true of a name of the total of all tariffs.
func SumOfTariffs(name string) bool {
	o, ok := ReadOBIS(name)
	return ok && o.tariff == "0"
}

// OtherEnergyPatterns are cells of a column with the kind of energy that are none of
// electricity.
var OtherEnergyPatterns = []string{"*gas*", "gaz", "*water*", "*wasser*", "agua", "eau", "vand", "vann", "vesi", "acqua", "*heat*", "*wärme*", "*warmte*", "*varme*", "steam", "*cooling*", "*oil", "lpg", "*reactive*", "*reaktiv*", "blind*", "kvarh"}
