package detect

import (
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/wallclock"
)

// steps is what the times of a sample show.
type steps struct {
	seconds map[int64]int // between readings of a series → how often
	total   int
	read    int // rows with a time
	back    int // rows before the one above, of the same series

	lastOfDay bool    // some time is 24:00
	midnights int     // rows at 00:00
	offMinute int64   // most seconds by which a time is off the minute
	walls     []int64 // seconds of all times, for the distance from a grid
}

// seriesKey is what distinguishes series of a sample: the meter and the channel.
func (d *detective) seriesKey(row []string) string {
	var key strings.Builder
	if d.doc.Meter != nil {
		if i := d.index(d.doc.Meter.Column); i >= 0 {
			key.WriteString(row[i])
		}
	}
	if d.doc.Channels != nil {
		if i := d.index(d.doc.Channels.Column); i >= 0 {
			key.WriteString("|" + row[i])
		}
	}
	return key.String()
}

// measureSteps reads the times of the sample, and how far they are apart.
func (d *detective) measureSteps() steps {
	s := steps{seconds: map[int64]int{}}
	reader := d.stampReader()
	if m, err := d.doc.Time.IntervalMinutes(); err == nil && m > 0 {
		reader.Slot = int64(m)
	}
	columns := d.timeIndexes()
	last := map[string]int64{}
	for n, row := range d.sample.Rows {
		at, ok := d.rowSeconds(&reader, row, columns)
		if !ok {
			continue
		}
		s.read++
		s.walls = append(s.walls, at)
		if wallclock.FloorMod(at, wallclock.MinutesPerDay*60) == 0 {
			s.midnights++
		}
		s.offMinute = max(s.offMinute, min(wallclock.FloorMod(at, 60), 60-wallclock.FloorMod(at, 60))%60)
		s.lastOfDay = s.lastOfDay || (len(columns) > 1 && strings.HasPrefix(row[columns[1]], "24:00")) || strings.HasSuffix(row[columns[0]], " 24:00")
		key := d.seriesKey(row)
		before, seen := last[key]
		if n%tabular.ChunkRows == 0 && n > 0 {
			clear(last)
			seen = false
		}
		if seen && before != at {
			s.seconds[max(before-at, at-before)]++
			s.total++
			if at < before {
				s.back++
			}
		}
		last[key] = at
	}
	return s
}

func (d *detective) timeIndexes() []int {
	var columns []int
	for _, c := range d.doc.Time.Columns {
		columns = append(columns, d.index(c))
	}
	return columns
}

// rowSeconds is the wall time of a row in seconds.
func (d *detective) rowSeconds(reader *notation.StampReader, row []string, columns []int) (int64, bool) {
	stamp, err := reader.Read([]byte(row[columns[0]]))
	if err != nil {
		return 0, false
	}
	if len(columns) == 1 {
		return stamp.Wall*60 + stamp.Second, true
	}
	if n, ok := notation.ReadHourNumber(row[columns[1]]); ok {
		return (stamp.Wall + int64(n)*60) * 60, true
	}
	minutes, second, _, err := notation.ReadClock([]byte(row[columns[1]]))
	return (stamp.Wall+minutes)*60 + second, err == nil
}

// usual is the most frequent step, the least of such, in seconds.
func (s *steps) usual() (seconds int64, times, total int) {
	keys := make([]int64, 0, len(s.seconds))
	for k := range s.seconds {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if s.seconds[k] > times {
			seconds, times = k, s.seconds[k]
		}
	}
	return seconds, times, s.total
}

// jumps are steps of more than 20 days.
func (s *steps) jumps() int {
	n := 0
	for seconds, times := range s.seconds {
		if seconds > 20*wallclock.MinutesPerDay*60 {
			n += times
		}
	}
	return n
}

// median is the middle step in seconds.
func (s *steps) median() int64 {
	keys := make([]int64, 0, len(s.seconds))
	for k := range s.seconds {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	left := (s.total + 1) / 2
	for _, k := range keys {
		if left -= s.seconds[k]; left <= 0 {
			return k
		}
	}
	return 0
}

// farthest is the most seconds by which a time is off a grid of so many minutes.
func (s *steps) farthest(minutes int64) int64 {
	grid, most := minutes*60, int64(0)
	for _, at := range s.walls {
		over := wallclock.FloorMod(at, grid)
		most = max(most, min(over, grid-over))
	}
	return most
}
