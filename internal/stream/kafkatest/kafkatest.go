// Package kafkatest runs a real Apache Kafka broker for tests, from the jars
// of the Maven repository. The in-process broker that other tests use shows
// neither retention nor what a broker does when it is killed.
package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Options of a broker.
type Options struct {
	// Properties are added to server.properties, and win.
	Properties map[string]string
	// Users and their passwords may log in with SCRAM-SHA-512, at SASLAddress.
	Users map[string]string
	// JVM are options of the virtual machine, and win.
	JVM []string
}

// Broker is a broker of its own for one test: KRaft, one node, its log in the
// test's folder.
type Broker struct {
	Address     string // without authentication
	SASLAddress string // with SCRAM-SHA-512, if there are users

	t       testing.TB
	java    string
	classes string
	dir     string
	options Options
	control string
	process *exec.Cmd
}

const (
	startTimeout = 3 * time.Minute
	heap         = "-Xmx512m"
)

// Java is the Java program, and the class path of the broker and its tools.
// Without Java, or without Maven to fetch the jars, it skips the test.
func Java(t testing.TB) (program, classes string) {
	t.Helper()
	program, err := exec.LookPath("java")
	if err != nil {
		t.Skip("java is not on PATH: not tested against a real Kafka broker")
	}
	classes, err = jars(t.Context())
	if errors.Is(err, errNoMaven) {
		t.Skipf("%v: not tested against a real Kafka broker", err)
	}
	if err != nil {
		t.Fatalf("jars of Kafka %s: %v", Version, err)
	}
	return program, classes
}

// Start starts a broker and stops it when the test ends. Without Java, or
// without Maven to fetch the jars, it skips the test.
func Start(t testing.TB, o Options) *Broker {
	t.Helper()
	java, classes := Java(t)
	b := &Broker{t: t, java: java, classes: classes, dir: t.TempDir(), options: o}
	b.Address, b.control = freeAddress(t), freeAddress(t)
	if len(o.Users) > 0 {
		b.SASLAddress = freeAddress(t)
	}
	b.format()
	b.Run()
	t.Cleanup(b.Kill)
	return b
}

// Run starts the broker again after Kill, with the same log and addresses,
// and returns when it takes requests.
func (b *Broker) Run() {
	b.t.Helper()
	log, err := os.OpenFile(b.path("broker.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	b.process = b.command("kafka.Kafka", b.path("server.properties"))
	b.process.Stdout, b.process.Stderr = log, log
	if err := b.process.Start(); err != nil {
		b.t.Fatalf("start Kafka: %v", err)
	}
	ended := make(chan struct{})
	go func() { _ = b.process.Wait(); close(ended) }()
	deadline := time.After(startTimeout)
	for !b.answers() {
		select {
		case <-ended:
			b.t.Fatalf("Kafka ended while starting:\n%s", b.logTail())
		case <-deadline:
			b.t.Fatalf("Kafka did not start within %s:\n%s", startTimeout, b.logTail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Kill ends the broker at once, as a power cut would end it.
func (b *Broker) Kill() { b.signal(syscall.SIGKILL) }

// Pause stops the broker from running until Resume.
func (b *Broker) Pause() { b.signal(syscall.SIGSTOP) }

// Resume lets a paused broker run on.
func (b *Broker) Resume() { b.signal(syscall.SIGCONT) }

func (b *Broker) signal(s syscall.Signal) {
	if b.process != nil && b.process.Process != nil {
		_ = b.process.Process.Signal(s)
	}
}

func (b *Broker) path(name string) string { return filepath.Join(b.dir, name) }

func (b *Broker) command(class string, args ...string) *exec.Cmd {
	// The short-lived compiler is enough and makes starting much faster.
	all := append([]string{heap, "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"}, b.options.JVM...)
	all = append(all, "-cp", b.classes, class)
	return exec.Command(b.java, append(all, args...)...)
}

// format writes the configuration and makes the log folder.
func (b *Broker) format() {
	b.t.Helper()
	if err := os.WriteFile(b.path("server.properties"), []byte(b.properties()), 0o600); err != nil {
		b.t.Fatal(err)
	}
	args := []string{"format", "-t", "4L6g3nShT-eMCtK--X86sw", "-c", b.path("server.properties")}
	for user, password := range b.options.Users {
		args = append(args, "--add-scram", fmt.Sprintf("SCRAM-SHA-512=[name=%s,password=%s]", user, password))
	}
	if out, err := b.command("kafka.tools.StorageTool", args...).CombinedOutput(); err != nil {
		b.t.Fatalf("format the Kafka log: %v\n%s", err, out)
	}
}

func (b *Broker) properties() string {
	all := map[string]string{
		"process.roles":                            "broker,controller",
		"node.id":                                  "1",
		"controller.quorum.voters":                 "1@" + b.control,
		"controller.listener.names":                "CONTROLLER",
		"inter.broker.listener.name":               "PLAINTEXT",
		"listener.security.protocol.map":           "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
		"listeners":                                "PLAINTEXT://" + b.Address + ",CONTROLLER://" + b.control,
		"log.dirs":                                 b.path("log"),
		"num.partitions":                           "1",
		"offsets.topic.replication.factor":         "1",
		"offsets.topic.num.partitions":             "4",
		"transaction.state.log.replication.factor": "1",
		"transaction.state.log.min.isr":            "1",
		"group.initial.rebalance.delay.ms":         "0",
		"auto.create.topics.enable":                "false",
		// A broker that was killed may come back when its session is over.
		"broker.heartbeat.interval.ms": "300",
		"broker.session.timeout.ms":    "1500",
	}
	if b.SASLAddress != "" {
		all["listeners"] += ",SASL_PLAINTEXT://" + b.SASLAddress
		all["sasl.enabled.mechanisms"] = "SCRAM-SHA-512"
		all["listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config"] = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
	}
	maps.Copy(all, b.options.Properties)
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s=%s\n", key, all[key])
	}
	return text.String()
}

// answers reports whether every listener takes connections; the broker opens
// them one after the other.
func (b *Broker) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, address := range []string{b.Address, b.SASLAddress} {
		if address == "" {
			continue
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return false
		}
		_ = conn.Close()
	}
	return true
}

func (b *Broker) logTail() string {
	const enough = 4000
	text, err := os.ReadFile(b.path("broker.log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-enough):])
}

// freeAddress is an address on loopback that was free a moment ago.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "127.0.0.1:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
