package dataset

import (
	"slices"
	"strings"
	"unicode"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// wordsOf cuts a name into lower-case words: at what is no letter or digit, and where
// upper case begins. KWh stays one word, and so does T1.
func wordsOf(name string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
			continue
		}
		if unicode.IsUpper(r) && len(word) > 0 && unicode.IsLower(word[len(word)-1]) && !endsUnit(word) && !inUnit(runes[i-1:]) {
			end()
		}
		word = append(word, r)
	}
	end()
	return words
}

// inUnit is true where the k, m of kWh, kW or mW has an upper-case letter after it.
func inUnit(rest []rune) bool {
	return len(rest) > 1 && (rest[0] == 'k' || rest[0] == 'm') && rest[1] == 'W'
}

// endsUnit is true of a word that is the beginning of kWh in itself.
func endsUnit(word []rune) bool { return len(word) == 1 && (word[0] == 'k' || word[0] == 'm') }

// unitWords are the whole words that name a unit of active energy or power.
var unitWords = map[string]layout.Unit{
	"kwh": layout.KWh, "kwhs": layout.KWh, "kilowatthour": layout.KWh, "kilowatthours": layout.KWh, "kilowattstunden": layout.KWh, "kvtch": layout.KWh,
	"wh": layout.Wh, "watthour": layout.Wh, "watthours": layout.Wh, "wattstunden": layout.Wh,
	"mwh": layout.MWh, "megawatthours": layout.MWh,
	"kw": layout.KW, "kilowatt": layout.KW, "kilowatts": layout.KW,
	"w": layout.W, "watt": layout.W, "watts": layout.W,
	"mw": layout.MW, "megawatt": layout.MW, "megawatts": layout.MW,
}

// otherUnits are whole words of units that are no active energy or power.
var otherUnits = set("kvarh", "varh", "kvar", "var", "kva", "va", "kvah", "m3", "m³", "nm3", "ft3", "ccf", "therm", "therms", "l", "liter", "litre", "litres",
	"v", "volt", "volts", "a", "amp", "amps", "ampere", "hz", "c", "°c", "degc", "celsius", "mj", "gj", "j", "eur", "€", "$", "usd", "gbp", "£", "p", "ct", "cent", "cents", "sek", "dkk", "nok", "chf")

