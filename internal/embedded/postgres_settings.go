package embedded

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

const mebibyte = 1 << 20

// settings are the server's, by name. They fit a machine that also runs the
// workloads, Kafka and Redis, and give up no durability.
func (s *PostgresServer) settings(port int) map[string]string {
	chosen := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(port),
		"unix_socket_directories": "", // a folder's path can be too long for a socket
		"shared_buffers":          fmt.Sprintf("%dMB", sharedBuffers(memory())/mebibyte),
		"max_wal_size":            "4GB", // a full-speed replay must not checkpoint every few seconds
		"checkpoint_timeout":      "15min",
		"fsync":                   "on",
		"synchronous_commit":      "on",
		"max_connections":         "100",
		"jit":                     "off", // queries here are short: compiling costs more than it gains
		"timezone":                "UTC",
		"log_timezone":            "UTC",
	}
	if s.TimescaleDB {
		chosen["shared_preload_libraries"] = "timescaledb"
		chosen["timescaledb.telemetry_level"] = "off" // nothing here calls out
	}
	maps.Copy(chosen, s.options.Settings)
	return chosen
}

// arguments are the server's command line: the same settings in the same order
// each time, so that a server left behind can be compared with what is wanted.
func (s *PostgresServer) arguments(port int) []string {
	arguments := []string{"-D", s.dataFolder()}
	settings := s.settings(port)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		arguments = append(arguments, "-c", name+"="+settings[name])
	}
	return arguments
}

// sharedBuffers is an eighth of memory: half of PostgreSQL's advice for a
// machine of its own, within 128 MiB and 1 GiB.
func sharedBuffers(total uint64) uint64 {
	return min(max(total/8, 128*mebibyte), 1024*mebibyte)
}

// memory is the machine's memory in bytes, or the control group's limit if that
// is less; 0 if neither can be read.
func memory() uint64 {
	total := meminfoTotal()
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseUint(strings.TrimSpace(string(raw)), 10, 64)
		if err == nil && limit < total {
			total = limit
		}
	}
	return total
}

func meminfoTotal() uint64 {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == "MemTotal:" {
			kibibytes, _ := strconv.ParseUint(fields[1], 10, 64)
			return kibibytes * 1024
		}
	}
	return 0
}
