// Package admissiontest holds the twins that must be refused, and those that
// must pass, for every place that refuses twins: the reader of files and the API
// server.
package admissiontest

import "strings"

// Twin wraps a spec, written with two spaces of indent, into a document.
func Twin(spec string) []byte {
	return []byte("apiVersion: twin.energytwin.dev/v1\nkind: DigitalTwin\nmetadata: {name: riverside}\nspec:\n" + spec + "\n")
}

// With adds to a spec that is a working twin.
func With(spec string) []byte { return Twin("  dataset: {synthetic: {}}\n  " + spec) }

// Refusal is a twin that is refused, with where and why.
type Refusal struct {
	Doc   []byte // YAML
	Line  int    // of the field
	Field string
	Says  string // part of the message
}

// Refusals are twins that are refused, by what is wrong with them.
func Refusals() map[string]Refusal {
	pvc := "persistentVolumeClaim: {claimName: c, path: readings.csv}"
	return map[string]Refusal{
		"no source of readings":            {Twin("  timezone: UTC"), 5, "spec", "dataset: {synthetic: {}} makes up households"},
		"no spec":                          {[]byte("apiVersion: twin.energytwin.dev/v1\nkind: DigitalTwin\nmetadata: {name: a}\n"), 1, "spec", "is missing"},
		"dataset without a source":         {Twin("  dataset: {format: Long}"), 5, "spec.dataset", "write exactly one of dataset.synthetic"},
		"dataset with two sources":         {Twin("  dataset:\n    synthetic: {}\n    " + pvc), 6, "spec.dataset", "write exactly one of dataset.synthetic"},
		"columns of another format":        {Twin("  dataset: {" + pvc + ", format: UCI, columns: {meter: m}}"), 5, "spec.dataset", "set dataset.format: Long"},
		"columns of synthetic households":  {Twin("  dataset: {synthetic: {}, columns: {meter: m}}"), 5, "spec.dataset", "remove dataset.columns"},
		"unknown format":                   {Twin("  dataset: {" + pvc + ", format: CSV}"), 5, "spec.dataset.format", `"CSV" is unknown; write one of "Auto", "Long"`},
		"unknown interval":                 {Twin("  dataset: {" + pvc + ", interval: 2h}"), 5, "spec.dataset.interval", `write one of "Auto", "15m", "30m", "1h"`},
		"more groups than meters":          {Twin("  dataset: {synthetic: {meters: 5, groups: 6}}"), 5, "spec.dataset.synthetic", "write fewer groups"},
		"no meters":                        {Twin("  dataset: {synthetic: {meters: 0}}"), 5, "spec.dataset.synthetic.meters", "greater than or equal to 1"},
		"plain http without a checksum":    {Twin("  dataset: {url: {location: 'http://example.org/a.csv'}}"), 5, "spec.dataset.url", "needs dataset.url.sha256"},
		"no http address":                  {Twin("  dataset: {url: {location: 'ftp://example.org/a.csv', sha256: " + strings.Repeat("a", 64) + "}}"), 5, "spec.dataset.url.location", "write an http or https address"},
		"address with a user":              {Twin("  dataset: {url: {location: 'https://me:pw@example.org/a.csv'}}"), 5, "spec.dataset.url.location", "without a user name"},
		"no checksum":                      {Twin("  dataset: {url: {location: 'https://example.org/a.csv', sha256: abc}}"), 5, "spec.dataset.url.sha256", "64 lower-case hexadecimal digits"},
		"path out of the volume":           {Twin("  dataset: {persistentVolumeClaim: {claimName: c, path: a/../../b}}"), 5, "spec.dataset.persistentVolumeClaim.path", "without '..'"},
		"config map key with a slash":      {Twin("  dataset: {configMap: {name: c, key: a/b}}"), 5, "spec.dataset.configMap.key", "write a key of the ConfigMap"},
		"no day":                           {Twin("  dataset: {synthetic: {}, window: {start: 01.01.2019}}"), 5, "spec.dataset.window.start", "year-month-day"},
		"window over a year":               {Twin("  dataset: {synthetic: {}, window: {duration: 9000h}}"), 5, "spec.dataset.window.duration", "from 48h to 8784h"},
		"window of half hours":             {Twin("  dataset: {synthetic: {}, window: {duration: 1000h30m}}"), 5, "spec.dataset.window.duration", "whole hours"},
		"warm-up as long as the window":    {Twin("  dataset: {synthetic: {}, window: {duration: 672h}}"), 5, "spec", "write a shorter warm-up or a longer window"},
		"time zone":                        {With("timezone: 'Europe London'"), 6, "spec.timezone", "such as Europe/London"},
		"time zone of the machine":         {With("timezone: Local"), 6, "spec.timezone", "such as Europe/London"},
		"unknown state":                    {With("state: Stopped"), 6, "spec.state", `"Stopped" is unknown`},
		"registry with a scheme":           {With("imageRegistry: https://example.org"), 6, "spec.imageRegistry", "without a scheme"},
		"no duration":                      {With("processor: {allowedLateness: 2d}"), 6, "spec.processor.allowedLateness", "a day is 24h"},
		"speed of a live twin":             {With("generator: {mode: Live, speed: 2}"), 6, "spec.generator", "is for mode Replay and Loop"},
		"speed of nothing":                 {With("generator: {speed: 0}"), 6, "spec.generator.speed", "or max for as fast as possible"},
		"Off without quotes":               {With("generator: {mode: Off}"), 6, "spec.generator.mode", `put it in quotes: "Off"`},
		"fraction of a processor":          {With("processor: {replicas: 1.5}"), 6, "spec.processor.replicas", `"1.5" is a number; write a whole number`},
		"meters in words":                  {Twin("  dataset: {synthetic: {meters: many}}"), 5, "spec.dataset.synthetic.meters", `"many" is a text; write a whole number`},
		"mapping for a list":               {With("processor: {dsm: {groups: {}}}"), 6, "spec.processor.dsm.groups", "is a mapping; write a list"},
		"zone without quotes":              {With("timezone: 5"), 6, "spec.timezone", `5 is a whole number; put it in quotes: "5"`},
		"too many processors for a number": {With("processor: {replicas: 3000000000}"), 6, "spec.processor.replicas", "does not fit into int32"},
		"speed in words":                   {With("generator: {speed: fast}"), 6, "spec.generator.speed", "or max for as fast as possible"},
		"speed of zero in quotes":          {With("generator: {speed: \"0.0\"}"), 6, "spec.generator.speed", "or max for as fast as possible"},
		"speed with a bare point":          {With("generator: {speed: 0.5}"), 6, "spec.generator.speed", `put it in quotes: "0.5"`},
		"warm-up without a generator":      {With("generator: {mode: 'Off', warmup: {history: 1h}}"), 6, "spec.generator", "generator.warmup needs a generator"},
		"warm-up of half hours":            {With("generator: {warmup: {history: 30m}}"), 6, "spec.generator.warmup.history", "whole hours"},
		"more processors than partitions":  {With("processor: {replicas: 13}"), 5, "spec", "processor.replicas must not exceed"},
		"more autoscaled than partitions":  {With("processor: {autoscaling: {maxReplicas: 13}}"), 5, "spec", "processor.autoscaling.maxReplicas must not exceed"},
		"minimum above maximum":            {With("processor: {autoscaling: {minReplicas: 3, maxReplicas: 2}}"), 6, "spec.processor.autoscaling", "smaller minimum"},
		"short history":                    {With("processor: {forecast: {historyWindow: 168h}}"), 6, "spec.processor.forecast.historyWindow", "from 672h"},
		"issue time":                       {With("processor: {forecast: {issueAt: '24:00'}}"), 6, "spec.processor.forecast.issueAt", "HH:MM"},
		"descending quantiles":             {With("processor: {forecast: {quantiles: ['0.9', '0.5', '0.1']}}"), 6, "spec.processor.forecast.quantiles", "0.1, 0.5 and 0.9"},
		"quantiles without a median":       {With("processor: {forecast: {quantiles: ['0.1', '0.6', '0.9']}}"), 6, "spec.processor.forecast.quantiles", "0.1, 0.5 and 0.9"},
		"two quantiles":                    {With("processor: {forecast: {quantiles: ['0.1', '0.9']}}"), 6, "spec.processor.forecast.quantiles", "at least 3 items"},
		"quantile without quotes":          {With("processor: {forecast: {quantiles: [0.1, 0.5, 0.9]}}"), 6, "spec.processor.forecast.quantiles[0]", `put it in quotes: "0.1"`},
		"carbon price without intensities": {With("processor: {dsm: {objective: {carbon: '0.1'}}}"), 6, "spec.processor.dsm", "write dsm.carbonIntensity"},
		"negative weight":                  {With("processor: {dsm: {objective: {cost: -1}}}"), 6, "spec.processor.dsm.objective.cost", "write 0 or more"},
		"no decimal":                       {With("processor: {dsm: {minSaving: 0.5}}"), 6, "spec.processor.dsm.minSaving", "put it in quotes"},
		"no decimal in quotes":             {With("processor: {dsm: {minSaving: '1,5'}}"), 6, "spec.processor.dsm.minSaving", "write a decimal number"},
		"negative saving":                  {With("processor: {dsm: {minSaving: '-0.1'}}"), 6, "spec.processor.dsm.minSaving", "write 0 or more"},
		"hysteresis over 1":                {With("processor: {dsm: {hysteresis: 2}}"), 6, "spec.processor.dsm.hysteresis", "a share from 0 to 1"},
		"freshness":                        {With("processor: {dsm: {freshness: 30m}}"), 6, "spec.processor.dsm.freshness", "whole hours from 1h"},
		"share over 1":                     {With("processor: {dsm: {flexibility: {shiftableShare: 15}}}"), 6, "spec.processor.dsm.flexibility.shiftableShare", "a share from 0 to 1"},
		"rebound over 1":                   {With("processor: {dsm: {flexibility: {rebound: 15}}}"), 6, "spec.processor.dsm.flexibility.rebound", "a share from 0 to 1"},
		"negative increase":                {With("processor: {dsm: {flexibility: {maxIncrease: -1}}}"), 6, "spec.processor.dsm.flexibility.maxIncrease", "share of the peak"},
		"shift over a day":                 {With("processor: {dsm: {flexibility: {maxShift: 48h}}}"), 6, "spec.processor.dsm.flexibility.maxShift", "0h to 24h"},
		"negative capacity":                {With("processor: {dsm: {groups: [{name: a, capacityKW: -1}]}}"), 6, "spec.processor.dsm.groups[0].capacityKW", "0 or more"},
		"group twice":                      {With("processor: {dsm: {groups: [{name: a, capacityKW: 1}, {name: a, capacityKW: 2}]}}"), 6, "spec.processor.dsm.groups[1]", "comes twice"},
		"group without a capacity":         {With("processor: {dsm: {groups: [{name: a}]}}"), 6, "spec.processor.dsm.groups[0].capacityKW", "is missing"},
		"asset of two kinds":               {With("processor: {dsm: {assets: [{name: a, meters: [m], pv: {peakKW: 4}, ev: {energyKWh: 8, powerKW: 7, arrival: '18:00', departure: '07:00'}}]}}"), 6, "spec.processor.dsm.assets[0]", "exactly one of battery, ev, pv and heatPump"},
		"asset at no meter":                {With("processor: {dsm: {assets: [{name: a, pv: {peakKW: 4}}]}}"), 6, "spec.processor.dsm.assets[0]", "exactly one of meters and group"},
		"asset twice":                      {With("processor: {dsm: {assets: [{name: a, group: g, pv: {peakKW: 4}}, {name: a, group: h, pv: {peakKW: 4}}]}}"), 6, "spec.processor.dsm.assets[1]", "comes twice"},
		"battery of no power":              {With("processor: {dsm: {assets: [{name: a, group: g, battery: {capacityKWh: 10, powerKW: 0}}]}}"), 6, "spec.processor.dsm.assets[0].battery.powerKW", "above 0"},
		"battery that makes energy":        {With("processor: {dsm: {assets: [{name: a, group: g, battery: {capacityKWh: 10, powerKW: 5, efficiency: 90}}]}}"), 6, "spec.processor.dsm.assets[0].battery.efficiency", "above 0 up to 1"},
		"car that does not stay":           {With("processor: {dsm: {assets: [{name: a, group: g, ev: {energyKWh: 8, powerKW: 7, arrival: '18:00', departure: '18:00'}}]}}"), 6, "spec.processor.dsm.assets[0].ev", "arrival and departure of a car are the same"},
		"sun at night":                     {With("processor: {dsm: {assets: [{name: a, group: g, pv: {peakKW: 0}}]}}"), 6, "spec.processor.dsm.assets[0].pv.peakKW", "such as 4"},
		"battery of no capacity":           {With("processor: {dsm: {assets: [{name: a, group: g, battery: {capacityKWh: 0, powerKW: 5}}]}}"), 6, "spec.processor.dsm.assets[0].battery.capacityKWh", "such as 10"},
		"battery of reserve alone":         {With("processor: {dsm: {assets: [{name: a, group: g, battery: {capacityKWh: 10, powerKW: 5, reserve: 1}}]}}"), 6, "spec.processor.dsm.assets[0].battery.reserve", "from 0 to below 1"},
		"battery that heals":               {With("processor: {dsm: {assets: [{name: a, group: g, battery: {capacityKWh: 10, powerKW: 5, wearCost: -1}}]}}"), 6, "spec.processor.dsm.assets[0].battery.wearCost", "0 or more"},
		"car that needs nothing":           {With("processor: {dsm: {assets: [{name: a, group: g, ev: {energyKWh: 0, powerKW: 7, arrival: '18:00', departure: '07:00'}}]}}"), 6, "spec.processor.dsm.assets[0].ev.energyKWh", "such as 8"},
		"car of no power":                  {With("processor: {dsm: {assets: [{name: a, group: g, ev: {energyKWh: 8, powerKW: 0, arrival: '18:00', departure: '07:00'}}]}}"), 6, "spec.processor.dsm.assets[0].ev.powerKW", "7.4"},
		"car that arrives at 24:00":        {With("processor: {dsm: {assets: [{name: a, group: g, ev: {energyKWh: 8, powerKW: 7, arrival: '24:00', departure: '07:00'}}]}}"), 6, "spec.processor.dsm.assets[0].ev.arrival", "00:00 to 23:59"},
		"heat pump of no share":            {With("processor: {dsm: {assets: [{name: a, group: g, heatPump: {share: 0, powerKW: 3, preheatKWh: 4}}]}}"), 6, "spec.processor.dsm.assets[0].heatPump.share", "above 0 up to 1"},
		"heat pump of no power":            {With("processor: {dsm: {assets: [{name: a, group: g, heatPump: {share: 1, powerKW: 0, preheatKWh: 4}}]}}"), 6, "spec.processor.dsm.assets[0].heatPump.powerKW", "such as 3"},
		"heat below nothing":               {With("processor: {dsm: {assets: [{name: a, group: g, heatPump: {share: 1, powerKW: 3, preheatKWh: -1}}]}}"), 6, "spec.processor.dsm.assets[0].heatPump.preheatKWh", "0 or more"},
		"setback upwards":                  {With("processor: {dsm: {assets: [{name: a, group: g, heatPump: {share: 1, powerKW: 3, preheatKWh: 1, setbackKWh: -1}}]}}"), 6, "spec.processor.dsm.assets[0].heatPump.setbackKWh", "0 or more"},
		"tent":                             {With("processor: {dsm: {assets: [{name: a, group: g, heatPump: {share: 1, powerKW: 3, preheatKWh: 1, lossPerHour: 1}}]}}"), 6, "spec.processor.dsm.assets[0].heatPump.lossPerHour", "from 0 to below 1"},
		"comfort of no length":             {With("processor: {dsm: {flexibility: {comfort: [{start: '18:00', end: '18:00'}]}}}"), 6, "spec.processor.dsm.flexibility.comfort[0]", "a time window are the same"},
		"currency":                         {With("processor: {dsm: {tariff: {currency: pound, price: 1}}}"), 6, "spec.processor.dsm.tariff.currency", "more than 3 bytes"},
		"small currency":                   {With("processor: {dsm: {tariff: {currency: gbp, price: 1}}}"), 6, "spec.processor.dsm.tariff.currency", "such as GBP or EUR"},
		"tariff without a price":           {With("processor: {dsm: {tariff: {currency: GBP}}}"), 6, "spec.processor.dsm.tariff.price", "is missing"},
		"period of no length":              {With("processor: {dsm: {tariff: {currency: GBP, price: 1, periods: [{name: a, start: '07:00', end: '07:00', price: 1}]}}}"), 6, "spec.processor.dsm.tariff.periods[0]", `start: "00:00" and end: "24:00"`},
		"period twice":                     {With("processor: {dsm: {tariff: {currency: GBP, price: 1, periods: [{name: a, start: '01:00', end: '07:00', price: 1}, {name: a, start: '08:00', end: '09:00', price: 1}]}}}"), 6, "spec.processor.dsm.tariff.periods", "a name of its own"},
		"period start":                     {With("processor: {dsm: {tariff: {currency: GBP, price: 1, periods: [{name: a, start: '24:00', end: '07:00', price: 1}]}}}"), 6, "spec.processor.dsm.tariff.periods[0].start", "00:00 to 23:59"},
		"period end":                       {With("processor: {dsm: {tariff: {currency: GBP, price: 1, periods: [{name: a, start: '01:00', end: '7:00', price: 1}]}}}"), 6, "spec.processor.dsm.tariff.periods[0].end", "00:00 to 24:00"},
		"negative demand charge":           {With("processor: {dsm: {tariff: {currency: GBP, price: 1, demandCharge: -1}}}"), 6, "spec.processor.dsm.tariff.demandCharge", "0 or more"},
		"series without a place":           {With("processor: {dsm: {carbonIntensity: {valueColumn: v}}}"), 6, "spec.processor.dsm.carbonIntensity", "exactly one of configMap and persistentVolumeClaim"},
		"request above limit":              {With("processor: {resources: {requests: {memory: 2Gi}, limits: {memory: 1024Mi}}}"), 6, "spec.processor.resources", "smaller request"},
		"cpu request above limit":          {With("api: {resources: {requests: {cpu: 2}, limits: {cpu: 1500m}}}"), 6, "spec.api.resources", "smaller request"},
		"base path":                        {With("api: {basePath: riverside/}"), 6, "spec.api.basePath", "such as /riverside"},
		"proxy":                            {With("api: {trustedProxies: [10.0.0.1]}"), 6, "spec.api.trustedProxies", "such as 10.0.0.0/8"},
		"host with a scheme":               {With("api: {ingress: {host: 'https://a.org'}}"), 6, "spec.api.ingress.host", "without a scheme"},
		"session of a second":              {With("api: {auth: {sessionTTL: 1s}}"), 6, "spec.api.auth.sessionTTL", "from 1m to 720h"},
		"kafka of both kinds":              {With("kafka: {managed: {}, external: {bootstrapServers: ['a:1']}}"), 6, "spec.kafka", "at most one of kafka.managed and kafka.external"},
		"two brokers":                      {With("kafka: {managed: {replicas: 2}}"), 6, "spec.kafka.managed.replicas", `write one of "1", "3"`},
		"broker without a port":            {With("kafka: {external: {bootstrapServers: [a]}}"), 6, "spec.kafka.external.bootstrapServers", "host:port"},
		"kafka version":                    {With("kafka: {managed: {version: latest}}"), 6, "spec.kafka.managed.version", "such as 4.1.0"},
		"size in words":                    {With("kafka: {managed: {storage: {size: big}}}"), 6, "spec.kafka.managed.storage.size", "500Mi or 10Gi"},
		"size of zero":                     {With("kafka: {managed: {storage: {size: '0'}}}"), 6, "spec.kafka.managed.storage.size", "500Mi or 10Gi"},
		"stream larger than its volume":    {With("kafka: {topics: {retention: {size: 8Gi}}}"), 6, "spec.kafka", "a greater volume"},
		"memory beyond the limit":          {With("redis: {managed: {maxMemory: 1Gi}}"), 6, "spec.redis.managed", "a greater limit"},
		"redis of both kinds":              {With("redis: {managed: {}, external: {address: 'a:1'}}"), 6, "spec.redis", "at most one of redis.managed and redis.external"},
		"redis address":                    {With("redis: {external: {address: 'redis://a'}}"), 6, "spec.redis.external.address", "host:port"},
		"redis version":                    {With("redis: {managed: {version: latest}}"), 6, "spec.redis.managed.version", "such as 7.2.5"},
		"timescale of both kinds":          {With("timescale: {managed: {}, external: {host: a, database: d, secretRef: {name: s}}}"), 6, "spec.timescale", "at most one of timescale.managed and timescale.external"},
		"database host with a port":        {With("timescale: {external: {host: 'a.org:5432', database: d, secretRef: {name: s}}}"), 6, "spec.timescale.external.host", "without a port"},
		"short retention":                  {With("timescale: {retention: {raw: 24h}}"), 6, "spec.timescale.retention.raw", "at least 168h"},
		"short retention of decisions":     {With("timescale: {retention: {decisions: 24h}}"), 6, "spec.timescale.retention.decisions", "at least 168h"},
		"image tag":                        {With("timescale: {managed: {version: 'a:b'}}"), 6, "spec.timescale.managed.version", "such as 2.22.1-pg17"},
		"backup to nowhere":                {With("timescale: {managed: {backup: {schedule: '0 2 * * *'}}}"), 6, "spec.timescale.managed.backup", "exactly one of backup.volume and backup.s3"},
		"backup schedule":                  {With("timescale: {managed: {backup: {schedule: daily, volume: {}}}}"), 6, "spec.timescale.managed.backup.schedule", "five cron fields"},
		"bucket address":                   {With("timescale: {managed: {backup: {schedule: '0 2 * * *', s3: {bucket: abc, endpoint: minio, secretRef: {name: s}}}}}"), 6, "spec.timescale.managed.backup.s3.endpoint", "https address"},
		"authority that is not asked":      {With("redis: {external: {address: 'a:1', tls: {caSecretRef: {name: s}, insecureSkipVerify: true}}}"), 6, "spec.redis.external.tls", "remove one of them"},
		"prometheus retention":             {With("monitoring: {prometheus: {retention: 1m}}"), 6, "spec.monitoring.prometheus.retention", "at least 1h"},
		"alertmanager":                     {With("monitoring: {alerts: {alertmanagerURL: 'alertmanager:9093'}}"), 6, "spec.monitoring.alerts.alertmanagerURL", "http or https"},
		"label of the operator":            {With("pods: {labels: {app.kubernetes.io/name: x}}"), 6, "spec.pods.labels", "are the operator's"},
		"label value":                      {With("pods: {labels: {a: 'x y'}}"), 6, "spec.pods.labels[a]", "write a label value"},
		"annotation of the operator":       {With("pods: {annotations: {twin.energytwin.dev/x: x}}"), 6, "spec.pods.annotations", "are the operator's"},
	}
}
