package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// fetchableVersions are the PostgreSQL releases that can be downloaded, by major.
func fetchableVersions() map[int]embeddedpostgres.PostgresVersion {
	return map[int]embeddedpostgres.PostgresVersion{
		14: embeddedpostgres.V14,
		15: embeddedpostgres.V15,
		16: embeddedpostgres.V16,
		17: embeddedpostgres.V17,
		18: embeddedpostgres.V18,
	}
}

// fetchedMajor is the version to download for a new database.
const fetchedMajor = 17

// fetchPostgres returns the downloaded installation of a major version, which
// it downloads (about 10 MB) into the cache folder if it is not there yet.
func fetchPostgres(ctx context.Context, runAs account, major int, progress Progress) (postgresInstallation, error) {
	version, known := fetchableVersions()[major]
	if !known {
		return postgresInstallation{}, fmt.Errorf("PostgreSQL %d cannot be downloaded", major)
	}
	cache, err := binaryCache(runAs)
	if err != nil {
		return postgresInstallation{}, err
	}
	home := filepath.Join(cache, "postgresql-"+string(version))
	if found, err := inspectPostgres(ctx, filepath.Join(home, "bin")); err == nil {
		return found, nil
	}
	progress.say(fmt.Sprintf("downloading PostgreSQL %s to %s (once)", version, cache))
	if err := download(ctx, cache, home, version); err != nil {
		return postgresInstallation{}, fmt.Errorf("downloading PostgreSQL %s: %w", version, err)
	}
	return inspectPostgres(ctx, filepath.Join(home, "bin"))
}

// binaryCache is a folder that keeps downloads and that the account can reach:
// root's own cache is usually closed to all others.
func binaryCache(runAs account) (string, error) {
	var reasons []error
	for _, choose := range []func() (string, error){os.UserCacheDir, systemCache} {
		parent, err := choose()
		if err == nil {
			cache := filepath.Join(parent, "energytwin")
			if err = os.MkdirAll(cache, 0o755); err == nil {
				err = runAs.reaches(cache)
			}
			if err == nil {
				return cache, nil
			}
		}
		reasons = append(reasons, err)
	}
	return "", fmt.Errorf("finding a folder for PostgreSQL's programs: %w", errors.Join(reasons...))
}

func systemCache() (string, error) { return "/var/cache", nil }

// download unpacks a release beside its home and moves it there when complete,
// so that a download cut short leaves nothing that looks installed.
func download(ctx context.Context, cache, home string, version embeddedpostgres.PostgresVersion) error {
	work, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	fetched := make(chan error, 1)
	go func() { fetched <- unpackRelease(work, version) }() // the library takes no context
	select {
	case err = <-fetched:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	err = os.Rename(filepath.Join(work, "unpacked"), home)
	if err != nil && errors.Is(err, os.ErrExist) {
		return nil // another process was faster
	}
	return err
}

// unpackRelease has the library download and unpack, and no more. The library
// exports only Start, which then clears its data folder, makes a database in it
// and runs it as the user that it is itself, which root cannot. A data folder
// that ends in "/." stops it right after unpacking: such a path cannot be
// cleared, on any system, by the contract of os.RemoveAll.
func unpackRelease(work string, version embeddedpostgres.PostgresVersion) error {
	port, err := freePort(0)
	if err != nil {
		return err
	}
	unpacked := filepath.Join(work, "unpacked")
	err = embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(version).
		Port(uint32(port)).
		Logger(io.Discard).
		CachePath(work).
		RuntimePath(filepath.Join(work, "runtime")).
		BinariesPath(unpacked).
		DataPath(work + "/nowhere/.")).Start()
	if err == nil {
		return errors.New("the library started a server that was not asked for")
	}
	if !strings.Contains(err.Error(), "unable to clean up data directory") {
		return err
	}
	if _, missing := os.Stat(filepath.Join(unpacked, "bin", "initdb")); missing != nil {
		return errors.Join(err, missing)
	}
	return nil
}

// choosePostgres picks the programs for a data folder: of the folder's own major
// version if it has a database (0 if not), else the best on this machine, else
// downloaded ones.
func choosePostgres(ctx context.Context, runAs account, major int, progress Progress) (postgresInstallation, error) {
	installed := installedPostgres(ctx)
	for _, candidate := range installed {
		if major == 0 || candidate.major == major {
			return candidate, nil
		}
	}
	wanted := major
	if wanted == 0 {
		wanted = fetchedMajor
	}
	fetched, err := fetchPostgres(ctx, runAs, wanted, progress)
	if err == nil {
		return fetched, nil
	}
	if major != 0 {
		return postgresInstallation{}, fmt.Errorf("the data was made by PostgreSQL %d, which is not on this machine (found: %s): install it, or use another data folder: %w",
			major, majors(installed), err)
	}
	return postgresInstallation{}, fmt.Errorf("no PostgreSQL %d or newer on this machine: install one (Debian, Ubuntu: apt-get install postgresql), or name a running one with --database: %w",
		oldestPostgres, err)
}

func majors(installed []postgresInstallation) string {
	if len(installed) == 0 {
		return "none"
	}
	names := make([]string, 0, len(installed))
	for _, installation := range installed {
		names = append(names, strconv.Itoa(installation.major))
	}
	return strings.Join(names, ", ")
}
