package detect

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/unpack"
)

// signs is what the numbers of a file show of their decimal and thousands signs.
type signs struct {
	numbers  int
	plain    int          // digits alone
	long     int          // digits alone, four or more of them
	decimals map[byte]int // numbers in which a sign can only be before decimals
	groups   map[byte]int // numbers in which a sign can only be between thousands
	twoWays  map[byte]int // numbers in which it can be either, such as 1.234
	spaced   byte         // ' ' or '\'' if that stands between thousands
}

func newSigns() *signs {
	return &signs{decimals: map[byte]int{}, groups: map[byte]int{}, twoWays: map[byte]int{}}
}

// add observes one number.
func (s *signs) add(cell []byte) {
	b, _ := notation.CutUnit(cell)
	if b = notation.UsualSign(b); len(b) == 0 || !notation.LooksNumeric(b) {
		return
	}
	s.numbers++
	if b[0] == '-' || b[0] == '+' {
		b = b[1:]
	}
	last := bytes.LastIndexAny(b, ".,")
	if last < 0 {
		switch {
		case bytes.ContainsAny(b, " '\u00a0\u202f\u2019"):
			s.noteSpaces(b)
		default:
			s.plain++
			if len(b) > 3 {
				s.long++
			}
		}
		return
	}
	sign := b[last]
	other := byte('.' + ',' - sign)
	before := b[:last]
	switch {
	case bytes.IndexByte(before, other) >= 0: // 1.234,56
		s.decimals[sign]++
		s.groups[other]++
	case bytes.IndexByte(before, sign) >= 0: // 1.234.567
		s.groups[sign]++
	case bytes.ContainsAny(before, " '\u00a0\u202f\u2019"):
		s.decimals[sign]++
		s.noteSpaces(before)
	case notation.TwoWays(b):
		s.twoWays[sign]++
	default:
		s.decimals[sign]++
	}
}

func (s *signs) noteSpaces(b []byte) {
	s.spaced = ' '
	if bytes.ContainsAny(b, "'\u2019") {
		s.spaced = '\''
	}
}

// findNumbers decides the number format for the columns of values as a whole.
func (d *detective) findNumbers() error {
	n := d.doc.Numbers
	if n == nil {
		n = &layout.Numbers{}
		d.doc.Numbers = n
	}
	if n.Decimal != "" {
		if n.Thousands == "" {
			n.Thousands = otherSign(n.Decimal)
		}
		return nil
	}
	s, err := d.observeNumbers()
	if err != nil {
		return err
	}
	if n.Thousands == "." || n.Thousands == "," {
		n.Decimal = otherSign(n.Thousands)
		return nil
	}
	return d.decide(n, s)
}

func otherSign(sign string) string {
	if sign == "." {
		return ","
	}
	return "."
}

// observeNumbers observes the values of the sample, and of all of a long head, where a
// sign may be rare.
func (d *detective) observeNumbers() (*signs, error) {
	s := newSigns()
	columns := d.valueIndexes()
	if len(d.head) <= unpack.HeadBytes && !d.ended {
		for _, row := range d.sample.Rows {
			for _, i := range columns {
				s.add([]byte(row[i]))
			}
		}
		return s, nil
	}
	r, err := tabular.OpenRows(bytes.NewReader(d.head), tabular.Separator(d.doc.Separator), d.header)
	if err != nil {
		return nil, err
	}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		for _, i := range columns {
			if rec.Err == nil && i < len(rec.Fields) {
				s.add(rec.Fields[i])
			}
		}
	}
}

// valueIndexes are the columns with values, at most some of a wide file's.
func (d *detective) valueIndexes() []int {
	var columns []int
	switch {
	case d.doc.MeterColumns != nil, d.doc.DayColumns != nil:
		run := d.doc.MeterColumns
		if run == nil {
			run = d.doc.DayColumns
		}
		used := d.used()
		from, to := max(0, d.index(run.From)), d.index(run.To)
		if to < 0 {
			to = len(d.header.Names) - 1
		}
		if run.From != "" {
			delete(used, from)
			delete(used, to)
		}
		for i := from; i <= to; i++ {
			if !used[i] && !layout.MatchAny(run.Except, d.header.Names[i]) && len(columns) < 400 {
				columns = append(columns, i)
			}
		}
	default:
		for _, v := range d.doc.Values {
			if i := d.index(v.Column); i >= 0 {
				columns = append(columns, i)
			}
		}
	}
	return columns
}