// unitOfWords is the unit that a name or a cell says in a whole word; active is false
// if it says none, or one that is no active energy or power. kWh per hour is kW.
func unitOfWords(name string) (unit layout.Unit, active bool) {
	words := wordsOf(name)
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

// otherUnit is true of a name with a unit that is no active energy or power.
func otherUnit(name string) bool {
	for _, w := range wordsOf(name) {
		if otherUnits[w] {
			return true
		}
	}
	return strings.ContainsAny(name, "€$£³°%")
}

// Words of column names, in the languages of the utilities whose files are read.
var (
	meterWords = []string{"meter_id", "meterid", "meter", "meter_no", "meternumber", "meterno", "lclid", "mpan", "mprn", "mpxn", "nmi", "cups", "esiid", "prm", "pod", "pdr", "ean", "eancode",
		"målepunktsid", "målepunkt", "mittauspiste", "mittauspisteen", "anläggningsid", "anlage", "zählpunkt", "zählpunktbezeichnung", "zaehlpunkt", "zähler", "zählernummer", "zaehler", "meteringpoint",
		"dataid", "building_id", "building", "household_id", "household", "customer_id", "customer", "customerid", "site_id", "site", "unique_id", "home_id", "house_id", "house", "home", "device_id", "device", "sensor", "entity_id", "statistic_id", "serial",
		"usage_point", "usagepoint", "account", "consumer", "node", "id", "name"}
	timeWords = []string{"timestamp", "ts", "time", "datetime", "date_time", "tstp", "ds", "reading_time", "read_at", "readat", "moment", "date", "day", "datum", "zeitstempel", "zeitpunkt", "zeit", "uhrzeit", "tid", "tidspunkt", "horodate",
		"fecha", "hora", "data", "ora", "giorno", "jour", "heure", "tag", "dag", "tijd", "tijdstip", "aika", "alkuaika", "päivä", "pvm", "periode", "interval", "when", "unix", "epoch", "last_changed", "local"}
	startWords = []string{"start", "begin", "from", "von", "fra", "van", "debut", "début", "inicio", "inizio", "alku", "alkuaika", "ab", "starttime", "since"}
	endWords   = []string{"end", "until", "to", "bis", "til", "tot", "fin", "fine", "ende", "loppu", "endtime", "ending"}
	laterWords = []string{"revision", "revised", "created", "updated", "modified", "import", "imported", "export", "exported", "received", "billing", "updatetime"}
	hourWords  = []string{"hour", "hora", "stunde", "uur", "heure", "ora", "time", "he", "hr", "hours", "tunti", "time_of_day"}

	valueWords = []string{"energy", "consumption", "usage", "use", "value", "reading", "load", "demand", "power", "verbrauch", "verbruik", "consumo", "conso", "consommation", "forbrug", "forbruk", "förbrukning",
		"wartość", "zużycie", "hodnota", "spotřeba", "érték", "kogus", "tarbimine", "patēriņš", "suvartojimas", "tüketim", "mængde", "mengde", "mängd", "määrä", "kulutus", "volume", "energiemenge", "menge", "valeur", "wert", "valor", "messwert", "quantity", "amount", "delivered", "import", "bezug", "afname", "offtake",
		"register", "index", "counter", "cumulative", "zählerstand", "zaehlerstand", "stand", "meterstand", "state", "sum", "total", "y", "leistung", "puissance", "potencia", "potenza", "effekt", "teho", "vermogen", "kwh", "wh", "kw", "w", "mwh", "mw"}
	powerWords   = set("power", "load", "demand", "leistung", "puissance", "potencia", "potenza", "effekt", "teho", "vermogen", "wirkleistung", "last")
	counterWords = set("register", "cumul", "cumulative", "cumulated", "counter", "index", "zählerstand", "zaehlerstand", "stand", "meterstand", "odometer", "total_increasing", "lifetime", "cumulatief")
	costWords    = set("cost", "costs", "price", "tariff", "charge", "rate", "kosten", "preis", "prijs", "coste", "precio", "prix", "pris", "amount_due", "bill", "tax", "fee", "spend")
	noValueWords = set("temperature", "temp", "humidity", "voltage", "current", "intensity", "frequency", "reactive", "factor", "faktor", "multiplier", "latitude", "longitude", "lat", "lon", "postcode", "zip", "year", "month", "week", "weekday", "key",
		"apparent", "capacity", "resolution", "interval", "duration", "co2", "carbon", "emissions", "revision", "tariff")

	exportWords = set("oddanie", "oddana", "dodávka", "betáplálás", "visszwatt", "tootmine", "gamyba", "üretim", "injetada", "cedida", "vertida", "levering", "export", "exported", "exports", "injection", "injectie", "injected", "invoeding", "teruglevering", "teruggeleverd", "retour", "levering", "feed", "feedin", "fed", "einspeisung", "eingespeist", "rückspeisung", "rücklieferung", "lieferung", "surplus", "surplusgeneration",
		"generation", "generated", "production", "produced", "produktion", "produksjon", "tuotanto", "excedente", "excedentes", "vertido", "autoproduccion", "immissione", "immessa", "prodotta", "overskud", "overskudsproduktion", "solar", "pv", "outgoing", "returned", "return", "ret", "surplusenergy", "a-", "e17r")
	// productionWords are those of exportWords that speak of all that panels produce.
	productionWords = set("generation", "generated", "production", "produced", "produktion", "produksjon", "tuotanto", "autoproduccion", "prodotta", "overskudsproduktion", "solar", "pv")
	importWords     = set("pobór", "pobrana", "zużycie", "odběr", "spotřeba", "fogyasztás", "vételezés", "tarbimine", "patēriņš", "suvartojimas", "vartojimas", "tüketim", "consumida", "import", "imported", "imports", "offtake", "afname", "verbruik", "consumption", "consumed", "usage", "used", "use", "bezug", "verbrauch", "entnahme", "consumo", "prelievo", "prelevata", "soutirage", "consommation", "forbrug", "forbruk", "förbrukning", "kulutus",
		"elektriciteit", "electricity", "elektrizität", "electricidad", "electricité", "électricité", "strom", "general", "controlled", "incoming", "delivered", "grid", "a+", "demand", "load")

	electricWords = set("electric", "electricity", "elektriciteit", "elektrizität", "electricidad", "électricité", "electricité", "strom", "stroom", "elektrisch", "el", "power", "elec", "e", "sähkö", "energia", "elettrica")

	validColumns = set("valid", "validity", "isvalid", "is_valid", "gültig", "gueltig")
	// otherEnergyWords name other energy than electricity, and water, as whole words.
	otherEnergyWords = set("gas", "gaz", "erdgas", "naturalgas", "aardgas", "water", "wasser", "kaltwasser", "warmwasser", "agua", "eau", "acqua", "heat", "heating", "wärme", "fernwärme", "warmte", "varme", "fjernvarme", "steam", "chilledwater", "hotwater", "cooling")

	commodityColumns = set("type", "commodity", "energytype", "energietype", "energy_type", "fuel", "product", "producttype", "service", "utility", "sector", "energiart", "energieart", "medium", "sparte", "meter_type", "metertype", "resource")
	unitColumns      = set("unit", "units", "unite", "unité", "einheit", "eenheid", "unidad", "unità", "måleenhed", "enhed", "enhet", "yksikkö", "yksikkötyyppi", "uom", "unit_of_measurement", "mesureenhed")
	factorColumns    = set("factor", "faktor", "multiplier", "multiplikator", "facteur")
	qualityColumns   = set("quality", "qualität", "qualitaet", "status", "validation", "kvalitet", "kvalitetskode", "laatu", "qualite", "qualité", "calidad", "kwaliteit", "flag", "estimated", "estimated_actual", "ersatzwert", "metodo", "obtainmethod", "readtype", "read_type", "reading_type", "nature", "validatiestatus")
)

var (
	missingMarks = []string{"missing*", "puuttu*", "absent*", "no value*", "not available", "n/a", "na", "invalid*", "error*", "fehl*", "fehler*", "gap", "lost", "no consumption", "geen verbruik", "no data", "manglende*", "mangler*", "saknas*", "ugyldig*", "ungültig*"}
	invalidMarks = []string{"false", "no", "n", "nein", "non", "0", "f"}
	// Marks of one letter mean what they do only beside their usual partners.
	estimatedMarks = []string{"estim*", "geschätzt*", "geschat*", "ersatz*", "substitut*", "calculated*", "berechnet*", "beregnet*", "arvio*", "arvioitu*", "stipulat*", "stimat*", "forecast*", "interpolat*", "e", "est", "ja", "yes"}
)

// defaultMissing are the words for a missing value where a document has none.
var defaultMissing = []string{"null", "nan", "na", "n/a", "#n/a", "#n/v", "#value!", "#wert!", "none", "nil", "missing", "unavailable", "unknown", "-", "--", "---", "?", "nv", "k.a.", "n.v.", "no data"}

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// anyWord is true of a name with one of the words, or that is one.
func anyWord(words map[string]bool, name string) bool {
	if words[strings.ToLower(strings.TrimSpace(name))] {
		return true
	}
	for _, w := range wordsOf(name) {
		if words[w] {
			return true
		}
	}
	return false
}

// rank is the place of a name in a list of usual ones: first as a whole, then by its
// words; -1 if it is not there.
func rank(usual []string, name string) int {
	name = strings.ToLower(strings.TrimSpace(name))
	joined := strings.Join(wordsOf(name), "_")
	for i, u := range usual {
		if name == u || joined == u {
			return i
		}
	}
	words := strings.Split(joined, "_")
	for i, u := range usual {
		if slices.Contains(words, u) {
			return len(usual) + i
		}
	}
	return -1
}
