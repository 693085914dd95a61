// Package embedded runs the stores of a twin on this machine: PostgreSQL, Redis
// and Kafka, on loopback and on ports of their own, speaking their real
// protocols. `energytwin local`, the tests and the benchmark use it, so that the
// workloads run there unchanged.
//
// Each service owns one folder. An empty Dir option asks for a temporary one,
// deleted by Stop. A folder that is named keeps the data, and the service comes
// back on it after Stop, and after a kill -9 of the process that started it.
// While a process uses a folder it holds a lock on it, so that no second
// process can.
package embedded

// Progress receives, in short sentences without a final stop, what a service is
// doing: which binaries it found, that it downloads or creates something, that
// it took over a server left behind. It may be nil.
type Progress func(message string)

func (p Progress) say(message string) {
	if p != nil {
		p(message)
	}
}
