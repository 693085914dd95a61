package admissiontest

import "strings"

// Change is an update that is rejected, with why; or accepted, with says empty.
type Change struct {
	Before, After, Says string
	// Ran says that the twin of Before has stored readings.
	Ran bool
}

// Twins are the twin before and after the change, without a status. A change of a
// twin that ran is of its whole spec.
func (c Change) Twins() (before, after []byte) {
	if c.Ran {
		return Twin(c.Before), Twin(c.After)
	}
	return With(c.Before), With(c.After)
}

// WithStatus adds the status that the API server keeps from the twin before.
func (c Change) WithStatus(twin []byte) []byte {
	if !c.Ran {
		return twin
	}
	return []byte(strings.TrimRight(string(twin), "\n ") + "\nstatus: {phase: Degraded, dataset: {meters: 200, rows: 12, quarantined: 0}}\n")
}

// Changes are updates, by what they do.
func Changes() map[string]Change {
	all := datasetChanges()
	for name, c := range map[string]Change{
		"partitions change":            {Before: "kafka: {topics: {partitions: 6}}", After: "kafka: {topics: {partitions: 7}}", Says: "kafka.topics.partitions is fixed"},
		"partitions left out":          {Before: "kafka: {topics: {partitions: 6}}", After: "state: Running", Says: "kafka.topics.partitions is fixed"},
		"partitions added":             {Before: "state: Running", After: "kafka: {topics: {partitions: 6}}", Says: "kafka.topics.partitions is fixed"},
		"partitions spelt out":         {Before: "state: Running", After: "kafka: {topics: {partitions: 12}}", Says: ""},
		"brokers change":               {Before: "kafka: {managed: {replicas: 1}}", After: "kafka: {managed: {replicas: 3}}", Says: "kafka.managed.replicas is fixed"},
		"brokers left out":             {Before: "kafka: {managed: {replicas: 3}}", After: "state: Running", Says: "kafka.managed.replicas is fixed"},
		"brokers added":                {Before: "state: Running", After: "kafka: {managed: {replicas: 3}}", Says: "kafka.managed.replicas is fixed"},
		"brokers spelt out":            {Before: "state: Running", After: "kafka: {managed: {replicas: 1}}", Says: ""},
		"kafka moves out":              {Before: "kafka: {managed: {replicas: 3}}", After: "kafka: {external: {bootstrapServers: ['a:1']}}", Says: ""},
		"kafka shrinks":                {Before: "kafka: {managed: {storage: {size: 10Gi}}}", After: "kafka: {managed: {storage: {size: 9Gi}}}", Says: "kafka.managed.storage.size can only grow"},
		"kafka shrinks by leaving out": {Before: "kafka: {managed: {storage: {size: 10Gi}}}", After: "kafka: {managed: {}}", Says: "kafka.managed.storage.size can only grow"},
		"kafka shrinks by adding":      {Before: "state: Running", After: "kafka: {managed: {storage: {size: 7Gi}}}", Says: "kafka.managed.storage.size can only grow"},
		"kafka grows":                  {Before: "state: Running", After: "kafka: {managed: {storage: {size: 9Gi}}}", Says: ""},
		"kafka in other units":         {Before: "kafka: {managed: {storage: {size: 10Gi}}}", After: "kafka: {managed: {storage: {size: 10240Mi}}}", Says: ""},
		"redis shrinks":                {Before: "redis: {managed: {storage: {size: 2Gi}}}", After: "redis: {managed: {}}", Says: "redis.managed.storage.size can only grow"},
		"redis shrinks by adding":      {Before: "state: Running", After: "redis: {managed: {storage: {size: 900Mi}}}", Says: "redis.managed.storage.size can only grow"},
		"redis grows":                  {Before: "state: Running", After: "redis: {managed: {storage: {size: 2Gi}}}", Says: ""},
		"redis moves out":              {Before: "redis: {managed: {storage: {size: 2Gi}}}", After: "redis: {external: {address: 'a:1'}}", Says: ""},
		"timescale shrinks":            {Before: "timescale: {managed: {storage: {size: 20Gi}}}", After: "state: Running", Says: "timescale.managed.storage.size can only grow"},
		"timescale shrinks by adding":  {Before: "state: Running", After: "timescale: {managed: {storage: {size: 9Gi}}}", Says: "timescale.managed.storage.size can only grow"},
		"timescale grows":              {Before: "timescale: {managed: {storage: {size: 20Gi}}}", After: "timescale: {managed: {storage: {size: 30Gi}}}", Says: ""},
		"kafka class changes":          {Before: "kafka: {managed: {storage: {className: a}}}", After: "kafka: {managed: {storage: {className: b}}}", Says: "kafka.managed.storage.className is fixed"},
		"kafka class left out":         {Before: "kafka: {managed: {storage: {className: a}}}", After: "kafka: {}", Says: "kafka.managed.storage.className is fixed"},
		"redis class added":            {Before: "state: Running", After: "redis: {managed: {storage: {className: b}}}", Says: "redis.managed.storage.className is fixed"},
		"timescale class left out":     {Before: "timescale: {managed: {storage: {className: a}}}", After: "timescale: {managed: {}}", Says: "timescale.managed.storage.className is fixed"},
		"class stays":                  {Before: "kafka: {managed: {storage: {className: a}}}", After: "kafka: {managed: {storage: {className: a, size: 9Gi}}}", Says: ""},
		"processors change":            {Before: "processor: {replicas: 1}", After: "processor: {replicas: 3}", Says: ""},
	} {
		all[name] = c
	}
	return all
}
