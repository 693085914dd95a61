package notation

// Kind is what a cell holds, by its signs.
type Kind int

// What a cell holds.
const (
	KindEmpty  Kind = iota
	KindNumber      // also digits alone
	KindStamp       // date and time of day
	KindDate
	KindClock // time of day
	kindText
	Kinds
)

// KindOf is the kind of a cell, whatever the order of day and month.
func KindOf(cell string) Kind {
	b := Trim([]byte(cell))
	n := MissingWords{words: DefaultMissing}
	if n.In(b) {
		return KindEmpty
	}
	if compactDay(b) {
		if _, err := ReadCompactDate(b[:8]); err == nil {
			if _, _, rest, err := compactClock(Trim(b[9:])); err == nil {
				if _, _, err := afterClock(rest); err == nil {
					return KindStamp
				}
			}
		}
	}
	bare, _ := CutUnit(b)
	if LooksNumeric(UsualSign(bare)) {
		return KindNumber
	}
	if p, ok := SplitDate(b); ok && p.plausible() {
		rest := b[p.Length:]
		if len(rest) == 0 {
			return KindDate
		}
		if clock, err := afterDate(rest); err == nil {
			if _, _, after, err := ReadClock(clock); err == nil {
				if _, _, err := afterClock(after); err == nil || ClockRange(after) {
					return KindStamp
				}
			}
		}
		return kindText
	}
	if _, _, rest, err := ReadClock(b); err == nil {
		if _, _, err := afterClock(rest); err == nil || ClockRange(rest) {
			return KindClock
		}
	}
	return kindText
}

// plausible is true of a year of four digits at one end, or of three numbers of two.
func (p *Date) plausible() bool {
	a, b, c := p.Digits[0], p.Digits[1], p.Digits[2]
	if p.Month >= 0 {
		return c == 4 || c == 2 || a == 4
	}
	if b < 1 || b > 2 {
		return false
	}
	return a == 4 && c >= 1 && c <= 2 || a <= 2 && (c == 4 || c == 2) && p.number[0] <= 31 && p.number[1] <= 31
}

// LooksNumeric is true of digits with signs between, whatever they mean.
func LooksNumeric(b []byte) bool {
	digit, points := false, 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case IsDigit(c):
			digit = true
		case c == '-' || c == '+':
			if i > 0 && b[i-1]|0x20 != 'e' {
				return false
			}
		case c == '.' || c == ',' || c == '\'':
			points++
		case c == ' ', c == 0xc2, c == 0xa0, c == 0xe2, c == 0x80, c == 0xaf, c == 0x99:
			// a space between groups, of any kind
		case c|0x20 == 'e' && digit && i+1 < len(b):
		default:
			return false
		}
	}
	if points == 2 { // 01.02.24 is a date
		if p, ok := SplitDate(b); ok && p.plausible() && p.Length == len(b) {
			return false
		}
	}
	return digit
}
