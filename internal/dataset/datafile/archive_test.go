package datafile

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/energytwin/energytwin/internal/dataset"
)

// part is a file of an archive.
type part struct{ name, text string }

func archive(t *testing.T, parts ...part) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range parts {
		f, err := w.Create(p.name)
		require.NoError(t, err)
		_, err = io.WriteString(f, p.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

// month is a file of a meter, or of a file that names none.
func month(header, meter string, from time.Time, days int, of func(int) float64) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for h := range 24 * days {
		fmt.Fprintf(&b, "%s%s;%s\n", meter, local(from.Add(time.Duration(h)*time.Hour)), decimalComma(of(h)))
	}
	return b.String()
}

func jan(day int) time.Time { return time.Date(2024, 1, day, 0, 0, 0, 0, time.UTC) }

func TestKindsOfArchives(t *testing.T) {
	two := total(48, load)
	named := month("meter;time;kwh", "a;", jan(1), 2, load)
	plain := func(day int) string { return month("time;kwh", "", jan(day), 2, load) }
	feed := feedText(true, feedSeries{path: "UsagePoint/P/MeterReading/1", kind: delivered, hours: 48, value: wattHours(load, 1)})
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := io.WriteString(z, named)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	sheet := workbookText(t, false, sheetOf("Data", 48, false))
	for _, tc := range []struct {
		name   string
		parts  []part
		meters string
		warns  string
	}{
		{name: "one file", parts: []part{{"data.csv", named}}, meters: fmt.Sprintf("a %.3f", two)},
		{name: "in a folder, beside what systems leave", parts: []part{{"x/", ""}, {"x/data.csv", named}, {"__MACOSX/x/._data.csv", "\x00\x01"}, {"x/.DS_Store", "\x00"}}, meters: fmt.Sprintf("a %.3f", two)},
		{name: "months of one meter", parts: []part{{"2.csv", plain(3)}, {"1.csv", plain(1)}, {"3.csv", plain(5)}}, meters: fmt.Sprintf("meter %.3f", 3*two)},
		{
			name: "a file for each meter", meters: fmt.Sprintf("home 1 %.3f, home 2 %.3f", two, total(48, sun)),
			parts: []part{{"homes/home 1.csv", plain(1)}, {"homes/home 2.csv", month("time;kwh", "", jan(1), 2, sun)}},
		},
		{
			name: "a file for each meter, which are much alike", meters: fmt.Sprintf("h1 %.3f, h2 %.3f", two, 2*two),
			parts: []part{{"h1.csv", plain(1)}, {"h2.csv", month("time;kwh", "", jan(1), 2, func(h int) float64 { return 2 * load(h) })}},
		},
		{
			name: "meters by their column", meters: fmt.Sprintf("a %.3f, b %.3f", two, two),
			parts: []part{{"1.csv", named}, {"2.csv", month("meter;time;kwh", "b;", jan(1), 2, load)}},
		},
		{
			name: "a notice and a picture beside", meters: fmt.Sprintf("a %.3f", two), warns: "readme.txt is left out",
			parts: []part{{"readme.txt", "These are the readings\nthat you asked for.\n"}, {"plot.png", "\x89PNG\r\n\x1a\n\x00\x00"}, {"data.csv", named}},
		},
		{name: "packed twice", parts: []part{{"data.csv.gz", packed.String()}}, meters: fmt.Sprintf("a %.3f", two)},
		{name: "Green Button", parts: []part{{"feed.xml", feed}}, meters: fmt.Sprintf("P %.3f", two)},
		{name: "a workbook", parts: []part{{"data.xlsx", sheet}}, meters: fmt.Sprintf("m %.3f", two)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := openFile(t, file(t, archive(t, tc.parts...)), Options{})
			info := s.Info()
			require.Equal(t, tc.meters, energyByMeter(&info, allRows(t, s, 0)))
			require.Contains(t, strings.Join(info.Warnings, "\n"), tc.warns)
			require.Len(t, info.SHA256, 64)
		})
	}
}

