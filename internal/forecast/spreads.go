package forecast

import "math"

// spreadDays is how many days of errors an interval rests on.
const spreadDays = 28

// The newer half of the days counts more, so that the interval keeps up.
const (
	newWeight    = 3
	columnWeight = (1 + newWeight) * spreadDays / 2 // of a column, over all days
)

// Levels of an interval, and how they are steered.
const (
	tail      = 0.1 // wanted below the interval, and above it
	steering  = 0.1 // step of a day towards the wanted share
	leastTail = 0.002
	mostTail  = 0.35
)

// codes is what an error is stored as: one byte, finer near zero.
const codes = 256

// spreads keeps the errors of the last days and, out of them, makes intervals.
//
// For an hour the interval is the forecast plus a low and a high quantile of the
// errors of the last 28 days at that hour of day, the hour before and the hour
// after; those of the newer 14 days count three times. Plain quantiles cover too
// little where errors grow, and too much where they shrink. So the two levels,
// 10 % at first, are steered for each meter by how often a reading fell outside
// (adaptive conformal inference, Gibbs and Candès 2021):
// level += γ·(10 % − share of the day's hours outside).
//
// Errors are kept in units of the scale that the meter had then.
type spreads struct {
	errors      [spreadDays][hoursADay]int8 // a ring of days
	newest      uint8                       // where the next day goes
	below, over float32                     // the levels
}

// start fills the ring with the errors that are usual over all meters, so that
// a new meter has an interval. They give way to its own.
func (p *spreads) start(usual *[spreadDays]int8) {
	p.below, p.over = tail, tail
	const stride = 11 // no two neighbours in the ring are neighbours by size
	for d := range p.errors {
		for k := range p.errors[d] {
			p.errors[d][k] = usual[d*stride%spreadDays]
		}
	}
}

// take enters the errors of a day, for which middle, low and high were forecast.
func (p *spreads) take(t *errorTable, middle, low, high, row *[hoursADay]float32, known uint32, scale float32) {
	var below, over, n float32
	day := &p.errors[p.newest]
	for k, v := range row {
		if known&(1<<k) == 0 {
			continue // the error of four weeks ago stays
		}
		day[k] = t.code((v - middle[k]) / scale)
		n++
		if v < low[k] {
			below++
		} else if v > high[k] {
			over++
		}
	}
	p.newest = (p.newest + 1) % spreadDays
	p.below = min(max(p.below+steering*(tail-below/n), leastTail), mostTail)
	p.over = min(max(p.over+steering*(tail-over/n), leastTail), mostTail)
}

// interval finds the quantiles of the errors for each column, as codes.
func (p *spreads) interval(low, high *[hoursADay]int8) {
	var count [codes]uint16
	p.enter(&count, 0)
	p.enter(&count, 1)
	n := 2 * columnWeight
	for k := range low {
		if k >= 2 {
			p.leave(&count, k-2)
			n -= columnWeight
		}
		if k >= 1 && k+1 < hoursADay {
			p.enter(&count, k+1)
			n += columnWeight
		}
		low[k] = fromBelow(&count, p.below*float32(n+1))
		high[k] = fromAbove(&count, p.over*float32(n+1))
	}
}

// weight is how often a day of the ring counts: the newer half counts more.
func (p *spreads) weight(d int) uint16 {
	age := int(p.newest) - 1 - d
	if age < 0 {
		age += spreadDays
	}
	if age < spreadDays/2 {
		return newWeight
	}
	return 1
}

func (p *spreads) enter(count *[codes]uint16, k int) {
	for d := range p.errors {
		count[int(p.errors[d][k])+codes/2] += p.weight(d)
	}
}

func (p *spreads) leave(count *[codes]uint16, k int) {
	for d := range p.errors {
		count[int(p.errors[d][k])+codes/2] -= p.weight(d)
	}
}

// fromBelow is the error of that rank, counted from the least.
func fromBelow(count *[codes]uint16, rank float32) int8 {
	var seen float32
	for c := range count {
		if seen += float32(count[c]); seen >= rank && seen > 0 {
			return int8(c - codes/2)
		}
	}
	return codes/2 - 1
}

// fromAbove is the error of that rank, counted from the greatest.
func fromAbove(count *[codes]uint16, rank float32) int8 {
	var seen float32
	for c := codes - 1; c >= 0; c-- {
		if seen += float32(count[c]); seen >= rank && seen > 0 {
			return int8(c - codes/2)
		}
	}
	return -codes / 2
}

// errorTable turns errors into bytes and back: code c stands for
// sinh(c/17)/8 scales, which is 0.7 % of the scale near zero, and steps of 6 % far from it.
type errorTable struct {
	value [codes]float32     // by code + 128
	edge  [codes - 1]float32 // between value[i] and value[i+1]
}

func newErrorTable() *errorTable {
	const steps, fine = 17.0, 8.0
	t := new(errorTable)
	for i := range t.value {
		t.value[i] = float32(math.Sinh(float64(i-codes/2)/steps) / fine)
	}
	for i := range t.edge {
		t.edge[i] = (t.value[i] + t.value[i+1]) / 2
	}
	return t
}

// of is the error that a code stands for.
func (t *errorTable) of(code int8) float32 { return t.value[int(code)+codes/2] }

// code is the code nearest to an error.
func (t *errorTable) code(v float32) int8 {
	low, high := 0, codes-1
	for low < high {
		mid := (low + high) / 2
		if v > t.edge[mid] {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return int8(low - codes/2)
}
