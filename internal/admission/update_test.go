package admission

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// change is an update that is refused, with why; or accepted, with says empty.
type change struct{ before, after, says string }

func changes() map[string]change {
	return map[string]change{
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

func TestUpdates(t *testing.T) {
	checker := newChecker(t)
	for name, c := range changes() {
		t.Run(name, func(t *testing.T) {
			_, err := checker.Update("twin.yaml", with(c.before), with(c.after))
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "\n", "one reason is enough")
		})
	}
}

// Each rule of the CRD is broken by some case above, and its message is what
// the reader sees: no rule is dead, none speaks in expressions.
func TestEachRuleIsSeenBroken(t *testing.T) {
	checker := newChecker(t)
	var seen strings.Builder
	for _, c := range refusals() {
		_, err := checker.Read("twin.yaml", c.twin)
		require.Error(t, err)
		seen.WriteString(err.Error() + "\n")
	}
	for _, c := range changes() {
		if _, err := checker.Update("twin.yaml", with(c.before), with(c.after)); err != nil {
			seen.WriteString(err.Error() + "\n")
		}
	}
	for _, name := range []string{"a.b"} {
		_, err := checker.Read("twin.yaml", []byte(strings.Replace(string(with("state: Running")), "riverside", name, 1)))
		seen.WriteString(err.Error())
	}
	rules := 0
	walk(schemaForTest(t), "", func(path string, s *schemaProps) {
		for _, rule := range s.XValidations {
			rules++
			require.NotEmpty(t, rule.Message, "%s: rule %s has no message", path, rule.Rule)
			require.Contains(t, seen.String(), rule.Message, "%s: no case breaks this rule", path)
		}
	})
	require.Greater(t, rules, 80)
}
