// Package zonetest lists the zones of the time zone database, for tests that must
// hold in each of them.
package zonetest

import (
	"archive/zip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// All are the zones of the database that comes with Go.
func All(t testing.TB) []*time.Location {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("go is not on PATH, and with it the time zone database: %v", err)
	}
	files, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Skipf("no time zone database: %v", err)
	}
	defer files.Close()
	var zones []*time.Location
	for _, f := range files.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		zone, err := time.LoadLocation(f.Name)
		if err != nil {
			t.Fatalf("zone %s: %v", f.Name, err)
		}
		zones = append(zones, zone)
	}
	if len(zones) < 400 {
		t.Fatalf("only %d zones", len(zones))
	}
	return zones
}

// Clocks are the zones of All whose clocks differ from each other between two
// years, the end exclusive: one zone for each.
func Clocks(t testing.TB, from, to int) []*time.Location {
	t.Helper()
	seen := map[string]bool{}
	var out []*time.Location
	for _, zone := range All(t) {
		var offsets strings.Builder
		for at := time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < to; at = at.Add(24 * time.Hour) {
			offsets.WriteString(at.In(zone).Format("-070000"))
		}
		if !seen[offsets.String()] {
			seen[offsets.String()] = true
			out = append(out, zone)
		}
	}
	return out
}
