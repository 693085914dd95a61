package wallclock

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Any run of half hours over a clock change, written as local time, comes back
// as the same instants, forwards and backwards.
func TestLocalTimesComeBack(t *testing.T) {
	changes := map[string][]string{
		"Europe/London":       {"2019-03-31T01:00:00Z", "2019-10-27T01:00:00Z"},
		"America/New_York":    {"2019-03-10T07:00:00Z", "2019-11-03T06:00:00Z"},
		"Australia/Lord_Howe": {"2019-04-06T15:00:00Z", "2019-10-05T15:30:00Z"},
		"Australia/Adelaide":  {"2019-04-06T16:30:00Z", "2019-10-05T16:30:00Z"},
		"Africa/Casablanca":   {"2019-05-05T02:00:00Z", "2019-06-09T02:00:00Z"},
		"Asia/Kolkata":        {"2019-05-05T02:00:00Z"},
	}
	var zones []string
	for z := range changes {
		zones = append(zones, z)
	}
	slices.Sort(zones)
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		change, err := time.Parse(time.RFC3339, rapid.SampledFrom(changes[zone]).Draw(t, "change"))
		require.NoError(t, err)
		first := change.Unix()/60 - int64(rapid.IntRange(3, 40).Draw(t, "before"))*30
		var want []int64
		for n := range rapid.IntRange(90, 120).Draw(t, "count") {
			want = append(want, first+int64(n)*30)
		}
		if rapid.Bool().Draw(t, "backwards") {
			slices.Reverse(want)
		}
		clock, o := Clock{Zone: loc}, Order{}
		for _, minute := range want {
			local := time.Unix(minute*60, 0).In(loc)
			wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC).Unix() / 60
			got, err := clock.Resolve(wall, &o)
			require.NoError(t, err)
			require.Equal(t, minute, got)
			o.Note(got)
		}
	})
}
