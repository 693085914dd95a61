package unpack

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Limits of a workbook. Sheets and shared texts above partInMemory are unpacked into the
// scratch folder and stream; all other parts, such as pictures, are kept in memory.
const (
	partInMemory   = 16 << 20
	maxOtherParts  = 256 << 20
	maxWorkbook    = 16 << 30 // bytes of all parts
	maxSheets      = 1000
	maxSheetColumn = 16_384
)

var (
	errWorkbookBinary = errors.New("the file is an Excel workbook in the binary form (.xlsb), which is not read: save it as xlsx or CSV")
	errWorkbookBroken = errors.New("the file is an Excel workbook that cannot be opened, because a part of it is missing or damaged: open it in a spreadsheet program and save it as xlsx or CSV")
	errWorkbookLarge  = errors.New("the file is an Excel workbook with pictures or other parts of more than 256 MiB: save the sheet with the readings as CSV")
	errNoSheets       = errors.New("the file is an Excel workbook without a sheet of cells: save the sheet with the readings as CSV")
)

// workbookInputs are the sheets of an xlsx file as text in rows and columns.
func workbookInputs(name string, in io.ReaderAt, size int64, r *zip.Reader, scratch string) (inputs []Input, closeAll func() error, err error) {
	if has(r, "xl/workbook.bin") {
		return nil, nil, errWorkbookBinary
	}
	var other uint64
	for _, f := range r.File {
		part := strings.ToLower(f.Name)
		if !strings.HasPrefix(part, "xl/worksheets/sheet") && part != "xl/sharedstrings.xml" {
			other += f.UncompressedSize64
		}
	}
	if other > maxOtherParts {
		return nil, nil, errWorkbookLarge
	}
	f, err := excelize.OpenReader(io.NewSectionReader(in, 0, size), excelize.Options{UnzipSizeLimit: maxWorkbook, UnzipXMLSizeLimit: partInMemory, TmpDir: scratch})
	if err != nil {
		return nil, nil, errWorkbookBroken
	}
	sheets := f.GetSheetList()
	if len(sheets) == 0 || f.Styles == nil {
		return nil, nil, errors.Join(errNoSheets, f.Close())
	}
	props, err := f.GetWorkbookProps()
	if err != nil {
		return nil, nil, errors.Join(errWorkbookBroken, f.Close())
	}
	book := &workbook{file: f, since1904: props.Date1904 != nil && *props.Date1904}
	if err := book.markDates(); err != nil {
		return nil, nil, errors.Join(errWorkbookBroken, f.Close())
	}
	for _, sheet := range sheets[:min(len(sheets), maxSheets)] {
		inputs = append(inputs, &sheetInput{name: name + ", sheet " + sheet, book: book, sheet: sheet})
	}
	return inputs, f.Close, nil
}

// workbook is an open xlsx file.
type workbook struct {
	file      *excelize.File
	since1904 bool // serial numbers of days count from 1904, as old Macs did, not from 1900
}

// Marks begin the cells of dates: a format that stands in for that of the cell writes
// them, so that the serial number comes out in full and is known as one.
const (
	timeMark = "\x01" // of a format with a time of day
	dayMark  = "\x02" // of one without
)

// noFormat is a format that no workbook has: a cell comes out as it is stored, and not
// rounded to what the sheet shows.
const noFormat = 65_000

// markDates replaces the formats of cells.
func (b *workbook) markDates() error {
	styles := b.file.Styles
	if styles.CellXfs == nil {
		return nil
	}
	codes := map[int]string{} // of the workbook's own formats
	if styles.NumFmts != nil {
		for _, n := range styles.NumFmts.NumFmt {
			codes[n.NumFmtID] = n.FormatCode
		}
	}
	own := len(styles.CellXfs.Xf)
	times, err := b.format(timeMark)
	if err != nil {
		return err
	}
	days, err := b.format(dayMark)
	if err != nil {
		return err
	}
	plain := noFormat
	for i := range styles.CellXfs.Xf[:own] {
		xf := &styles.CellXfs.Xf[i]
		if xf.NumFmtID == nil {
			continue
		}
		code, custom := codes[*xf.NumFmtID]
		if !custom {
			code = builtInDates(*xf.NumFmtID)
		}
		switch {
		case !isDateFormat(code):
			xf.NumFmtID = &plain
		case strings.ContainsAny(dateLetters(code), "hsHS"):
			xf.NumFmtID = times
		default:
			xf.NumFmtID = days
		}
	}
	return nil
}

