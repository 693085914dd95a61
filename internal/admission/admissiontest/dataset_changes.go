package admissiontest

// datasetChanges are changes of what readings there are, in mid-stream.
func datasetChanges() map[string]Change {
	const (
		households = "  dataset: {synthetic: {}}\n"
		file       = "  dataset: {url: {location: \"https://example.org/a.csv\"}}\n"
		sum1       = "1111111111111111111111111111111111111111111111111111111111111111"
		sum2       = "2222222222222222222222222222222222222222222222222222222222222222"
	)
	of := func(url string) string { return "  dataset: {url: {location: \"https://example.org/" + url + "}}\n" }
	ran := func(before, after, message string) Change {
		return Change{Before: before, After: after, Message: message, Ran: true}
	}
	stalled := func(before, after string) Change { return Change{Before: before, After: after, Stalled: true} }
	mode := func(m string) string { return households + "  generator: {mode: \"" + m + "\"}\n" }
	return map[string]Change{
		"a zone before the twin has run": {Before: "state: Running", After: "timezone: Europe/London"},

		"groups":               ran("  dataset: {synthetic: {groups: 4}}\n", "  dataset: {synthetic: {groups: 5}}\n", "what decides meters, partitions and hours is fixed"),
		"groups left out":      ran("  dataset: {synthetic: {groups: 4}}\n", households, "what decides meters, partitions and hours is fixed"),
		"groups added":         ran(households, "  dataset: {synthetic: {groups: 4}}\n", "what decides meters, partitions and hours is fixed"),
		"groups spelt out":     ran(households, "  dataset: {synthetic: {groups: 8, meters: 200, seed: 42, year: 2025}}\n", ""),
		"groups of few meters": ran("  dataset: {synthetic: {meters: 5}}\n", "  dataset: {synthetic: {meters: 5, groups: 5}}\n", ""),
		"meters":               ran(households, "  dataset: {synthetic: {meters: 300}}\n", "what decides meters, partitions and hours is fixed"),
		"seed":                 ran(households, "  dataset: {synthetic: {seed: 7}}\n", "what decides meters, partitions and hours is fixed"),
		"year":                 ran(households, "  dataset: {synthetic: {year: 2024}}\n", "what decides meters, partitions and hours is fixed"),

		"another kind of dataset": ran(households, file, "what decides meters, partitions and hours is fixed"),
		"another address":         ran(file, of("b.csv\""), ""),
		"a file that moves":       ran(of("a.csv\", sha256: \""+sum1+"\""), of("b.csv\", sha256: \""+sum1+"\""), ""),
		"another checksum":        ran(of("a.csv\", sha256: \""+sum1+"\""), of("a.csv\", sha256: \""+sum2+"\""), ""),
		"a checksum is added":     ran(file, of("a.csv\", sha256: \""+sum1+"\""), ""),
		"a token":                 ran(file, of("a.csv\", tokenSecretRef: {name: t}"), ""),
		"another ConfigMap":       ran("  dataset: {configMap: {name: a, key: r.csv}}\n", "  dataset: {configMap: {name: b, key: r.csv}}\n", ""),
		"another claim":           ran("  dataset: {persistentVolumeClaim: {claimName: a, path: r.csv}}\n", "  dataset: {persistentVolumeClaim: {claimName: a, path: s.csv}}\n", ""),
		"layout":                  ran(file, "  dataset: {url: {location: \"https://example.org/a.csv\"}, layout: {separator: \";\"}}\n", ""),
		"groups of a file":        ran(file, "  dataset: {url: {location: \"https://example.org/a.csv\"}, groups: [{name: north, meters: [a]}]}\n", "what decides meters, partitions and hours is fixed"),
		"window's start":          ran(households, "  dataset: {synthetic: {}, window: {start: \"2025-02-01\"}}\n", "what decides meters, partitions and hours is fixed"),
		"window's length":         ran(households, "  dataset: {synthetic: {}, window: {duration: 2000h}}\n", "what decides meters, partitions and hours is fixed"),
		"window spelt out":        ran(households, "  dataset: {synthetic: {}, window: {duration: 8760h}}\n", ""),
		"invalid rows":            ran(households, "  dataset: {synthetic: {}, invalidRows: Reject}\n", ""),

		"groups that the preparation rejects": stalled("  dataset: {synthetic: {groups: 4}}\n", households),
		"zone that the preparation rejects":   stalled(households+"  timezone: Europe/London\n", households),
		"kind that the preparation rejects":   stalled(file, households),

		"zone":                 ran(households, households+"  timezone: Europe/London\n", "what decides meters, partitions and hours is fixed"),
		"zone spelt out":       ran(households, households+"  timezone: UTC\n", ""),
		"zone, from outside":   ran("  generator: {mode: \"Off\"}\n", "  generator: {mode: \"Off\"}\n  timezone: Europe/London\n", ""),
		"warm-up":              ran(households, households+"  generator: {warmup: {history: 336h}}\n", "what decides meters, partitions and hours is fixed"),
		"warm-up in minutes":   ran(households, households+"  generator: {warmup: {history: 40320m}}\n", ""),
		"Replay to Loop":       ran(mode("Replay"), mode("Loop"), ""),
		"Loop to Replay":       ran(mode("Loop"), mode("Replay"), ""),
		"Replay to Live":       ran(households, mode("Live"), "what decides meters, partitions and hours is fixed"),
		"Live to Loop":         ran(mode("Live"), mode("Loop"), "what decides meters, partitions and hours is fixed"),
		"Replay to outside":    ran(mode("Replay"), mode("Off"), ""),
		"a dataset taken away": ran(households, "  generator: {mode: \"Off\"}\n", ""),
		"speed":                ran(households, households+"  generator: {speed: max}\n", ""),
	}
}
