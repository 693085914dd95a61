package dataset

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

// obis is an OBIS code taken apart.
type obis struct{ quantity, kind, tariff string }

func readObis(text string) (o obis, ok bool) {
	m := obisCode.FindStringSubmatch(text)
	if m == nil {
		return obis{}, false
	}
	return obis{quantity: m[1] + m[4], kind: m[2] + m[5], tariff: m[3] + m[6]}, true
}

// active is true of active energy: 1 is from the grid, 2 is to it, 16 is the sum.
func (o obis) active() bool { return o.quantity == "1" || o.quantity == "2" || o.quantity == "16" }

// flowOf is the direction that a name or a cell says; "" if it says none.
func flowOf(text string) layout.Direction {
	if o, ok := readObis(text); ok {
		switch o.quantity {
		case "1":
			return layout.Import
		case "2":
			return layout.Export
		}
		return ""
	}
	switch {
	case anyWord(exportWords, text):
		return layout.Export
	case anyWord(importWords, text):
		return layout.Import
	}
	return ""
}

// noElectricity is true of a cell or a name that is of something else than active
// electrical energy.
func noElectricity(text string) bool {
	if o, ok := readObis(text); ok {
		return !o.active()
	}
	if sign := strings.ToLower(strings.TrimSpace(text)); sign == "a+" || sign == "a-" {
		return false // A is active energy there, and no ampere
	}
	_, active := unitOfWords(text)
	return layout.MatchAny(otherEnergyPatterns, text) || !active && otherUnit(text)
}

// suffixFlow is the direction of an NMI suffix of the Australian market: E1 is from the
// grid, B1 to it; K and Q are reactive.
func suffixFlow(column, cell string) (flow layout.Direction, known bool) {
	if !anyWord(suffixColumns, column) || len(cell) != 2 || !isDigit(cell[1]) {
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

var suffixColumns = set("suffix", "nmisuffix")

// tariffWords are words by which the registers of the tariffs of one flow differ.
var tariffWords = set("t", "tarief", "tarif", "tariff", "tarifa", "register", "rate", "day", "night", "dag", "nacht", "tag", "nat", "natt", "jour", "nuit", "dia", "día", "noche", "giorno", "notte",
	"high", "low", "hoog", "laag", "hoch", "nieder", "ht", "nt", "hp", "hc", "hph", "hch", "hpb", "hcb", "pleines", "creuses", "heures", "hochtarif", "niedertarif",
	"peak", "offpeak", "off", "shoulder", "normal", "normaal", "piek", "dal", "punta", "llano", "valle", "f", "p")

// withoutTariff is a name without the words and numbers of a tariff.
func withoutTariff(name string) string {
	if o, ok := readObis(name); ok {
		return o.quantity + "." + o.kind
	}
	words := slices.DeleteFunc(wordsOf(name), func(w string) bool {
		return tariffWords[strings.Trim(w, "0123456789")] || strings.Trim(w, "0123456789") == ""
	})
	return strings.Join(words, " ")
}

// sumOfTariffs is true of a name of the total of all tariffs.
func sumOfTariffs(name string) bool {
	o, ok := readObis(name)
	return ok && o.tariff == "0"
}
