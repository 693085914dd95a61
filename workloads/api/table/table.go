// Package table writes rows as a file that people open in a spreadsheet, pandas or
// DuckDB: CSV, NDJSON or Parquet. Rows are written as they come, so that a file of any
// length takes the memory of some thousand of them.
package table

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/jszwec/csvutil"
	"github.com/parquet-go/parquet-go"
)

// Format is the form of a file.
type Format string

// The formats.
const (
	CSV     Format = "csv"
	NDJSON  Format = "ndjson"
	Parquet Format = "parquet"
)

// MediaType is what the format is called in Content-Type and Accept.
func (f Format) MediaType() string {
	switch f {
	case CSV:
		return "text/csv"
	case NDJSON:
		return "application/x-ndjson"
	case Parquet:
		return "application/vnd.apache.parquet"
	}
	return ""
}

// Formats are all formats.
func Formats() []Format { return []Format{CSV, NDJSON, Parquet} }

// Writer writes the rows of one file.
type Writer interface {
	Write(row any) error // of the type of the file
	Close() error        // writes what is left; without it a file is not whole
}

// New begins a file of rows of a struct type. Columns are its fields, named by their json
// tags: texts, numbers, booleans and times, or pointers to these, nil where a value is not
// known.
func New(to io.Writer, f Format, row reflect.Type) (Writer, error) {
	switch f {
	case CSV:
		return newCSV(to, row)
	case NDJSON:
		return ndjson{json.NewEncoder(to)}, nil
	case Parquet:
		return newParquet(to, row), nil
	}
	return nil, fmt.Errorf("format %q: use csv, ndjson or parquet", f)
}

type ndjson struct{ *json.Encoder }

func (w ndjson) Write(row any) error { return w.Encode(row) }
func (w ndjson) Close() error        { return nil }

type csvWriter struct {
	*csvutil.Encoder
	out *csv.Writer
}

func newCSV(to io.Writer, row reflect.Type) (Writer, error) {
	out := csv.NewWriter(to)
	encoder := csvutil.NewEncoder(out)
	encoder.Tag = "json"
	encoder.WithMarshalers(csvutil.NewMarshalers(
		csvutil.MarshalFunc(func(s string) ([]byte, error) { return []byte(inert(s)), nil }),
		csvutil.MarshalFunc(func(v float64) ([]byte, error) { return decimal(v, 64), nil }),
		csvutil.MarshalFunc(func(v float32) ([]byte, error) { return decimal(float64(v), 32), nil }),
	))
	if err := encoder.EncodeHeader(reflect.New(row).Interface()); err != nil { // a file without rows has its columns
		return nil, err
	}
	return &csvWriter{encoder, out}, nil
}

func (w *csvWriter) Write(row any) error { return w.Encode(row) }

func (w *csvWriter) Close() error {
	w.out.Flush()
	return w.out.Error()
}

// decimal is a number without an exponent, which spreadsheets of some languages take for
// a text. What is no number is empty.
func decimal(v float64, bits int) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return strconv.AppendFloat(nil, v, 'f', -1, bits)
}

// inert keeps a spreadsheet from taking a text for a formula.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// valuesOfGroup is how many values a Parquet file keeps in memory before it writes them as
// a row group: enough for columns to compress well, and some megabytes.
const valuesOfGroup = 600_000

type parquetWriter struct {
	*parquet.Writer
	row   reflect.Type // with names for Parquet
	group int          // rows of a row group
	rows  int
}

func newParquet(to io.Writer, row reflect.Type) *parquetWriter {
	named := parquetType(row)
	schema := parquet.SchemaOf(reflect.New(named).Interface())
	return &parquetWriter{Writer: parquet.NewWriter(to, schema, parquet.Compression(&parquet.Zstd), parquet.PageBufferSize(64<<10)), row: named, group: valuesOfGroup / row.NumField()}
}

func (w *parquetWriter) Write(row any) error {
	if err := w.Writer.Write(reflect.ValueOf(row).Convert(w.row).Interface()); err != nil {
		return err
	}
	if w.rows++; w.rows%w.group == 0 {
		return w.Flush()
	}
	return nil
}

// parquetType is a struct type whose fields have the names of their json tags in Parquet.
// Values convert between the two: tags are no part of what they are.
func parquetType(row reflect.Type) reflect.Type {
	fields := make([]reflect.StructField, row.NumField())
	for i := range fields {
		fields[i] = row.Field(i)
		name, _, _ := strings.Cut(fields[i].Tag.Get("json"), ",")
		options := []string{name}
		switch fields[i].Type {
		case reflect.TypeFor[time.Time](), reflect.TypeFor[*time.Time]():
			options = append(options, "timestamp(millisecond)")
		case reflect.TypeFor[string]():
			options = append(options, "dict")
		}
		fields[i].Tag = reflect.StructTag(`parquet:"` + strings.Join(options, ",") + `"`)
	}
	return reflect.StructOf(fields)
}
