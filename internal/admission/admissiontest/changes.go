package admissiontest

import "strings"

// Change is an update that is rejected, with why; or accepted, with Message empty.
type Change struct {
	Before, After, Message string
	// Ran reports that the twin of Before has stored readings.
	Ran bool
	// Stalled reports that it has, and that the preparation rejects Before's dataset.
	Stalled bool
	// Status is that of the twin of Before, in YAML, if it has not stored readings.
	Status string
}

// Twins are the twin before and after the change, without a status. A change of a
// twin that ran is of its whole spec.
func (c Change) Twins() (before, after []byte) {
	if c.Ran || c.Stalled {
		return Twin(c.Before), Twin(c.After)
	}
	return With(c.Before), With(c.After)
}

// HasStatus reports whether the twin before the change has a status.
func (c Change) HasStatus() bool { return c.Ran || c.Stalled || c.Status != "" }

// WithStatus adds the status that the API server keeps from the twin before.
func (c Change) WithStatus(twin []byte) []byte {
	status := c.Status
	if c.Ran {
		status = "{phase: Degraded, dataset: {meters: 200, rows: 12, quarantined: 0}}"
	}
	if c.Stalled {
		status = "{phase: Stalled, dataset: {meters: 200, rows: 12, quarantined: 0}, conditions: [" +
			"{type: Stalled, status: 'True', reason: FixedField, message: m, lastTransitionTime: '2026-01-31T08:00:00Z'}]}"
	}
	if status == "" {
		return twin
	}
	return []byte(strings.TrimRight(string(twin), "\n ") + "\nstatus: " + status + "\n")
}

