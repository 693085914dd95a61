package processor

import (
	"log/slog"
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/workloads/prepare"
)

const aDay = 4 * meter.HoursPerDay // readings of four meters

// A database that is restored from a dump ends with the rows of one that nothing
// happened to, whatever the stream holds: none is lost, and none comes twice.
func TestRestoredDumpMeetsTheStream(t *testing.T) {
	const days = 30
	want := undisturbed(t, days)
	for name, c := range map[string]struct {
		dumped int               // days that the dump holds
		then   func(s *services) // what happens between the dump and the restore
		after  func(s *services) // and after it, before the last day is there
		wanted twin.Counts       // of Stored and Duplicates
	}{
		// The stream has all that the dump lacks.
		"stream is newer": {20, func(s *services) {
			s.produce(20, days-20)
			s.process()
		}, func(*services) {}, twin.Counts{Stored: days * aDay}},
		// A topic that was recreated holds a part of what the dump holds. It is read
		// from its start as soon as a processor sees it.
		"stream is older": {20, func(s *services) {
			s.recreateTopic()
			s.produce(0, 10)
		}, func(s *services) {
			s.processUntil(func() bool { return s.summary().Totals.Duplicates == 10*aDay })
			s.produce(10, days-10)
		}, twin.Counts{Stored: days * aDay, Duplicates: 20 * aDay}},
		// That of a new twin is empty when the restored database comes. It is filled
		// with the same records before a processor sees it, so that the dump continues.
		"stream is empty": {20, func(s *services) {
			s.recreateTopic()
			s.forgetRedis()
		}, func(s *services) { s.produce(0, days) }, twin.Counts{Stored: days * aDay}},
		// It has more records than the dump, but others.
		"stream is another": {10, func(s *services) {
			s.recreateTopic()
			s.produce(5, 20)
		}, func(s *services) { s.produce(25, days-25) }, twin.Counts{Stored: days * aDay, Duplicates: 5 * aDay}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServices(t)
			s.produce(0, c.dumped)
			s.process()
			dump := s.dump()
			c.then(s)
			s.restoreDump(dump)
			c.after(s)
			s.process()

			totals := s.summary().Totals
			require.Equal(t, c.wanted, twin.Counts{Stored: totals.Stored, Duplicates: totals.Duplicates})
			for i, table := range s.rows() {
				if table.Name == "readings" || table.Name == "group_load" {
					require.Equal(t, want[i], table)
				}
			}
		})
	}
}

// dump writes the database into a file, as a backup does.
func (s *services) dump() string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "twin.dump")
	out, err := exec.Command("pg_dump", "--format=custom", "--file="+file, "--dbname="+s.url).CombinedOutput()
	require.NoError(s.t, err, string(out))
	return file
}

// restoreDump restores a dump beside the database, and lets the stores be those of
// the twin that starts from it.
func (s *services) restoreDump(file string) {
	s.t.Helper()
	ctx := s.t.Context()
	const restored = "restored"
	admin, err := pgx.Connect(ctx, s.url)
	require.NoError(s.t, err)
	defer admin.Close(ctx)
	_, err = admin.Exec(ctx, "CREATE DATABASE "+restored)
	require.NoError(s.t, err)
	at, err := url.Parse(s.url)
	require.NoError(s.t, err)
	at.Path = "/" + restored
	s.url = at.String()
	out, err := exec.Command("pg_restore", "--no-owner", "--dbname="+s.url, file).CombinedOutput()
	require.NoError(s.t, err, string(out))
	s.twin.Database.URL = s.url
	require.NoError(s.t, prepare.Run(ctx, s.twin, slog.New(slog.DiscardHandler)))
	s.stores.DB, err = writer.Open(ctx, s.url, timescale.Options{})
	require.NoError(s.t, err)
	s.t.Cleanup(s.stores.DB.Close)
}
