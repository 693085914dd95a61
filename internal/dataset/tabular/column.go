package tabular

import (
	"bytes"
	"strconv"

	"github.com/energytwin/energytwin/internal/dataset/notation"
)

// Column is what a sample shows of one column.
type Column struct {
	Name     string
	Counts   [notation.Kinds]int
	Filled   int // cells that are not empty
	Distinct map[string]int
	digits   map[int]int // cells of digits alone, by their length
	least    int64       // of the cells of digits alone
	most     int64

	last string        // cell that was added
	kind notation.Kind // of it
}

// Mostly is true if nearly all filled cells are of a kind.
func (c *Column) Mostly(k notation.Kind) bool {
	return c.Filled > 0 && c.Counts[k]*10 >= c.Filled*8
}

// Few is true of a column with few different cells that come again and again.
func (c *Column) Few() bool {
	return len(c.Distinct) >= 1 && len(c.Distinct) <= 16 && c.Filled >= 2*len(c.Distinct)
}

// maxDistinct bounds the different cells that are counted.
const maxDistinct = 50_000

func (c *Column) add(cell string) {
	if cell != c.last || c.Counts == [notation.Kinds]int{} { // most files repeat their times or their meters
		c.last, c.kind = cell, notation.KindOf(cell)
	}
	k := c.kind
	c.Counts[k]++
	if cell != "" && len(c.Distinct) < maxDistinct {
		c.Distinct[cell]++
	}
	if k == notation.KindEmpty {
		return
	}
	c.Filled++
	if k == notation.KindNumber && notation.AllDigits([]byte(cell)) {
		n, err := strconv.ParseInt(cell, 10, 64)
		if err == nil {
			if len(c.digits) == 0 {
				c.least, c.most = n, n
			}
			c.least, c.most = min(c.least, n), max(c.most, n)
		}
		c.digits[len(cell)]++
	}
}

// AllOfLength is true if all filled cells are of so many digits.
func (c *Column) AllOfLength(lengths ...int) bool {
	n := 0
	for _, l := range lengths {
		n += c.digits[l]
	}
	return c.Filled > 0 && n*10 >= c.Filled*9
}

// IsSerial is true of a column of such times, some of which have a time of day.
func (c *Column) IsSerial() bool {
	parts := 0
	for cell := range c.Distinct {
		if _, ok := notation.ReadSerial([]byte(cell)); !ok {
			return false
		}
		if bytes.ContainsAny([]byte(cell), ".,") {
			parts++
		}
	}
	return parts > 1
}

// IsEpoch is true of seconds or milliseconds since 1970, between 1990 and 2100.
func (c *Column) IsEpoch() bool {
	const from, to = 631_152_000, 4_133_980_800
	switch {
	case c.AllOfLength(9, 10):
		return c.least >= from && c.most <= to && !c.Compact()
	case c.AllOfLength(13):
		return c.least >= from*1000 && c.most <= to*1000
	}
	return false
}

// Compact is true of digits that are all a date, and perhaps a time of day.
func (c *Column) Compact() bool {
	for cell := range c.Distinct {
		if _, err := notation.ReadCompact([]byte(cell)); err != nil {
			return false
		}
	}
	return len(c.Distinct) > 0
}

// HourNumbers are the least and the greatest number of an hour; ok is false if some
// cell is none.
func (c *Column) HourNumbers() (least, most int, ok bool) {
	least = 25
	for cell := range c.Distinct {
		n, ok := notation.ReadHourNumber(cell)
		if !ok {
			return 0, 0, false
		}
		least, most = min(least, n), max(most, n)
	}
	return least, most, len(c.Distinct) > 0
}
