package resources

import (
	"fmt"
	"strconv"
	"strings"
)

// postgresSettings fit a database to its memory limit, in bytes. They give up no
// durability.
func postgresSettings(limit int64) []string {
	const mib = mebibyte
	shared := min(max(limit/4, 32*mib), 8<<30)
	// What a query may sort in memory: connections share what the caches leave.
	work := max(limit/64, 4*mib)
	maintenance := min(max(limit/8, 32*mib), 1<<30)
	wal := min(max(limit*2, 512*mib), 8<<30)
	megabytes := func(bytes int64) string { return strconv.FormatInt(bytes/mib, 10) + "MB" }
	return []string{
		"shared_buffers=" + megabytes(shared),
		"effective_cache_size=" + megabytes(limit*3/4),
		"work_mem=" + megabytes(work),
		"maintenance_work_mem=" + megabytes(maintenance),
		"max_wal_size=" + megabytes(wal), // a replay at full speed must not checkpoint every few seconds
		"checkpoint_timeout=15min",
		"max_connections=100",
		"password_encryption=scram-sha-256",
		"jit=off", // queries are short: compiling them costs more than it gains
		"timezone=UTC",
		"log_timezone=UTC",
		"timescaledb.telemetry_level=off", // nothing of a twin calls out
		"dynamic_shared_memory_type=mmap", // a container's /dev/shm is 64 MB
	}
}

// databaseRoles is a script that sets the roles' passwords, whatever they were,
// and what each may do. It runs at each start, over the local socket, which
// trusts who is in the pod. The first start runs it against the server that
// initialises, or the one after; both are good. psql reads the passwords from
// their files and quotes them, so that none is on a command line.
func databaseRoles() string {
	socket := "-h /var/run/postgresql -U postgres -v ON_ERROR_STOP=1 -X -q"
	var passwords []string
	for _, read := range [][2]string{{"admin", "postgres"}, {"owner", "owner"}, {"reader", "reader"}} {
		passwords = append(passwords, fmt.Sprintf("\\set %s `cat %s/%s`", read[0], databaseSecretDir, read[1]))
	}
	return fmt.Sprintf(`set -eu
sql() {
  psql %[2]s -d %[3]s -1 <<'SQL'
%[1]s
SET log_statement = 'none';
SELECT format('CREATE ROLE %%I LOGIN', name) FROM (VALUES ('%[4]s'), ('%[5]s')) AS r(name)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE postgres PASSWORD :'admin';
ALTER ROLE %[4]s PASSWORD :'owner';
ALTER ROLE %[5]s PASSWORD :'reader';
SELECT 'ALTER ROLE %[6]s NOLOGIN PASSWORD NULL' WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = '%[6]s') \gexec
ALTER DATABASE %[3]s OWNER TO %[4]s;
%[7]sSELECT 'CREATE EXTENSION timescaledb' WHERE EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
  AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') \gexec
SQL
}
# An image with a newer extension: bring the database along, in a session of its own.
extension() {
  found=$(psql %[2]s -d %[3]s -At -c "SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")
  [ -z "$found" ] || psql %[2]s -d %[3]s -c 'ALTER EXTENSION timescaledb UPDATE'
}
tries=0
until sql && extension; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || exit 1
  sleep 1
done
`, strings.Join(passwords, "\n"), socket, DatabaseName, OwnerRole, ReaderRole, formerRole, databaseGrants())
}

// formerRole wrote on behalf of the API, which reads now. A database of that time
// keeps it, since other databases of the server may have granted it something; it
// cannot log in.
const formerRole = "twin_writer"

// databaseGrants are what each role may do in a database that the roles own.
func databaseGrants() string {
	return fmt.Sprintf(`ALTER SCHEMA public OWNER TO %[1]s;
GRANT USAGE ON SCHEMA public TO %[2]s;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO %[2]s;
ALTER DEFAULT PRIVILEGES FOR ROLE %[1]s IN SCHEMA public GRANT SELECT ON TABLES TO %[2]s;
`, OwnerRole, ReaderRole)
}
