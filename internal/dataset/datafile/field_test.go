package datafile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// fieldCase is a file as people have them, kept beside the repository, and what is
// right for it: totals, or an error and the layout that follows from it.
type fieldCase struct {
	file  string
	o     Options
	err   string // in the message; o is then what the message asks for
	asked Options

	rows                           int64
	kWh                            float64
	within                         float64 // of kWh; 1e-3 if left out
	quarantined, missing, repeated int64
	skipped                        int64
	most                           float64 // kWh of an hour; not looked at if 0
	meters                         string  // each meter and its kWh; not looked at if ""
	warns                          string  // in a warning
}

func layoutOf(d layout.Document) Options { return Options{Layout: &d} }

func inZone(zone string) Options { return Options{Zone: zone} }

var fieldCases = []fieldCase{
	{file: "01-gb-content-before-links.xml", meters: "UP-1 19.477", rows: 48, kWh: 19.477, skipped: 2},
	{file: "01b-gb-links-before-content.xml", meters: "UP-1 19.477", rows: 48, kWh: 19.477, skipped: 2},
	{file: "02-gb-two-customers-one-id.xml", meters: "3/1 9.419, 4/1 20.042", rows: 48, kWh: 9.419 + 20.042},
	{file: "03-gb-delivered-received.xml", meters: "77/1 9.419, 77/2 -10.663", rows: 48, kWh: 9.419 - 10.663},
	{file: "04-gb-gas-beside.xml", meters: "E 9.419", rows: 24, kWh: 9.419, skipped: 1},
	{file: "05-gb-local-epoch-autumn.xml", meters: "PGE 9.849", rows: 25, kWh: 9.849, repeated: 1, warns: "set layout.time.zone"},
	{file: "05-gb-local-epoch-autumn.xml", o: inZone("America/Los_Angeles"), meters: "PGE 9.849", rows: 25, kWh: 9.849},
	{file: "05-gb-local-epoch-autumn.xml", o: layoutOf(layout.Document{Time: &layout.Time{Zone: "America/Los_Angeles"}}), meters: "PGE 9.849", rows: 25, kWh: 9.849},
	{file: "06-fluvius-15min.csv", rows: 72, kWh: 29.381 - 32.227 - 0.256, missing: 2},
	{file: "08-datadis-hora-1-25.csv", rows: 73, kWh: 29.685},
	{file: "08b-datadis-api.csv", rows: 73, kWh: 29.685},
	{file: "09-smart-meter-texas.csv", rows: 47, kWh: 19.152 - 21.686},
	{file: "10-pge-preamble.csv", o: inZone("America/Los_Angeles"), rows: 47, kWh: 19.139},
	{file: "11-octopus.csv", rows: 49, kWh: 19.390},
	{file: "12-enedis-courbe.csv", rows: 47, kWh: 18.596},
	{file: "12b-enedis-sge-unit-column.csv", rows: 47, kWh: 18.596},
	{file: "13-eloverblik.csv", rows: 49, kWh: 19.745},
	{file: "14-fingrid-missing.csv", rows: 69, kWh: 28.021, missing: 9},
	{file: "15-homewizard-register.csv", rows: 72, kWh: 29.096},
	{file: "15b-register-called-kwh.csv", rows: 72, kWh: 29.096},
	{file: "16-factor-column-blank-line.csv", rows: 48, kWh: 19.473},
	{file: "17-uci-household-minutes.csv", rows: 30, kWh: 11.523, missing: 10},
	{file: "18-kaggle-london-halfhourly.csv", rows: 144, kWh: 28.593 + 28.625, missing: 1},
	{file: "18b-kaggle-hhblock-day-wide.csv", rows: 72, kWh: 28.593},
	{file: "19-bdg2-wide-comma.csv", rows: 258, kWh: 775.360 + 1531.920 + 1619.160, missing: 30},
	{file: "19b-wide-semicolon-named-first-cell.csv", rows: 258, kWh: 775.360 + 1531.920 + 1619.160, missing: 30},
	{file: "19c-wide-semicolon-hourly-kwh-empty-cell.csv", rows: 258, kWh: 775.360 + 1531.920 + 1619.160, missing: 30},
	{
		file: "19c-wide-semicolon-hourly-kwh-empty-cell.csv", rows: 258, kWh: 775.360 + 1531.920 + 1619.160, missing: 30,
		o: layoutOf(layout.Document{Unit: layout.KWh, Time: &layout.Time{Interval: "1h", Marks: layout.Start, Zone: "UTC"}}),
	},
	{file: "20-cer-ireland.txt", rows: 48, kWh: 18.996},
	{file: "21-ausgrid-solar-home.csv", rows: 48, kWh: 16.180},
	{file: "22-sgsc.csv", rows: 48, kWh: 18.996},
	{file: "23-pecan-kw.csv", rows: 48, kWh: -2.213},
	{file: "24-engie-two-channels.csv", rows: 48, kWh: -1.660},
	{file: "25-engie-gas-beside.csv", rows: 48, kWh: 19.477, skipped: 48},
	{file: "26-workbook.xlsx", err: "an Excel workbook that cannot be opened, because a part of it is missing or damaged: open it in a spreadsheet program and save it as xlsx or CSV"},
	{file: "26b-csv-in.zip", meters: "a 1.000", rows: 1, kWh: 1},
	{file: "27-login-page.csv", err: "web page"},
	{file: "27b-api.json", err: "is JSON"},
	{file: "28-sep-line.csv", rows: 48, kWh: 19.477},
	{file: "28b-utf16-tab.csv", rows: 48, kWh: 19.477},
	{file: "28c-latin1-header.csv", rows: 48, kWh: 19.477},
	{file: "28c-latin1-header.csv", o: layoutOf(layout.Document{Meter: &layout.Meter{Column: "Zähler"}}), rows: 48, kWh: 19.477},
	{file: "29-german-thousands.csv", rows: 72, kWh: 36543.75},
	{file: "29b-wh-thousands-point.csv", rows: 72, kWh: 76.005},
	{file: "29c-english-thousands-quoted.csv", rows: 72, kWh: 36543.75},
	{file: "30-compact-hour-stamp.csv", rows: 120, kWh: 48.111},
	{file: "30b-compact-minute-stamp.csv", rows: 120, kWh: 48.111},
	{file: "31-nan-words-footer.csv", rows: 86, kWh: 34.362, missing: 10, quarantined: 1},
	{file: "32-ha-statistics.tsv", rows: 72, kWh: 29.235},
	{file: "33-counters.csv", rows: 115 + 119 + 116 + 119, kWh: 46.487 + 47.689 + 46.574 + 956.380, most: 20},
	{file: "34-revised-later.csv", rows: 48, kWh: 18.996, repeated: 96},
	{file: "35-spring-hour-exists.csv", o: inZone("Europe/Warsaw"), rows: 71, kWh: 28.855, quarantined: 1},
	{file: "36-nem12-blank-line-no-100.csv", rows: 24, kWh: 9.399, skipped: 48},
	{file: "36b-nem13.csv", err: "only NEM12"},
	{file: "37-daily-values.csv", err: "values of a day"},
	{file: "37b-daily-values-midnight.csv", err: "mostly 24h apart"},
	{file: "38-linz-netz.csv", rows: 73, kWh: 29.494},
	{file: "39-autumn-interleaved.csv", o: inZone("Europe/Vienna"), rows: 73, kWh: 29.494},
	{file: "40-counter-3-seconds-late.csv", rows: 24, kWh: 9.591},
	{file: "42-enel-day-wide.csv", rows: 72, kWh: 29.096},
	{
		file: "43-power-in-watts.csv", err: "set layout.unit to W", asked: layoutOf(layout.Document{Unit: layout.W}),
		rows: 48, kWh: 19.173,
	},
	{file: "43b-power-w.csv", rows: 48, kWh: 19.173},
	{file: "45-whole-house-kw.csv", o: layoutOf(layout.Document{Values: []layout.Value{{Column: "whole_house_kw"}}}), rows: 48, kWh: 38.954},
	{file: "46-counter-zero-and-back.csv", rows: 95, kWh: 38.169, most: 1},
	{file: "47-counter-wobble.csv", rows: 116, kWh: 46.800, most: 1.1},
	{file: "48-one-row-months-late.csv", rows: 960, kWh: 388.421},
	{file: "48b-one-row-months-early.csv", rows: 960, kWh: 388.421},
	{file: "49-ha-history.csv", rows: 24, kWh: 9.53, within: 0.01, missing: 4},
	{file: "50-row-number-id.csv", rows: 72, kWh: 29.235},
	{file: "51-gb-latin1-declared.xml", meters: "77/1 9.419, 77/2 -10.663", rows: 48, kWh: 9.419 - 10.663},
	{file: "51b-gb-utf16-declared-utf8-bytes.xml", meters: "77/1 9.419, 77/2 -10.663", rows: 48, kWh: 9.419 - 10.663},
	{file: "51c-gb-leading-newline.xml", meters: "77/1 9.419, 77/2 -10.663", rows: 48, kWh: 9.419 - 10.663},
	{file: "51d-gb-bom.xml", meters: "77/1 9.419, 77/2 -10.663", rows: 48, kWh: 9.419 - 10.663},
	{file: "51e-gb-ascii-declared.xml", meters: "77/1 9.419, 77/2 -10.663", rows: 48, kWh: 9.419 - 10.663},
	{file: "51f-gb-utf16.xml", meters: "77/1 9.419, 77/2 -10.663", rows: 48, kWh: 9.419 - 10.663},
	{file: "52-gb-reverse-already-negative.xml", meters: "0/01 5.772, 0/03 -7.016", rows: 48, kWh: 5.772 - 7.016, skipped: 48, warns: "MeterReading/02 is left out: it is the net"},
	{file: "63-counter-one-zero-long.csv.gz", rows: 2878 + 2880, kWh: 1169.657 + 1170.420, most: 1},
}

