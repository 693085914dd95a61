package resources

import (
	"fmt"
	"strings"
	"unicode/utf16"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// Places in the brokers' pods. Data lie in a folder below the volume's root,
// which may hold lost+found.
const (
	kafkaVolumeDir = "/var/lib/kafka/data"
	kafkaLogDir    = kafkaVolumeDir + "/log"
	kafkaConfDir   = "/etc/kafka/twin"    // the ConfigMap
	kafkaReadyDir  = "/var/lib/kafka/run" // what the init container makes of it
	kafkaSecretDir = secretsDir + "/broker"
)

func (b *builder) kafkaNodes() int { return int(*b.spec.Kafka.Managed.Replicas) }

func (b *builder) kafkaHost(node int) string {
	name := b.name(v1.ComponentKafka)
	return fmt.Sprintf("%s-%d.%s", name, node, b.host(name))
}

// brokers are the addresses for clients in the cluster.
func (b *builder) brokers() []string {
	var out []string
	for node := range b.kafkaNodes() {
		out = append(out, fmt.Sprintf("%s:%d", b.kafkaHost(node), PortKafka))
	}
	return out
}

// kafkaProperties are the settings of all nodes. The init container puts the
// node's number in and adds kafkaLogin.
//
// Clients log in with SCRAM. Brokers and controllers show each other a password
// from the Secret in plain, because SCRAM users are known only once the
// controllers agree. The helper reaches the local listener without a password,
// which is how it sets one that it does not know.
func (b *builder) kafkaProperties() string {
	nodes := b.kafkaNodes()
	inSync := max(1, nodes-1)
	var voters []string
	for node := range nodes {
		voters = append(voters, fmt.Sprintf("%d@%s:%d", node, b.kafkaHost(node), PortController))
	}
	name := b.name(v1.ComponentKafka)
	self := name + "-NODE_ID." + b.host(name)
	lines := []string{
		"process.roles=broker,controller",
		"node.id=NODE_ID",
		"controller.quorum.voters=" + strings.Join(voters, ","),
		fmt.Sprintf("listeners=CLIENT://:%d,INTERNAL://:%d,CONTROLLER://:%d,LOCAL://127.0.0.1:%d", PortKafka, PortInterBroke, PortController, PortKafkaLocal),
		fmt.Sprintf("advertised.listeners=CLIENT://%s:%d,INTERNAL://%s:%d,LOCAL://127.0.0.1:%d", self, PortKafka, self, PortInterBroke, PortKafkaLocal),
		"listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT,LOCAL:PLAINTEXT",
		"controller.listener.names=CONTROLLER",
		"inter.broker.listener.name=INTERNAL",
		"sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN",
		"sasl.mechanism.inter.broker.protocol=PLAIN",
		"sasl.mechanism.controller.protocol=PLAIN",
		"listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-512",
		"listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"listener.name.internal.sasl.enabled.mechanisms=PLAIN",
		"listener.name.controller.sasl.enabled.mechanisms=PLAIN",
		"log.dirs=" + kafkaLogDir,
		"auto.create.topics.enable=false",
		fmt.Sprintf("default.replication.factor=%d", nodes),
		fmt.Sprintf("min.insync.replicas=%d", inSync),
		fmt.Sprintf("offsets.topic.replication.factor=%d", nodes),
		"offsets.topic.num.partitions=12",
		// Offsets are hints, but lag is computed from them, also after a long rest.
		"offsets.retention.minutes=525600",
		fmt.Sprintf("transaction.state.log.replication.factor=%d", nodes),
		fmt.Sprintf("transaction.state.log.min.isr=%d", inSync),
		fmt.Sprintf("share.coordinator.state.topic.replication.factor=%d", nodes),
		fmt.Sprintf("share.coordinator.state.topic.min.isr=%d", inSync),
		"group.initial.rebalance.delay.ms=500",
		"controlled.shutdown.enable=true",
		"num.network.threads=2",
		"num.io.threads=4",
		"log.cleaner.dedupe.buffer.size=16777216",
	}
	return strings.Join(lines, "\n") + "\n"
}

// kafkaLogin is the part of the settings with the password that brokers and
// controllers show each other.
func kafkaLogin(password string) string {
	quoted := jaasString(password)
	login := "org.apache.kafka.common.security.plain.PlainLoginModule required" +
		" username=\"broker\" password=" + quoted + " user_broker=" + quoted + ";"
	var out strings.Builder
	for _, listener := range []string{"internal", "controller"} {
		out.WriteString("listener.name." + listener + ".plain.sasl.jaas.config=" + propertyValue(login) + "\n")
	}
	return out.String()
}

// jaasString is a string of a JAAS configuration, which is read as
// java.io.StreamTokenizer reads one.
func jaasString(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// propertyValue is a value of a file that java.util.Properties loads. The format
// is ISO 8859-1; other characters are written as UTF-16 code units.
func propertyValue(value string) string {
	var out strings.Builder
	for _, unit := range utf16.Encode([]rune(value)) {
		switch {
		case unit == '\\':
			out.WriteString(`\\`)
		case unit < ' ' || unit > '~':
			fmt.Fprintf(&out, `\u%04x`, unit)
		default:
			out.WriteByte(byte(unit))
		}
	}
	return out.String()
}

// kafkaFormat makes the node's own settings and formats its volume, unless it is
// formatted. It handles no password: the settings with one are a file of the
// Secret, and the helper beside the broker sets the clients'.
func kafkaFormat(clusterID string) string {
	return `set -eu
umask 077
sed -e "s/NODE_ID/${HOSTNAME##*-}/g" ` + kafkaConfDir + `/server.properties >` + kafkaReadyDir + `/server.properties
cat ` + kafkaSecretDir + `/login.properties >>` + kafkaReadyDir + `/server.properties
exec /opt/kafka/bin/kafka-storage.sh format --ignore-formatted --cluster-id=` + clusterID + ` \
  --config ` + kafkaReadyDir + `/server.properties
`
}
