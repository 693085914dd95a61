package datafile

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// layoutSample is a small file in a shipped layout, with made-up numbers, and what
// they amount to: computed where the file was made, not by this program.
type layoutSample struct {
	name, file string
	meters     string // with spaces between
	hours      int64  // rows of all meters
	kWh        float64
	first      string // hour, UTC

	missing, estimated, skipped int64
}

var layoutSamples = []layoutSample{
	{name: "ausgrid-solar-home", file: "ausgrid-solar-home.csv", meters: "9", hours: 48, kWh: 20.6640, first: "2012-06-30T14:00Z"},
	{name: "building-data-genome-2", file: "building-data-genome-2.csv", meters: "Fox_office_Ann Fox_lodging_Bob", hours: 95, kWh: 4139.6930, first: "2016-01-01T00:00Z", missing: 1},
	{name: "cer-ireland", file: "cer-ireland.txt", meters: "4321", hours: 48, kWh: 20.7600, first: "2009-07-13T23:00Z"},
	{name: "datadis-api", file: "datadis-api.csv", meters: "ES0021", hours: 25, kWh: -0.1150, first: "2025-10-25T22:00Z", estimated: 1},
	{name: "datadis-web", file: "datadis-web.csv", meters: "ES0021", hours: 23, kWh: 4.9390, first: "2025-03-29T23:00Z"},
	{name: "eloverblik", file: "eloverblik.csv", meters: "571313100000000077", hours: 25, kWh: 5.0740, first: "2025-10-25T22:00Z", estimated: 1},
	{name: "emoncms", file: "emoncms.csv", meters: "meter", hours: 24, kWh: 7.3620, first: "2024-05-01T00:00Z"},
	{name: "emoncms-power", file: "emoncms-power.csv", meters: "meter", hours: 24, kWh: 12.0171, first: "2024-05-01T00:00Z"},
	{name: "enedis-courbe", file: "enedis-courbe.csv", meters: "meter", hours: 23, kWh: 22.7685, first: "2025-03-29T23:00Z"},
	{name: "enedis-sge", file: "enedis-sge.csv", meters: "00000000000007", hours: 25, kWh: 16.5270, first: "2025-10-25T22:00Z", skipped: 1},
	{name: "engie-nl", file: "engie-nl.csv", meters: "871600000000000077", hours: 24, kWh: -1.3200, first: "2024-05-31T22:00Z", skipped: 1},
	{name: "fingrid-datahub", file: "fingrid-datahub.csv", meters: "643000000000000077", hours: 23, kWh: 17.7560, first: "2024-05-31T21:00Z", missing: 2},
	{name: "fluvius", file: "fluvius.csv", meters: "541448800000000099", hours: 24, kWh: 0.0490, first: "2024-10-26T22:00Z", missing: 2},
	{name: "green-button", file: "green-button.xml", meters: "P9", hours: 24, kWh: 4.8680, first: "2024-05-01T00:00Z"},
	{name: "home-assistant-history", file: "home-assistant-history.csv", meters: "sensor.heat_pump_energy", hours: 24, kWh: 8.6400, first: "2024-05-01T00:00Z", missing: 1},
	{name: "home-assistant-statistics", file: "home-assistant-statistics.tsv", meters: "sensor.grid_energy", hours: 24, kWh: 5.5110, first: "2024-03-30T00:00Z"},
	{name: "homewizard", file: "homewizard.csv", meters: "meter", hours: 24, kWh: -1.3000, first: "2024-05-31T22:00Z"},
	{name: "linz-netz", file: "linz-netz.csv", meters: "meter", hours: 25, kWh: 18.8410, first: "2025-10-25T22:00Z"},
	{name: "low-carbon-london", file: "low-carbon-london.csv", meters: "MAC900001 MAC900002", hours: 48, kWh: 20.1330, first: "2012-10-12T00:00Z", missing: 1},
	{name: "low-carbon-london-blocks", file: "low-carbon-london-blocks.csv", meters: "MAC900001 MAC900002", hours: 48, kWh: 20.1330, first: "2012-10-12T00:00Z"},
	{name: "low-carbon-london-days", file: "low-carbon-london-days.csv", meters: "MAC900001", hours: 48, kWh: 20.1330, first: "2012-10-12T00:00Z"},
	{name: "n3rgy", file: "n3rgy.csv", meters: "meter", hours: 24, kWh: 10.8180, first: "2023-06-01T00:00Z"},
	{name: "nem12", file: "nem12.csv", meters: "NMI0000009/E1", hours: 24, kWh: 8.2520, first: "2024-01-31T14:00Z"},
	{name: "octopus", file: "octopus.csv", meters: "meter", hours: 25, kWh: 10.1210, first: "2023-10-28T23:00Z"},
	{name: "opower", file: "opower.csv", meters: "meter", hours: 48, kWh: 9.1950, first: "2024-07-13T00:00Z", skipped: 1},
	{name: "opsd-household", file: "opsd-household.csv", meters: "DE_KN_residential9_grid_import DE_KN_residential9_dishwasher", hours: 48, kWh: 36.5240, first: "2016-05-01T00:00Z"},
	{name: "p1-counters", file: "p1-counters.csv", meters: "meter", hours: 24, kWh: -1.3000, first: "2024-05-31T22:00Z"},
	{name: "pecan-street", file: "pecan-street.csv", meters: "990", hours: 24, kWh: 7.5323, first: "2018-01-01T06:00Z"},
	{name: "sma-sunny-portal", file: "sma-sunny-portal.csv", meters: "meter", hours: 24, kWh: 11.6638, first: "2024-05-01T00:00Z"},
	{name: "smart-grid-smart-city", file: "smart-grid-smart-city.csv", meters: "9990001", hours: 24, kWh: 9.3030, first: "2012-12-31T14:00Z"},
	{name: "smart-meter-texas", file: "smart-meter-texas.csv", meters: "10000000000000077", hours: 25, kWh: -1.8900, first: "2024-11-03T05:00Z"},
	{name: "uci-electricity-load", file: "uci-electricity-load.txt", meters: "MT_001 MT_002", hours: 46, kWh: 228.1213, first: "2013-03-31T00:00Z", missing: 8},
	{name: "uci-household-power", file: "uci-household-power.txt", meters: "meter", hours: 5, kWh: 8.0592, first: "2007-01-31T23:00Z", missing: 1},
}