// Changes are updates, by what they do.
func Changes() map[string]Change {
	all := datasetChanges()
	const (
		volumes = "kafka: {size: 8Gi, className: a, brokers: 1}, redis: {size: 1Gi, className: a}, timescale: {size: 10Gi, className: a}, backup: {size: 10Gi, className: a}"

		existing      = "{phase: Degraded, stream: {lag: 0, partitions: 12}, volumes: {" + volumes + "}}"
		grown         = "{phase: Degraded, volumes: {kafka: {size: 9Gi, brokers: 1}, redis: {size: 2Gi}, timescale: {size: 11Gi}}}"
		sixPartitions = "{phase: Degraded, stream: {lag: 0, partitions: 6}}"
		threeBrokers  = "{phase: Degraded, volumes: {kafka: {size: 8Gi, brokers: 3}}}"
	)
	for name, c := range map[string]Change{
		"partitions before the topics exist":                    {Before: "kafka: {topics: {partitions: 6}}", After: "kafka: {topics: {partitions: 7}}"},
		"partitions change":                                     {Before: "kafka: {topics: {partitions: 6}}", After: "kafka: {topics: {partitions: 7}}", Message: "kafka.topics.partitions is fixed", Status: sixPartitions},
		"partitions left out":                                   {Before: "kafka: {topics: {partitions: 6}}", After: "state: Running", Message: "kafka.topics.partitions is fixed", Status: sixPartitions},
		"partitions added":                                      {Before: "state: Running", After: "kafka: {topics: {partitions: 6}}", Message: "kafka.topics.partitions is fixed", Status: existing},
		"partitions spelt out":                                  {Before: "state: Running", After: "kafka: {topics: {partitions: 12}}", Status: existing},
		"partitions taken back":                                 {Before: "state: Running", After: "kafka: {topics: {partitions: 6}}", Status: sixPartitions},
		"partitions wrong, and another change":                  {Before: "kafka: {topics: {partitions: 7}}", After: "kafka: {topics: {partitions: 7}, managed: {}}", Status: sixPartitions},
		"brokers before the volumes exist":                      {Before: "kafka: {managed: {replicas: 1}}", After: "kafka: {managed: {replicas: 3}}"},
		"brokers change":                                        {Before: "kafka: {managed: {replicas: 1}}", After: "kafka: {managed: {replicas: 3}}", Message: "kafka.managed.replicas is fixed", Status: existing},
		"brokers left out":                                      {Before: "kafka: {managed: {replicas: 3}}", After: "state: Running", Message: "kafka.managed.replicas is fixed", Status: threeBrokers},
		"brokers added":                                         {Before: "state: Running", After: "kafka: {managed: {replicas: 3}}", Message: "kafka.managed.replicas is fixed", Status: existing},
		"brokers spelt out":                                     {Before: "state: Running", After: "kafka: {managed: {replicas: 1}}", Status: existing},
		"brokers taken back":                                    {Before: "kafka: {managed: {replicas: 3}}", After: "kafka: {managed: {}}", Status: existing},
		"brokers by a detour":                                   {Before: "kafka: {external: {bootstrapServers: ['a:1']}}", After: "kafka: {managed: {replicas: 3}}", Message: "kafka.managed.replicas is fixed", Status: existing},
		"brokers wrong, and another change":                     {Before: "kafka: {managed: {replicas: 3}}", After: "kafka: {managed: {replicas: 3, version: 4.1.0}}", Status: existing},
		"kafka shrinks":                                         {Before: "kafka: {managed: {storage: {size: 9Gi}}}", After: "kafka: {managed: {storage: {size: 7Gi}}}", Message: "kafka.managed.storage.size can only grow", Status: existing},
		"kafka shrinks by adding":                               {Before: "state: Running", After: "kafka: {managed: {storage: {size: 7Gi}}}", Message: "kafka.managed.storage.size can only grow", Status: existing},
		"kafka shrinks by a detour":                             {Before: "kafka: {external: {bootstrapServers: ['a:1']}}", After: "kafka: {managed: {storage: {size: 7Gi}}}", Message: "kafka.managed.storage.size can only grow", Status: existing},
		"kafka shrinks by leaving out":                          {Before: "kafka: {managed: {storage: {size: 9Gi}}}", After: "kafka: {managed: {}}", Message: "kafka.managed.storage.size can only grow", Status: grown},
		"kafka grows":                                           {Before: "state: Running", After: "kafka: {managed: {storage: {size: 9Gi}}}", Status: existing},
		"kafka growth taken back":                               {Before: "kafka: {managed: {storage: {size: 9Gi}}}", After: "state: Running", Status: existing},
		"kafka too large before it exists":                      {Before: "kafka: {managed: {storage: {size: 9Gi}}}", After: "kafka: {managed: {storage: {size: 7Gi}}}"},
		"kafka smaller than its volume, and another change":     {Before: "kafka: {managed: {storage: {size: 7Gi}}}", After: "kafka: {managed: {storage: {size: 7Gi}, resources: {limits: {memory: 4Gi}}}}", Status: existing},
		"kafka moves out":                                       {Before: "kafka: {managed: {storage: {size: 9Gi}}}", After: "kafka: {external: {bootstrapServers: ['a:1']}}", Status: grown},
		"kafka class changes":                                   {Before: "kafka: {managed: {storage: {className: a}}}", After: "kafka: {managed: {storage: {className: b}}}", Message: "kafka.managed.storage.className is fixed", Status: existing},
		"kafka class added":                                     {Before: "state: Running", After: "kafka: {managed: {storage: {className: b}}}", Message: "kafka.managed.storage.className is fixed", Status: existing},
		"kafka class by a detour":                               {Before: "kafka: {external: {bootstrapServers: ['a:1']}}", After: "kafka: {managed: {storage: {className: b}}}", Message: "kafka.managed.storage.className is fixed", Status: existing},
		"kafka class by leaving out and adding":                 {Before: "kafka: {managed: {}}", After: "kafka: {managed: {storage: {className: b}}}", Message: "kafka.managed.storage.className is fixed", Status: existing},
		"kafka class spelt out":                                 {Before: "state: Running", After: "kafka: {managed: {storage: {className: a}}}", Status: existing},
		"kafka class taken back":                                {Before: "kafka: {managed: {storage: {className: missing}}}", After: "kafka: {managed: {storage: {className: a}}}", Status: existing},
		"kafka class left out":                                  {Before: "kafka: {managed: {storage: {className: a}}}", After: "state: Running", Status: existing},
		"kafka class before the volume exists":                  {Before: "kafka: {managed: {storage: {className: missing}}}", After: "kafka: {managed: {storage: {className: b}}}"},
		"kafka class stays":                                     {Before: "kafka: {managed: {storage: {className: missing}}}", After: "kafka: {managed: {storage: {className: missing, size: 20Gi}}}", Status: existing},
		"redis shrinks":                                         {Before: "redis: {managed: {storage: {size: 2Gi}}}", After: "redis: {managed: {storage: {size: 900Mi}}}", Message: "redis.managed.storage.size can only grow", Status: existing},
		"redis shrinks by adding":                               {Before: "state: Running", After: "redis: {managed: {storage: {size: 900Mi}}}", Message: "redis.managed.storage.size can only grow", Status: existing},
		"redis shrinks by a detour":                             {Before: "redis: {external: {address: 'a:1'}}", After: "redis: {managed: {storage: {size: 900Mi}}}", Message: "redis.managed.storage.size can only grow", Status: existing},
		"redis shrinks by leaving out":                          {Before: "redis: {managed: {storage: {size: 2Gi}}}", After: "redis: {managed: {}}", Message: "redis.managed.storage.size can only grow", Status: grown},
		"redis grows":                                           {Before: "state: Running", After: "redis: {managed: {storage: {size: 2Gi}}}", Status: existing},
		"redis growth taken back":                               {Before: "redis: {managed: {storage: {size: 2Gi}}}", After: "state: Running", Status: existing},
		"redis too large before it exists":                      {Before: "redis: {managed: {storage: {size: 2Gi}}}", After: "redis: {managed: {storage: {size: 900Mi}}}"},
		"redis smaller than its volume, and another change":     {Before: "redis: {managed: {storage: {size: 900Mi}}}", After: "redis: {managed: {storage: {size: 900Mi}, resources: {limits: {memory: 4Gi}}}}", Status: existing},
		"redis moves out":                                       {Before: "redis: {managed: {storage: {size: 2Gi}}}", After: "redis: {external: {address: 'a:1'}}", Status: grown},
		"redis class changes":                                   {Before: "redis: {managed: {storage: {className: a}}}", After: "redis: {managed: {storage: {className: b}}}", Message: "redis.managed.storage.className is fixed", Status: existing},
		"redis class added":                                     {Before: "state: Running", After: "redis: {managed: {storage: {className: b}}}", Message: "redis.managed.storage.className is fixed", Status: existing},
		"redis class by a detour":                               {Before: "redis: {external: {address: 'a:1'}}", After: "redis: {managed: {storage: {className: b}}}", Message: "redis.managed.storage.className is fixed", Status: existing},
		"redis class by leaving out and adding":                 {Before: "redis: {managed: {}}", After: "redis: {managed: {storage: {className: b}}}", Message: "redis.managed.storage.className is fixed", Status: existing},
		"redis class spelt out":                                 {Before: "state: Running", After: "redis: {managed: {storage: {className: a}}}", Status: existing},
		"redis class taken back":                                {Before: "redis: {managed: {storage: {className: missing}}}", After: "redis: {managed: {storage: {className: a}}}", Status: existing},
		"redis class left out":                                  {Before: "redis: {managed: {storage: {className: a}}}", After: "state: Running", Status: existing},
		"redis class before the volume exists":                  {Before: "redis: {managed: {storage: {className: missing}}}", After: "redis: {managed: {storage: {className: b}}}"},
		"redis class stays":                                     {Before: "redis: {managed: {storage: {className: missing}}}", After: "redis: {managed: {storage: {className: missing, size: 20Gi}}}", Status: existing},
		"timescale shrinks":                                     {Before: "timescale: {managed: {storage: {size: 11Gi}}}", After: "timescale: {managed: {storage: {size: 9Gi}}}", Message: "timescale.managed.storage.size can only grow", Status: existing},
		"timescale shrinks by adding":                           {Before: "state: Running", After: "timescale: {managed: {storage: {size: 9Gi}}}", Message: "timescale.managed.storage.size can only grow", Status: existing},
		"timescale shrinks by a detour":                         {Before: "timescale: {external: {host: a, database: d, secretRef: {name: s}}}", After: "timescale: {managed: {storage: {size: 9Gi}}}", Message: "timescale.managed.storage.size can only grow", Status: existing},
		"timescale shrinks by leaving out":                      {Before: "timescale: {managed: {storage: {size: 11Gi}}}", After: "timescale: {managed: {}}", Message: "timescale.managed.storage.size can only grow", Status: grown},
		"timescale grows":                                       {Before: "state: Running", After: "timescale: {managed: {storage: {size: 11Gi}}}", Status: existing},
		"timescale growth taken back":                           {Before: "timescale: {managed: {storage: {size: 11Gi}}}", After: "state: Running", Status: existing},
		"timescale too large before it exists":                  {Before: "timescale: {managed: {storage: {size: 11Gi}}}", After: "timescale: {managed: {storage: {size: 9Gi}}}"},
		"timescale smaller than its volume, and another change": {Before: "timescale: {managed: {storage: {size: 9Gi}}}", After: "timescale: {managed: {storage: {size: 9Gi}, resources: {limits: {memory: 4Gi}}}}", Status: existing},
		"timescale moves out":                                   {Before: "timescale: {managed: {storage: {size: 11Gi}}}", After: "timescale: {external: {host: a, database: d, secretRef: {name: s}}}", Status: grown},
		"timescale class changes":                               {Before: "timescale: {managed: {storage: {className: a}}}", After: "timescale: {managed: {storage: {className: b}}}", Message: "timescale.managed.storage.className is fixed", Status: existing},
		"timescale class added":                                 {Before: "state: Running", After: "timescale: {managed: {storage: {className: b}}}", Message: "timescale.managed.storage.className is fixed", Status: existing},
		"timescale class by a detour":                           {Before: "timescale: {external: {host: a, database: d, secretRef: {name: s}}}", After: "timescale: {managed: {storage: {className: b}}}", Message: "timescale.managed.storage.className is fixed", Status: existing},
		"timescale class by leaving out and adding":             {Before: "timescale: {managed: {}}", After: "timescale: {managed: {storage: {className: b}}}", Message: "timescale.managed.storage.className is fixed", Status: existing},
		"timescale class spelt out":                             {Before: "state: Running", After: "timescale: {managed: {storage: {className: a}}}", Status: existing},
		"timescale class taken back":                            {Before: "timescale: {managed: {storage: {className: missing}}}", After: "timescale: {managed: {storage: {className: a}}}", Status: existing},
		"timescale class left out":                              {Before: "timescale: {managed: {storage: {className: a}}}", After: "state: Running", Status: existing},
		"timescale class before the volume exists":              {Before: "timescale: {managed: {storage: {className: missing}}}", After: "timescale: {managed: {storage: {className: b}}}"},
		"timescale class stays":                                 {Before: "timescale: {managed: {storage: {className: missing}}}", After: "timescale: {managed: {storage: {className: missing, size: 20Gi}}}", Status: existing},
		"kafka in other units":                                  {Before: "kafka: {managed: {storage: {size: 8Gi}}}", After: "kafka: {managed: {storage: {size: 8192Mi}}}", Status: existing},
		"dumps shrink":                                          {Before: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {size: 20Gi}}}}", After: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {size: 5Gi}}}}", Message: "timescale.managed.backup.volume.size can only grow", Status: existing},
		"dumps shrink by a detour":                              {Before: "state: Running", After: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {size: 5Gi}}}}", Message: "timescale.managed.backup.volume.size can only grow", Status: existing},
		"dumps grow":                                            {Before: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {}}}}", After: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {size: 20Gi}}}}", Status: existing},
		"dumps, growth taken back":                              {Before: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {size: 20Gi}}}}", After: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {}}}}", Status: existing},
		"dumps in another class":                                {Before: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {className: a}}}}", After: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {className: b}}}}", Message: "timescale.managed.backup.volume.className is fixed", Status: existing},
		"dumps, class taken back":                               {Before: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {className: missing}}}}", After: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {className: a}}}}", Status: existing},
		"dumps before the volume exists":                        {Before: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {className: missing, size: 20Gi}}}}", After: "timescale: {managed: {backup: {schedule: '0 3 * * *', volume: {className: b, size: 5Gi}}}}"},
		"processors change":                                     {Before: "processor: {replicas: 1}", After: "processor: {replicas: 3}", Status: existing},
	} {
		all[name] = c
	}
	return all
}
