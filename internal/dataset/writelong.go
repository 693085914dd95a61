package dataset

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// WriteLong writes a source as long CSV: meter_id,timestamp,kwh and, if any
// meter has one, group. Rows are in the order of time; timestamps are the
// start of the hour, UTC.
func WriteLong(ctx context.Context, w io.Writer, s Source) error {
	info := s.Info()
	names, tails, grouped := longNames(info.Meters)
	out := bufio.NewWriterSize(w, 256<<10)
	header := "meter_id,timestamp,kwh"
	if grouped {
		header += ",group"
	}
	if _, err := out.WriteString(header + "\n"); err != nil {
		return err
	}
	var line []byte
	for block, err := range s.Rows(info.Start) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		stamp := "," + block[0].Hour.String() + ","
		for _, r := range block {
			line = append(append(line[:0], names[r.Meter]...), stamp...)
			line = strconv.AppendFloat(line, float64(r.KWh), 'f', -1, 32)
			line = append(line, tails[r.Meter]...)
			if _, err := out.Write(line); err != nil {
				return fmt.Errorf("write long CSV: %w", err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write long CSV: %w", err)
	}
	return nil
}

// longNames is what comes before and after each meter's time and value.
func longNames(meters []MeterInfo) (names, tails []string, grouped bool) {
	for _, m := range meters {
		grouped = grouped || m.Group != ""
	}
	for _, m := range meters {
		names = append(names, csvField(m.Name))
		tail := "\n"
		if grouped {
			tail = "," + csvField(m.Group) + "\n"
		}
		tails = append(tails, tail)
	}
	return names, tails, grouped
}

func csvField(s string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write([]string{s}) // a strings.Builder takes everything
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// Compress packs what is written as the ending of name asks for: .gz, .zst, or
// not at all. Closing it ends the packing and leaves w open.
func Compress(name string, w io.Writer) (io.WriteCloser, error) {
	switch {
	case strings.HasSuffix(name, ".gz"):
		return gzip.NewWriter(w), nil
	case strings.HasSuffix(name, ".zst"):
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}
	return plainWriter{w}, nil
}

type plainWriter struct{ io.Writer }

func (plainWriter) Close() error { return nil }