func TestKindsOfArchivesThatAreRejected(t *testing.T) {
	named := month("meter;time;kwh", "a;", jan(1), 2, load)
	whole := archive(t, part{"data.csv", named})
	locked := []byte(whole)
	locked[6] |= 1
	locked[strings.Index(whole, "PK\x01\x02")+8] |= 1
	method := []byte(whole)
	method[8] = 9
	method[strings.Index(whole, "PK\x01\x02")+10] = 9
	for name, tc := range map[string]struct{ text, err string }{
		"a password":            {string(locked), "protected with a password"},
		"an archive inside":     {archive(t, part{"in.zip", whole}), "an archive in the archive is not read: unpack it"},
		"an unusual method":     {string(method), "method 9"},
		"nothing inside":        {archive(t), "the archive has no files"},
		"only folders":          {archive(t, part{"x/", ""}), "the archive has no files"},
		"cut off":               {whole[:len(whole)/2], "damaged or cut off"},
		"no readings":           {archive(t, part{"a.txt", "hello\n"}, part{"b.txt", "you\n"}), "none of its 2 files or sheets holds readings"},
		"several kinds":         {archive(t, part{"a.csv", named}, part{"b.csv", month("time;kwh", "", jan(1), 2, load)}), "its files or sheets are of several kinds"},
		"an OpenDocument sheet": {archive(t, part{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}, part{"content.xml", "<x/>"}), "(.ods), which is not read: save it as xlsx or CSV"},
		"a document":            {archive(t, part{"[Content_Types].xml", "<x/>"}, part{"word/document.xml", "<x/>"}), "word processor"},
		"a binary workbook":     {archive(t, part{"xl/workbook.bin", "x"}), "(.xlsb)"},
		"a broken workbook":     {archive(t, part{"[Content_Types].xml", "<x/>"}, part{"xl/workbook.xml", "<workbook/>"}), "save it as xlsx or CSV"},
		"an old workbook":       {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600), "(.xls), or one with a password"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), file(t, tc.text), Options{ScratchDir: t.TempDir()})
			require.ErrorContains(t, err, tc.err)
			require.Less(t, len(err.Error()), 900)
		})
	}
}

// A small archive that unpacks to much is rejected by what it states of itself, and one
// that states less than it has ends where that is exceeded.
func TestArchiveBombs(t *testing.T) {
	bomb := func(stated uint64) string {
		var b, body bytes.Buffer
		deflate, err := flate.NewWriter(&body, flate.BestCompression)
		require.NoError(t, err)
		row := []byte("a;2024-01-01 00:00;1,000\n")
		_, err = deflate.Write(append([]byte("meter;time;kwh\n"), bytes.Repeat(row, 1<<16)...))
		require.NoError(t, err)
		require.NoError(t, deflate.Close())
		w := zip.NewWriter(&b)
		f, err := w.CreateRaw(&zip.FileHeader{Name: "data.csv", Method: zip.Deflate, CompressedSize64: uint64(body.Len()), UncompressedSize64: stated})
		require.NoError(t, err)
		_, err = f.Write(body.Bytes())
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return b.String()
	}
	_, err := Open(t.Context(), file(t, bomb(2<<30)), Options{})
	require.ErrorContains(t, err, "unpacks to more than")
	_, err = Open(t.Context(), file(t, bomb(1<<10)), Options{})
	require.ErrorContains(t, err, "not a valid zip file")
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "member-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// A bad row of an archive is known by the file that it is in.
func TestBadRowOfAnArchive(t *testing.T) {
	bad := month("meter;time;kwh", "a;", jan(3), 2, load) + "a;yesterday;1\n"
	path := file(t, archive(t, part{"1.csv", month("meter;time;kwh", "a;", jan(1), 2, load)}, part{"2.csv", bad}))
	var kept bytes.Buffer
	s := openFile(t, path, Options{BadRows: dataset.NewCSVQuarantine(&kept)})
	b := s.Info().BadRows
	require.Len(t, b, 1)
	require.Equal(t, path+": 2.csv", b[0].File)
	require.EqualValues(t, 50, b[0].Line)
	require.Contains(t, kept.String(), "line,column,reason,raw,file\n50,time,")
	require.Contains(t, kept.String(), ": 2.csv\n")
}

// sheetRows is a sheet of a made-up workbook.
type sheetRows struct {
	name string
	rows [][]any
	// formats of the columns; "" is none
	formats []string
}

// sheetOf is a sheet with readings under two lines of text; text writes times and numbers as text.
func sheetOf(name string, hours int, text bool) sheetRows {
	s := sheetRows{name: name, formats: []string{"", "dd/mm/yyyy hh:mm", "#,##0.00"}}
	s.rows = append(s.rows, []any{"Usage report"}, nil, []any{"meter", "time", "kwh"})
	for h := range hours {
		at := jan(1).Add(time.Duration(h) * time.Hour)
		row := []any{"m", at, load(h)}
		if text {
			row = []any{"m", at.Format("2006-01-02 15:04"), decimalComma(load(h))}
		}
		s.rows = append(s.rows, row)
	}
	return s
}

func workbookText(t *testing.T, since1904 bool, sheets ...sheetRows) string {
	t.Helper()
	f := excelize.NewFile()
	require.NoError(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &since1904}))
	for i, s := range sheets {
		if i == 0 {
			require.NoError(t, f.SetSheetName("Sheet1", s.name))
		} else {
			_, err := f.NewSheet(s.name)
			require.NoError(t, err)
		}
		styles := map[string]int{}
		for _, code := range s.formats {
			if code == "" {
				continue
			}
			id, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
			require.NoError(t, err)
			styles[code] = id
		}
		for r, row := range s.rows {
			for c, v := range row {
				cell, err := excelize.CoordinatesToCellName(c+1, r+1)
				require.NoError(t, err)
				if at, ok := v.(time.Time); ok {
					epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
					if since1904 {
						epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
					}
					v = at.Sub(epoch).Hours() / 24
				}
				if d, ok := v.(time.Duration); ok {
					v = d.Hours() / 24
				}
				require.NoError(t, f.SetCellValue(s.name, cell, v))
				if _, isText := v.(string); !isText && c < len(s.formats) && s.formats[c] != "" {
					require.NoError(t, f.SetCellStyle(s.name, cell, cell, styles[s.formats[c]]))
				}
			}
		}
	}
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	require.NoError(t, f.Close())
	return b.String()
}