func (d *detective) decide(n *layout.Numbers, s *signs) error {
	const point, comma = '.', ','
	if s.spaced != 0 && n.Thousands == "" {
		n.Thousands = map[byte]string{' ': "space", '\'': "'"}[s.spaced]
	}
	isDecimal := func(sign byte) bool { return s.decimals[sign] > 0 || s.groups['.'+','-sign] > 0 }
	byPoint, byComma := isDecimal(point), isDecimal(comma)
	switch {
	case byPoint && byComma:
		n.Decimal = "."
		if s.decimals[comma] > s.decimals[point] {
			n.Decimal = ","
		}
		d.note("numbers.decimal", n.Decimal, dataset.Guess, fmt.Sprintf("%d values show a point before the decimals and %d a comma: those that do not fit are rejected", s.decimals[point], s.decimals[comma]))
	case byPoint:
		n.Decimal = "."
	case byComma:
		n.Decimal = ","
		d.note("numbers.decimal", n.Decimal, dataset.Proved, "some values have a comma where no thousands sign can be")
	case s.twoWays[point] > 0 && s.twoWays[comma] > 0:
		return d.doubtNumbers(s, "some have a point and some a comma")
	case s.twoWays[point] > 0:
		return d.decideTwoWays(n, s, point)
	case s.twoWays[comma] > 0:
		return d.decideTwoWays(n, s, comma)
	default:
		if !d.ended && len(d.head) <= unpack.HeadBytes {
			return d.doubtNumbers(s, "no sign was seen yet")
		}
		n.Decimal = "."
	}
	if n.Thousands == "" {
		n.Thousands = otherSign(n.Decimal)
	}
	return nil
}

// decideTwoWays decides what the sign of 1.234 is where all values with one have
// three digits behind it. Decimals are written in full, or without zeros at their
// end: then some would have one digit or two. Values below 1000 beside them have no
// sign if it is one between thousands.
func (d *detective) decideTwoWays(n *layout.Numbers, s *signs, sign byte) error {
	other := otherSign(string(sign))
	switch {
	case s.plain == 0 || s.long > 0:
		// Each value has decimals, or some have thousands and no sign.
		n.Decimal, n.Thousands = string(sign), other
		if sign == ',' && d.doc.Separator == "," || s.plain == 0 && s.numbers < 3 {
			return d.doubtNumbers(s, "all have three digits behind the sign")
		}
		sure, because := dataset.Likely, "all values have three digits behind the sign, also small ones"
		if s.long > 0 {
			sure, because = dataset.Proved, "some values of four digits have no sign between thousands"
		}
		d.note("numbers.decimal", n.Decimal, sure, because)
		return nil
	case s.twoWays[sign] >= 5 && s.plain >= 5:
		n.Decimal, n.Thousands = other, string(sign)
		d.note("numbers.thousands", n.Thousands, dataset.Likely, fmt.Sprintf("%d values have it before their last three digits, %d below 1000 have no sign, and none has other decimals", s.twoWays[sign], s.plain))
		return nil
	}
	return d.doubtNumbers(s, "they are too few to show which")
}

func (d *detective) doubtNumbers(s *signs, because string) error {
	return d.doubt("numbers.decimal", true, []string{`"."`, `","`},
		"%d of %d values can be read in two ways, as 1.234 can be a number with decimals or a thousand: %s", s.twoWays['.']+s.twoWays[','], s.numbers, because)
}

// numbersOpen is true if no value that was seen had a sign, and there are more.
func (d *detective) numbersOpen() bool {
	if d.ended || d.set.Numbers != nil && d.set.Numbers.Decimal != "" || d.shipped != "" {
		return false
	}
	s, err := d.observeNumbers()
	return err == nil && s.plain == s.numbers
}
