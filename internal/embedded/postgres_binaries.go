package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestPostgres is the oldest major version that the schema works on.
const oldestPostgres = 14

// postgresInstallation is a folder of PostgreSQL programs.
type postgresInstallation struct {
	bin       string // folder of initdb and postgres
	version   string // such as 17.4
	major     int
	timescale bool // the TimescaleDB extension is installed in it
}

// installFolders are where packages put PostgreSQL's programs, as patterns.
func installFolders() []string {
	return []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/pgsql-*/bin",          // PostgreSQL's own packages for Red Hat
		"/usr/lib/postgresql*/bin",  // SUSE
		"/usr/libexec/postgresql*",  // Alpine
		"/usr/local/pgsql/bin",      // built from source
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin", // Homebrew on Intel
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	}
}

// installedPostgres lists the usable installations on this machine, the best
// first: those with TimescaleDB before those without, then the newest.
func installedPostgres(ctx context.Context) []postgresInstallation {
	var candidates []string
	if onPath, err := exec.LookPath("initdb"); err == nil {
		candidates = append(candidates, filepath.Dir(onPath))
	}
	for _, pattern := range installFolders() {
		matches, _ := filepath.Glob(pattern) // the patterns are well-formed
		candidates = append(candidates, matches...)
	}
	var found []postgresInstallation
	for _, folder := range candidates {
		installation, err := inspectPostgres(ctx, folder)
		if err != nil || installation.major < oldestPostgres || slices.Contains(found, installation) {
			continue
		}
		found = append(found, installation)
	}
	slices.SortStableFunc(found, better)
	return found
}

func better(a, b postgresInstallation) int {
	if a.timescale != b.timescale {
		if a.timescale {
			return -1
		}
		return 1
	}
	if a.major != b.major {
		return cmp.Compare(b.major, a.major)
	}
	return compareMinor(b.version, a.version)
}

// compareMinor orders versions of one major by the number after the point.
func compareMinor(a, b string) int {
	minor := func(version string) int {
		_, after, _ := strings.Cut(version, ".")
		n, _ := strconv.Atoi(after) // 0 for a beta: older than any release
		return n
	}
	return cmp.Compare(minor(a), minor(b))
}

// inspectPostgres asks the programs in a folder what they are. Distributions
// link them into a folder on PATH; links are followed, as the rest of an
// installation is found beside the real file.
func inspectPostgres(ctx context.Context, folder string) (postgresInstallation, error) {
	program, err := filepath.EvalSymlinks(filepath.Join(folder, "postgres"))
	if err != nil {
		return postgresInstallation{}, err
	}
	bin := filepath.Dir(program)
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return postgresInstallation{}, err
	}
	output, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return postgresInstallation{}, fmt.Errorf("asking %s for its version: %w", program, err)
	}
	version, major, err := parsePostgresVersion(string(output))
	if err != nil {
		return postgresInstallation{}, fmt.Errorf("%s: %w", program, err)
	}
	return postgresInstallation{bin: bin, version: version, major: major, timescale: hasTimescale(ctx, bin)}, nil
}

var errNoVersion = errors.New("prints no version")

// parsePostgresVersion reads "postgres (PostgreSQL) 15.20 (Debian …)" and
// "postgres (PostgreSQL) 19beta1".
func parsePostgresVersion(output string) (version string, major int, err error) {
	found := regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`).FindStringSubmatch(output)
	if found == nil {
		return "", 0, fmt.Errorf("%w: %q", errNoVersion, output)
	}
	major, err = strconv.Atoi(found[2])
	return found[1], major, err
}

// hasTimescale reports whether the installation has the TimescaleDB library.
func hasTimescale(ctx context.Context, bin string) bool {
	root := filepath.Dir(bin)
	folders := []string{filepath.Join(root, "lib"), filepath.Join(root, "lib", "postgresql")}
	if output, err := exec.CommandContext(ctx, filepath.Join(bin, "pg_config"), "--pkglibdir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(output)))
	}
	return slices.ContainsFunc(folders, func(folder string) bool {
		for _, name := range []string{"timescaledb.so", "timescaledb.dylib"} {
			if found, err := exists(filepath.Join(folder, name)); found && err == nil {
				return true
			}
		}
		return false
	})
}
