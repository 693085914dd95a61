package backtest

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

// File is what one file of readings holds.
type File struct {
	Name   string
	SHA256 string             // of the file; it orders files of one span
	Series map[string]*Series // by meter
}

// Overlap is what two files say about the same hours of a meter.
type Overlap struct {
	Meter         string
	Earlier, File string // the file whose readings are replaced, and the one whose readings count
	Hours         int    // that both have
	Changed       int    // of them, hours with another value
}

// Bounds from which files with the same meter are taken for files of two meters.
const (
	leastChanged = 24   // hours
	mostChanged  = 0.25 // of the hours that both have
)

// Merge joins the series of files, whatever order they are in. Of files with the same
// hour of a meter, the one that begins later counts, as the newer export: then the one
// that ends later. Overlaps with other values are returned. It is an error if two
// files differ in most hours that they share, because they are of two meters then.
func Merge(files []File) (map[string]*Series, []Overlap, error) {
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int {
		fromA, toA := a.span()
		fromB, toB := b.span()
		return cmp.Or(cmp.Compare(fromA, fromB), cmp.Compare(toA, toB), cmp.Compare(a.SHA256, b.SHA256), cmp.Compare(a.Name, b.Name))
	})
	all := map[string]*Series{}
	newest := map[string]string{} // file that a meter was last found in
	var overlaps []Overlap
	for _, f := range files {
		for _, name := range slices.Sorted(maps.Keys(f.Series)) {
			if all[name] == nil {
				all[name] = &Series{Meter: name}
			}
			o := Overlap{Meter: name, Earlier: newest[name], File: f.Name}
			all[name].merge(f.Series[name], &o)
			newest[name] = f.Name
			if o.Changed >= leastChanged && float64(o.Changed) > mostChanged*float64(o.Hours) {
				return nil, nil, fmt.Errorf("%s and %s differ in %d of the %d hours of meter %q that both have: if they are of two meters, give each a column with the meter's name; else leave one of them out",
					o.Earlier, o.File, o.Changed, o.Hours, name)
			}
			if o.Changed > 0 {
				overlaps = append(overlaps, o)
			}
		}
	}
	return all, overlaps, nil
}

// span is from the first hour of a file to the one after its last.
func (f *File) span() (from, to meter.Hour) {
	from, to = math.MaxInt32, meter.NoHour
	for _, s := range f.Series {
		if len(s.KWh) > 0 {
			from, to = min(from, s.From), max(to, s.End())
		}
	}
	return from, to
}

// merge adds the readings of another file, which replace those of s, and counts the
// hours that both have.
func (s *Series) merge(other *Series, o *Overlap) {
	if s.Group == "" {
		s.Group = other.Group
	}
	for i, kwh := range other.KWh {
		if kwh != kwh {
			continue
		}
		h := other.From + meter.Hour(i)
		if before := s.At(h); before == before {
			o.Hours++
			if before != kwh {
				o.Changed++
			}
		}
		s.Put(h, kwh)
	}
}
