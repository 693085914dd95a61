package config

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// ReadSeries fills in the policy's dynamic prices and carbon intensities, and
// the temperatures, from the files that hold them, and takes their content into
// SpecHash. Without such files it does nothing. Call it once, in the process that
// makes decisions.
func (t *Twin) ReadSeries() error {
	p := &t.Processor
	sums, err := t.readRates()
	if err != nil {
		return err
	}
	if p.TemperatureSeries != nil {
		points, sum, err := p.TemperatureSeries.read()
		if err != nil {
			return err
		}
		p.Temperatures = points
		sums = append(sums, sum)
	}
	if len(sums) == 0 {
		return nil
	}
	hashed := *t
	hashed.Processor.Policy.Tariff.Series = nil // the checksums stand for them
	hashed.Processor.Policy.Tariff.Carbon = nil
	hashed.Processor.Temperatures = nil
	t.SpecHash = hashed.rowHash(sums...)
	return nil
}

// ReadRates fills in dynamic prices and carbon intensities only, for a process
// that reckons what energy costs.
func (t *Twin) ReadRates() error {
	_, err := t.readRates()
	return err
}

// readRates returns the checksums of the files as well.
func (t *Twin) readRates() (sums []string, err error) {
	p := &t.Processor
	for _, s := range []struct {
		from *Series
		to   *[]dsm.Point
	}{{p.PriceSeries, &p.Policy.Tariff.Series}, {p.CarbonSeries, &p.Policy.Tariff.Carbon}} {
		if s.from == nil {
			continue
		}
		points, sum, err := s.from.read()
		if err != nil {
			return nil, err
		}
		*s.to = points
		sums = append(sums, sum)
	}
	if len(sums) == 0 {
		return nil, nil
	}
	return sums, p.Policy.Check()
}

// Outdoor temperatures that occur on Earth, with some room, °C. Fahrenheit, tenths
// of degrees and marks such as -999 for "none" mostly lie outside.
const coldest, hottest = -95, 62

// TemperaturesOf are the points of a series as the engine takes them; nil if there
// are none. An error names the hour that is wrong.
func TemperaturesOf(points []dsm.Point) (*forecast.Temperatures, error) {
	byHour := make(map[meter.Hour]float32, len(points))
	for _, p := range points {
		at := time.Unix(p.Unix, 0).UTC()
		if p.Value < coldest || p.Value > hottest {
			return nil, fmt.Errorf("temperature %g at %s: write °C from %d to %d, and nothing where it is not known", p.Value, at.Format(time.RFC3339), coldest, hottest)
		}
		h := meter.HourOf(at)
		if _, twice := byHour[h]; twice {
			return nil, fmt.Errorf("temperature at %s comes twice; give each hour once", at.Format(time.RFC3339))
		}
		byHour[h] = float32(p.Value)
	}
	return forecast.NewTemperatures(byHour), nil
}

// Points reads the series, in order of time.
func (s *Series) Points() ([]dsm.Point, error) {
	points, _, err := s.read()
	return points, err
}

// read reads the series, in order of time, and the file's SHA-256.
func (s *Series) read() ([]dsm.Point, string, error) {
	raw, err := os.ReadFile(s.Path)
	if err != nil {
		return nil, "", fmt.Errorf("series of %s: %w", s.Source, err)
	}
	text, err := gunzip(raw)
	if err != nil {
		return nil, "", fmt.Errorf("series %s: %w", s.Path, err)
	}
	points, err := s.parse(text)
	if err != nil {
		return nil, "", fmt.Errorf("series %s: %w", s.Path, err)
	}
	sum := sha256.Sum256(raw)
	return points, hex.EncodeToString(sum[:]), nil
}

func (s *Series) parse(text io.Reader) ([]dsm.Point, error) {
	r := csv.NewReader(text)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: %w; write a header line", err)
	}
	timeAt, err := column(header, s.TimeColumn)
	if err != nil {
		return nil, err
	}
	valueAt, err := column(header, s.ValueColumn)
	if err != nil {
		return nil, err
	}
	var points []dsm.Point
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		p, ok, err := point(row[timeAt], row[valueAt])
		if err != nil {
			line, _ := r.FieldPos(timeAt)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if ok {
			points = append(points, p)
		}
	}
	if len(points) == 0 {
		return nil, fmt.Errorf("column %q has no value", s.ValueColumn)
	}
	slices.SortStableFunc(points, func(a, b dsm.Point) int { return int((a.Unix - b.Unix) / 3600) })
	return points, nil
}

// point is one hour of a series; false for an hour without a value.
func point(stamp, value string) (dsm.Point, bool, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return dsm.Point{}, false, nil
	}
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(stamp))
	if err != nil {
		return dsm.Point{}, false, fmt.Errorf("time %q: write RFC 3339, such as 2019-01-01T00:00:00Z", stamp)
	}
	if at.Year() < 1970 || at.Year() > 2200 {
		return dsm.Point{}, false, fmt.Errorf("time %q: write a year from 1970 to 2200", stamp)
	}
	if at.Unix()%3600 != 0 {
		return dsm.Point{}, false, fmt.Errorf("time %q is not the start of an hour; write one value an hour", stamp)
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return dsm.Point{}, false, fmt.Errorf("value %q is no number; write one with a decimal point, or leave it empty", value)
	}
	return dsm.Point{Unix: at.Unix(), Value: v}, true, nil
}

func column(header []string, name string) (int, error) {
	i := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
	if i < 0 {
		return 0, fmt.Errorf("line 1: no column %q among %s; name the column in timeColumn or valueColumn", name, strings.Join(header, ", "))
	}
	return i, nil
}

// gunzip unpacks what is compressed with gzip and passes the rest on, without
// a byte order mark.
func gunzip(raw []byte) (io.Reader, error) {
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		return bufio.NewReader(z), nil
	}
	return bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))), nil
}
