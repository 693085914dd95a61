package dataset

import (
	"fmt"
	"io"
	"strings"
)

// readLCL reads the half-hourly data of Low Carbon London: columns LCLid,
// stdorToU, DateTime and KWH/hh, with Null for what is missing. The tariff
// column is not used: it is no place in the grid.
func readLCL(text io.Reader, in *intake) error {
	r := newCSVReader(newLineReader(text), in.layout.comma)
	header, err := r.next()
	if err != nil {
		return fmt.Errorf("the file has no header: %w", err)
	}
	c := Columns{Meter: "LCLid", Time: "DateTime"}
	for _, h := range header.fields {
		if name := strings.TrimSpace(string(h)); strings.HasPrefix(strings.ToLower(name), "kwh/hh") {
			c.Value = name
		}
	}
	cols, err := findColumns(header.fields, c)
	if err != nil {
		return err
	}
	return readLongRows(r, cols, in, []byte("Null"))
}