func TestKindsOfWorkbooks(t *testing.T) {
	two := total(48, load)
	columns := func(formats []string, header []any, row func(at time.Time, h int) []any) sheetRows {
		s := sheetRows{name: "Data", formats: formats, rows: [][]any{header}}
		for h := range 48 {
			s.rows = append(s.rows, row(jan(1).Add(time.Duration(h)*time.Hour), h))
		}
		return s
	}
	quarters := sheetRows{name: "Data", formats: []string{"m/d/yy h:mm", ""}, rows: [][]any{{"time", "kwh"}}}
	for q := range 4 * 48 {
		quarters.rows = append(quarters.rows, []any{jan(1).Add(time.Duration(q) * 15 * time.Minute), load(q/4) / 4})
	}
	for _, tc := range []struct {
		name      string
		since1904 bool
		sheets    []sheetRows
		meters    string
		warns     string
	}{
		{name: "dates and rounded numbers", sheets: []sheetRows{sheetOf("Data", 48, false)}, meters: fmt.Sprintf("m %.3f", two)},
		{name: "days that no format makes dates", sheets: []sheetRows{columns([]string{"", ""}, []any{"time", "kwh"}, func(at time.Time, h int) []any { return []any{at, load(h)} })}, meters: fmt.Sprintf("meter %.3f", two)},
		{name: "dates since 1904", since1904: true, sheets: []sheetRows{sheetOf("Data", 48, false)}, meters: fmt.Sprintf("m %.3f", two)},
		{name: "texts", sheets: []sheetRows{sheetOf("Data", 48, true)}, meters: fmt.Sprintf("m %.3f", two)},
		{name: "quarters, month before day", sheets: []sheetRows{quarters}, meters: fmt.Sprintf("meter %.3f", two)},
		{
			name: "a day and a time of day", meters: fmt.Sprintf("meter %.3f", two),
			sheets: []sheetRows{columns([]string{"d.m.yyyy", "[h]:mm", ""}, []any{"date", "time", "kwh"}, func(at time.Time, h int) []any {
				return []any{at.Truncate(24 * time.Hour), time.Duration(h%24) * time.Hour, load(h)}
			})},
		},
		{
			name: "times under a format of days", meters: fmt.Sprintf("meter %.3f", two),
			sheets: []sheetRows{columns([]string{`[$-809]dd "of" mmmm yyyy`, ""}, []any{"time", "kwh"}, func(at time.Time, h int) []any { return []any{at, load(h)} })},
		},
		{
			name: "other sheets beside", meters: fmt.Sprintf("m %.3f", two), warns: "sheet Summary is left out",
			sheets: []sheetRows{{name: "Summary", rows: [][]any{{"Total", 12.5}, {"Cost", 3}}}, sheetOf("Data", 48, false), {name: "Empty"}},
		},
		{
			name: "a sheet for each meter", meters: fmt.Sprintf("Kitchen %.3f, Roof %.3f", two, total(48, sun)),
			sheets: []sheetRows{
				func() sheetRows {
					s := columns([]string{"yyyy-mm-dd hh:mm", ""}, []any{"time", "kwh"}, func(at time.Time, h int) []any { return []any{at, load(h)} })
					s.name = "Kitchen"
					return s
				}(),
				func() sheetRows {
					s := columns([]string{"yyyy-mm-dd hh:mm", ""}, []any{"time", "kwh"}, func(at time.Time, h int) []any { return []any{at, sun(h)} })
					s.name = "Roof"
					return s
				}(),
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := openFile(t, file(t, workbookText(t, tc.since1904, tc.sheets...)), Options{})
			info := s.Info()
			rows := allRows(t, s, 0)
			require.Equal(t, tc.meters, energyByMeter(&info, rows))
			require.Equal(t, jan(1), rows[0].Hour.Time())
			require.Contains(t, strings.Join(info.Warnings, "\n"), tc.warns)
		})
	}
	_, err := Open(t.Context(), file(t, workbookText(t, false, sheetRows{name: "Summary", rows: [][]any{{"Total", 12.5}}})), Options{})
	require.ErrorContains(t, err, "sheet Summary")
	_, err = Open(t.Context(), file(t, workbookText(t, false, sheetRows{name: "Empty"})), Options{})
	require.ErrorContains(t, err, "sheet Empty: the file is empty")
}
