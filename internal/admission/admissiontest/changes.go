package admissiontest

// Change is an update that is refused, with why; or accepted, with says empty.
type Change struct{ Before, After, Says string }

// Changes are updates, by what they do.
func Changes() map[string]Change {
	return map[string]Change{
		"partitions change":            {"kafka: {topics: {partitions: 6}}", "kafka: {topics: {partitions: 7}}", "kafka.topics.partitions is fixed"},
		"partitions left out":          {"kafka: {topics: {partitions: 6}}", "state: Running", "kafka.topics.partitions is fixed"},
		"partitions added":             {"state: Running", "kafka: {topics: {partitions: 6}}", "kafka.topics.partitions is fixed"},
		"partitions spelt out":         {"state: Running", "kafka: {topics: {partitions: 12}}", ""},
		"brokers change":               {"kafka: {managed: {replicas: 1}}", "kafka: {managed: {replicas: 3}}", "kafka.managed.replicas is fixed"},
		"brokers left out":             {"kafka: {managed: {replicas: 3}}", "state: Running", "kafka.managed.replicas is fixed"},
		"brokers added":                {"state: Running", "kafka: {managed: {replicas: 3}}", "kafka.managed.replicas is fixed"},
		"brokers spelt out":            {"state: Running", "kafka: {managed: {replicas: 1}}", ""},
		"kafka moves out":              {"kafka: {managed: {replicas: 3}}", "kafka: {external: {bootstrapServers: ['a:1']}}", ""},
		"kafka shrinks":                {"kafka: {managed: {storage: {size: 10Gi}}}", "kafka: {managed: {storage: {size: 9Gi}}}", "kafka.managed.storage.size can only grow"},
		"kafka shrinks by leaving out": {"kafka: {managed: {storage: {size: 10Gi}}}", "kafka: {managed: {}}", "kafka.managed.storage.size can only grow"},
		"kafka shrinks by adding":      {"state: Running", "kafka: {managed: {storage: {size: 7Gi}}}", "kafka.managed.storage.size can only grow"},
		"kafka grows":                  {"state: Running", "kafka: {managed: {storage: {size: 9Gi}}}", ""},
		"kafka in other units":         {"kafka: {managed: {storage: {size: 10Gi}}}", "kafka: {managed: {storage: {size: 10240Mi}}}", ""},
		"redis shrinks":                {"redis: {managed: {storage: {size: 2Gi}}}", "redis: {managed: {}}", "redis.managed.storage.size can only grow"},
		"redis shrinks by adding":      {"state: Running", "redis: {managed: {storage: {size: 900Mi}}}", "redis.managed.storage.size can only grow"},
		"redis grows":                  {"state: Running", "redis: {managed: {storage: {size: 2Gi}}}", ""},
		"redis moves out":              {"redis: {managed: {storage: {size: 2Gi}}}", "redis: {external: {address: 'a:1'}}", ""},
		"timescale shrinks":            {"timescale: {managed: {storage: {size: 20Gi}}}", "state: Running", "timescale.managed.storage.size can only grow"},
		"timescale shrinks by adding":  {"state: Running", "timescale: {managed: {storage: {size: 9Gi}}}", "timescale.managed.storage.size can only grow"},
		"timescale grows":              {"timescale: {managed: {storage: {size: 20Gi}}}", "timescale: {managed: {storage: {size: 30Gi}}}", ""},
		"kafka class changes":          {"kafka: {managed: {storage: {className: a}}}", "kafka: {managed: {storage: {className: b}}}", "kafka.managed.storage.className is fixed"},
		"kafka class left out":         {"kafka: {managed: {storage: {className: a}}}", "kafka: {}", "kafka.managed.storage.className is fixed"},
		"redis class added":            {"state: Running", "redis: {managed: {storage: {className: b}}}", "redis.managed.storage.className is fixed"},
		"timescale class left out":     {"timescale: {managed: {storage: {className: a}}}", "timescale: {managed: {}}", "timescale.managed.storage.className is fixed"},
		"class stays":                  {"kafka: {managed: {storage: {className: a}}}", "kafka: {managed: {storage: {className: a, size: 9Gi}}}", ""},
		"processors change":            {"processor: {replicas: 1}", "processor: {replicas: 3}", ""},
	}
}