// notRecognised are layouts whose files nothing sets apart: their names have to be
// given. Some of these files are read all the same, by what they show.
var notRecognised = []string{"building-data-genome-2", "emoncms", "emoncms-power", "nem12", "green-button"}

func TestShippedLayoutsReadTheirSamples(t *testing.T) {
	var sampled []string
	for _, tc := range layoutSamples {
		sampled = append(sampled, tc.name)
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join("testdata", "layouts", tc.file)
			tc.check(t, openFile(t, path, Options{Layout: &layout.Document{From: tc.name}}))
			if !contains(notRecognised, tc.name) {
				found := openFile(t, path, Options{})
				require.Equal(t, "the layout "+tc.name, namedAs(ptr(found.Info())))
				tc.check(t, found)
			}
		})
	}
	require.ElementsMatch(t, layout.Names(), sampled, "each layout has a sample")
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func ptr[T any](v T) *T { return &v }

func (s *layoutSample) check(t *testing.T, src dataset.Source) {
	t.Helper()
	info := src.Info()
	var names []string
	for _, m := range info.Meters {
		names = append(names, m.Name)
	}
	require.Equal(t, s.meters, strings.Join(names, " "))
	rows := allRows(t, src, 0)
	sum := 0.0
	for _, r := range rows {
		sum += float64(r.KWh)
	}
	require.EqualValues(t, s.hours, len(rows), "hours")
	require.InDelta(t, s.kWh, sum, 1e-3, "kWh")
	require.Equal(t, s.first, rows[0].Hour.Time().Format("2006-01-02T15:04Z"))
	require.Equal(t, []int64{0, s.missing, s.estimated, s.skipped}, []int64{info.Quarantined, info.Missing, info.Estimated, info.Skipped}, "%v", info.BadRows)
}

// What inspect prints as its guess reads the file as the guess did.
func TestThePrintedLayoutReadsTheFile(t *testing.T) {
	for _, tc := range layoutSamples {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join("testdata", "layouts", tc.file)
			text, err := openFile(t, path, Options{Layout: &layout.Document{From: tc.name}}).Info().Layout.YAML()
			require.NoError(t, err)
			doc, err := layout.Parse([]byte("layout:\n  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")))
			require.NoError(t, err, text)
			again := openFile(t, path, Options{Layout: doc})
			tc.check(t, again)
		})
	}
}

// Sunny Portal writes W or kW, as the columns state.
func TestSunnyPortalInWatts(t *testing.T) {
	text := "Date and time;External energy supply / Mean values [W];Grid feed-in / Mean values [W]\n"
	for q := 1; q <= 96; q++ {
		text += jan(1).Add(time.Duration(q)*15*time.Minute).Format("02.01.2006 15:04") + ";500,00;120,00\n"
	}
	s := openFile(t, file(t, text), Options{Layout: &layout.Document{From: "sma-sunny-portal"}})
	info := s.Info()
	require.Equal(t, "meter 9.120", energyByMeter(&info, allRows(t, s, 0)))
}
