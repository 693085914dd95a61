package vocabulary

// Words of column names. Lists have the usual names first; see Rank.
var (
	Meter = []string{"meter_id", "meterid", "meter", "meter_no", "meternumber", "meterno", "lclid", "mpan", "mprn", "mpxn", "nmi", "cups", "esiid", "prm", "pod", "pdr", "ean", "eancode",
		"målepunktsid", "målepunkt", "mittauspiste", "mittauspisteen", "anläggningsid", "anlage", "zählpunkt", "zählpunktbezeichnung", "zaehlpunkt", "zähler", "zählernummer", "zaehler", "meteringpoint",
		"dataid", "building_id", "building", "household_id", "household", "customer_id", "customer", "customerid", "site_id", "site", "unique_id", "home_id", "house_id", "house", "home", "device_id", "device", "sensor", "entity_id", "statistic_id", "serial",
		"usage_point", "usagepoint", "account", "consumer", "node", "id", "name"}
	Time = []string{"timestamp", "ts", "time", "datetime", "date_time", "tstp", "ds", "reading_time", "read_at", "readat", "moment", "date", "day", "datum", "zeitstempel", "zeitpunkt", "zeit", "uhrzeit", "tid", "tidspunkt", "horodate",
		"fecha", "hora", "data", "ora", "giorno", "jour", "heure", "tag", "dag", "tijd", "tijdstip", "aika", "alkuaika", "päivä", "pvm", "periode", "interval", "when", "unix", "epoch", "last_changed", "local"}
	Start      = []string{"start", "begin", "from", "von", "fra", "van", "debut", "début", "inicio", "inizio", "alku", "alkuaika", "ab", "starttime", "since"}
	End        = []string{"end", "until", "to", "bis", "til", "tot", "fin", "fine", "ende", "loppu", "endtime", "ending"}
	laterWords = []string{"revision", "revised", "created", "updated", "modified", "import", "imported", "export", "exported", "received", "billing", "updatetime"}
	Hour       = []string{"hour", "hora", "stunde", "uur", "heure", "ora", "time", "he", "hr", "hours", "tunti", "time_of_day"}

	Value = []string{"energy", "consumption", "usage", "use", "value", "reading", "load", "demand", "power", "verbrauch", "verbruik", "consumo", "conso", "consommation", "forbrug", "forbruk", "förbrukning",
		"wartość", "zużycie", "hodnota", "spotřeba", "érték", "kogus", "tarbimine", "patēriņš", "suvartojimas", "tüketim", "mængde", "mengde", "mängd", "määrä", "kulutus", "volume", "energiemenge", "menge", "valeur", "wert", "valor", "messwert", "quantity", "amount", "delivered", "import", "bezug", "afname", "offtake",
		"register", "index", "counter", "cumulative", "zählerstand", "zaehlerstand", "stand", "meterstand", "state", "sum", "total", "y", "leistung", "puissance", "potencia", "potenza", "effekt", "teho", "vermogen", "kwh", "wh", "kw", "w", "mwh", "mw"}
	Power   = Set("power", "load", "demand", "leistung", "puissance", "potencia", "potenza", "effekt", "teho", "vermogen", "wirkleistung", "last")
	Counter = Set("register", "cumul", "cumulative", "cumulated", "counter", "index", "zählerstand", "zaehlerstand", "stand", "meterstand", "odometer", "total_increasing", "lifetime", "cumulatief")
	Cost    = Set("cost", "costs", "price", "tariff", "charge", "rate", "kosten", "preis", "prijs", "coste", "precio", "prix", "pris", "amount_due", "bill", "tax", "fee", "spend")
	NoValue = Set("temperature", "temp", "humidity", "voltage", "current", "intensity", "frequency", "reactive", "factor", "faktor", "multiplier", "latitude", "longitude", "lat", "lon", "postcode", "zip", "year", "month", "week", "weekday", "key",
		"apparent", "capacity", "resolution", "interval", "duration", "co2", "carbon", "emissions", "revision", "tariff")

	exportWords = Set("oddanie", "oddana", "dodávka", "betáplálás", "visszwatt", "tootmine", "gamyba", "üretim", "injetada", "cedida", "vertida", "levering", "export", "exported", "exports", "injection", "injectie", "injected", "invoeding", "teruglevering", "teruggeleverd", "retour", "levering", "feed", "feedin", "fed", "einspeisung", "eingespeist", "rückspeisung", "rücklieferung", "lieferung", "surplus", "surplusgeneration",
		"generation", "generated", "production", "produced", "produktion", "produksjon", "tuotanto", "excedente", "excedentes", "vertido", "autoproduccion", "immissione", "immessa", "prodotta", "overskud", "overskudsproduktion", "solar", "pv", "outgoing", "returned", "return", "ret", "surplusenergy", "a-", "e17r")
	// Production are those of exportWords that speak of all that panels produce.
	Production = Set("generation", "generated", "production", "produced", "produktion", "produksjon", "tuotanto", "autoproduccion", "prodotta", "overskudsproduktion", "solar", "pv")
	Import     = Set("pobór", "pobrana", "zużycie", "odběr", "spotřeba", "fogyasztás", "vételezés", "tarbimine", "patēriņš", "suvartojimas", "vartojimas", "tüketim", "consumida", "import", "imported", "imports", "offtake", "afname", "verbruik", "consumption", "consumed", "usage", "used", "use", "bezug", "verbrauch", "entnahme", "consumo", "prelievo", "prelevata", "soutirage", "consommation", "forbrug", "forbruk", "förbrukning", "kulutus",
		"elektriciteit", "electricity", "elektrizität", "electricidad", "electricité", "électricité", "strom", "general", "controlled", "incoming", "delivered", "grid", "a+", "demand", "load")

	Electric = Set("electric", "electricity", "elektriciteit", "elektrizität", "electricidad", "électricité", "electricité", "strom", "stroom", "elektrisch", "el", "power", "elec", "e", "sähkö", "energia", "elettrica")

	ValidColumns = Set("valid", "validity", "isvalid", "is_valid", "gültig", "gueltig")
	// OtherEnergy name other energy than electricity, and water, as whole words.
	OtherEnergy = Set("gas", "gaz", "erdgas", "naturalgas", "aardgas", "water", "wasser", "kaltwasser", "warmwasser", "agua", "eau", "acqua", "heat", "heating", "wärme", "fernwärme", "warmte", "varme", "fjernvarme", "steam", "chilledwater", "hotwater", "cooling")

	CommodityColumns = Set("type", "commodity", "energytype", "energietype", "energy_type", "fuel", "product", "producttype", "service", "utility", "sector", "energiart", "energieart", "medium", "sparte", "meter_type", "metertype", "resource")
	UnitColumns      = Set("unit", "units", "unite", "unité", "einheit", "eenheid", "unidad", "unità", "måleenhed", "enhed", "enhet", "yksikkö", "yksikkötyyppi", "uom", "unit_of_measurement", "mesureenhed")
	FactorColumns    = Set("factor", "faktor", "multiplier", "multiplikator", "facteur")
	QualityColumns   = Set("quality", "qualität", "qualitaet", "status", "validation", "kvalitet", "kvalitetskode", "laatu", "qualite", "qualité", "calidad", "kwaliteit", "flag", "estimated", "estimated_actual", "ersatzwert", "metodo", "obtainmethod", "readtype", "read_type", "reading_type", "nature", "validatiestatus")
)

// Patterns of cells that mark a value, as those of a layout document.
var (
	MissingMarks = []string{"missing*", "puuttu*", "absent*", "no value*", "not available", "n/a", "na", "invalid*", "error*", "fehl*", "fehler*", "gap", "lost", "no consumption", "geen verbruik", "no data", "manglende*", "mangler*", "saknas*", "ugyldig*", "ungültig*"}
	// InvalidMarks are those of a column that shows whether a value is valid.
	InvalidMarks = []string{"false", "no", "n", "nein", "non", "0", "f"}
	// EstimatedMarks of one letter mean an estimate only beside their usual partners.
	EstimatedMarks = []string{"estim*", "geschätzt*", "geschat*", "ersatz*", "substitut*", "calculated*", "berechnet*", "beregnet*", "arvio*", "arvioitu*", "stipulat*", "stimat*", "forecast*", "interpolat*", "e", "est", "ja", "yes"}
)