func TestFilesAsPeopleHaveThem(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "..", "shared", "field")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("the files are not here: %v", err)
	}
	for _, tc := range fieldCases {
		t.Run(tc.file, func(t *testing.T) {
			path := filepath.Join(folder, tc.file)
			if tc.err != "" {
				_, err := Open(t.Context(), path, tc.o)
				require.ErrorContains(t, err, tc.err)
				require.NotContains(t, err.Error(), "<html", "an error repeats no content")
				if tc.asked.Layout == nil {
					return
				}
				tc.o = tc.asked
			}
			tc.check(t, openFile(t, path, tc.o))
		})
	}
}

func (c *fieldCase) check(t *testing.T, s dataset.Source) {
	t.Helper()
	info := s.Info()
	sum, most := 0.0, 0.0
	rows := allRows(t, s, 0)
	for _, r := range rows {
		sum += float64(r.KWh)
		most = max(most, float64(r.KWh), -float64(r.KWh))
	}
	detection := func() string {
		var b strings.Builder
		for _, e := range info.Detection {
			b.WriteString(e.What + ": " + e.Guess + " (" + e.Because + ")\n")
		}
		return b.String()
	}
	require.EqualValues(t, c.rows, len(rows), detection())
	require.InDelta(t, c.kWh, sum, max(c.within, 1e-3), detection())
	require.Equal(t, []int64{c.quarantined, c.missing, c.repeated, c.skipped}, []int64{info.Quarantined, info.Missing, info.Duplicates, info.Skipped}, detection())
	require.Contains(t, strings.Join(info.Warnings, "\n"), c.warns)
	if c.meters != "" {
		require.Equal(t, c.meters, energyByMeter(&info, rows))
	}
	if c.most > 0 {
		require.LessOrEqual(t, most, c.most)
	}
}

// energyByMeter names each meter and its kWh.
func energyByMeter(info *dataset.Info, rows []dataset.Row) string {
	sums := make([]float64, len(info.Meters))
	for _, r := range rows {
		sums[r.Meter] += float64(r.KWh)
	}
	all := make([]string, len(sums))
	for i, sum := range sums {
		all[i] = fmt.Sprintf("%s %.3f", info.Meters[i].Name, sum)
	}
	return strings.Join(all, ", ")
}