// format adds a format that writes a mark and the stored number; its id.
func (b *workbook) format(mark string) (*int, error) {
	code := `"` + mark + `"0.000000000000`
	style, err := b.file.NewStyle(&excelize.Style{CustomNumFmt: &code})
	if err != nil {
		return nil, err
	}
	id := *b.file.Styles.CellXfs.Xf[style].NumFmtID
	return &id, nil
}

// builtInDates stands for the codes of formats for dates and times that programs know by
// their number; 27 to 36 and 50 to 58 are those of East Asian languages.
func builtInDates(id int) string {
	switch {
	case id >= 18 && id <= 22, id == 32, id == 33, id >= 45 && id <= 47, id == 55, id == 56:
		return "h:mm"
	case id >= 14 && id <= 17, id >= 27 && id <= 36, id >= 50 && id <= 58:
		return "d"
	}
	return ""
}

// formatLiterals are the parts of a format's code that are no letters of a date: texts,
// colours, conditions and languages in brackets; but not [h], hours beyond a day.
var formatLiterals = regexp.MustCompile(`"[^"]*"|\\.|_.|\*.|\[(?i:[^hms\]][^\]]*)\]`)

func isDateFormat(code string) bool {
	letters := dateLetters(code)
	return !strings.EqualFold(letters, "general") && strings.ContainsAny(letters, "dmyhsDMYHS")
}

// dateLetters is a format's code for positive numbers without what is no letter of a date.
func dateLetters(code string) string {
	bare, _, _ := strings.Cut(formatLiterals.ReplaceAllString(code, ""), ";")
	return bare
}

// sheetInput is a sheet, read as rows of cells with a tab between.
type sheetInput struct {
	name, sheet string
	book        *workbook
}

func (s *sheetInput) Name() string { return s.name }

func (s *sheetInput) Text() (io.ReadCloser, error) {
	rows, err := s.book.file.Rows(s.sheet)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, errNoSheets)
	}
	return &sheetText{name: s.name, rows: rows, since1904: s.book.since1904}, nil
}

// sheetText writes the rows of a sheet as they are read. A line is a row: the number of a
// line in a message is the row's.
type sheetText struct {
	name      string
	rows      *excelize.Rows
	since1904 bool
	line      []byte
	left      []byte // of line
}

func (t *sheetText) Close() error { return t.rows.Close() }

func (t *sheetText) Read(p []byte) (int, error) {
	for len(t.left) == 0 {
		if !t.rows.Next() {
			if err := t.rows.Error(); err != nil {
				return 0, fmt.Errorf("%s: %w", t.name, err)
			}
			return 0, io.EOF
		}
		cells, err := t.rows.Columns()
		if err != nil {
			return 0, fmt.Errorf("%s: %w", t.name, err)
		}
		t.write(cells)
	}
	n := copy(p, t.left)
	t.left = t.left[n:]
	return n, nil
}

// between makes one line of a cell that has several.
var between = strings.NewReplacer("\t", " ", "\r\n", " ", "\n", " ", "\r", " ")

func (t *sheetText) write(cells []string) {
	t.line = t.line[:0]
	for i, cell := range cells[:min(len(cells), maxSheetColumn)] {
		if i > 0 {
			t.line = append(t.line, '\t')
		}
		if serial, ok := strings.CutPrefix(cell, timeMark); ok {
			t.line = t.appendDate(t.line, serial, false)
			continue
		}
		if serial, ok := strings.CutPrefix(cell, dayMark); ok {
			t.line = t.appendDate(t.line, serial, true)
			continue
		}
		cell = between.Replace(cell)
		if strings.ContainsRune(cell, '"') {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		t.line = append(t.line, cell...)
	}
	t.line = append(t.line, '\n')
	t.left = t.line
}

// appendDate writes a serial number, days and parts of a day since the workbook's first
// day: as a date and a time, as a day alone where the format shows no more, or as a time of
// day. It is rounded to seconds: a quarter of an hour has no exact one.
func (t *sheetText) appendDate(to []byte, serial string, day bool) []byte {
	days, err := strconv.ParseFloat(serial, 64)
	if err != nil || days < 0 || days > 2_958_466 {
		return append(to, serial...)
	}
	seconds := int64(math.Round(days * daySeconds))
	switch {
	case !day && seconds == daySeconds:
		return append(to, "24:00:00"...)
	case !day && seconds < daySeconds:
		return time.Unix(seconds, 0).UTC().AppendFormat(to, "15:04:05")
	}
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC) // and a 29 February 1900, which Excel has
	if t.since1904 {
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	form := "2006-01-02 15:04:05"
	if day && seconds%daySeconds == 0 {
		form = "2006-01-02"
	}
	return first.Add(time.Duration(seconds)*time.Second).AppendFormat(to, form)
}

const daySeconds = 86_400
