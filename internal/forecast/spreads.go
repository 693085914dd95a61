package forecast

import "math"

// spreadDays is how many days of errors an interval rests on.
const spreadDays = 28

// The newer half of the days counts more, so that the interval keeps up.
const newWeight = 2

// Levels of an interval, and how they are steered.
const (
	tail      = 0.1  // wanted below the interval, and above it
	steering  = 0.03 // step of a day towards the wanted share
	shared    = 0.75 // of the step that the levels of the other days take too
	leastTail = 0.002
	mostTail  = 0.35
)

// codes is what an error is stored as: one byte, finer near zero.
const codes = 256

// spreads keeps the errors of the last days and, out of them, makes intervals.
//
// The forest of the width knows how wide an interval usually is: for which meters, days,
// hours and hours ahead. Errors are kept over that width, and the interval of an hour is
// the forecast plus a low and a high quantile of those of the last 28 days times its width;
// the newer 14 days count twice. Plain quantiles cover too little where errors grow, and too
// much where they shrink. So the two levels, 10 % at first, are steered for each meter by how
// often a reading fell outside (adaptive conformal inference, Gibbs and Candès 2021):
// level += γ·(10 % − share of the day's hours outside).
//
// Loads vary otherwise on days off than on working days: each of the two has levels of
// its own. A day's step moves those of the other by three quarters of it, as a season
// changes both.
type spreads struct {
	errors [spreadDays][hoursADay]int8 // a ring of days
	newest uint8                       // where the next day goes
	levels [2]levels                   // of working days, and of days off
}

// levels are the shares of hours that are wanted below an interval and above it.
type levels struct{ below, over float32 }

// step moves the levels towards what covers as much as is wanted, given the shares of a
// day's hours that fell below and above.
func (l *levels) step(size, below, over float32) {
	l.below = min(max(l.below+size*(tail-below), leastTail), mostTail)
	l.over = min(max(l.over+size*(tail-over), leastTail), mostTail)
}

// start fills the ring with the errors that are usual over all meters, so that
// a new meter has an interval. They give way to its own.
func (p *spreads) start(usual *[spreadDays]int8) {
	p.levels = [2]levels{{tail, tail}, {tail, tail}}
	const stride = 11 // no two neighbours in the ring are neighbours by size
	for d := range p.errors {
		for k := range p.errors[d] {
			p.errors[d][k] = usual[d*stride%spreadDays]
		}
	}
}

// take enters the errors of the newest day, for which a was forecast with the interval i.
func (p *spreads) take(t *errorTable, a *outlook, i *interval, row *[hoursADay]float32, known uint32, d *days) {
	day := &p.errors[p.newest]
	p.newest = (p.newest + 1) % spreadDays
	for part := range 2 {
		from, to := d.columnsOf(part)
		var below, over, n float32
		for k := from; k < to; k++ {
			if known&(1<<k) == 0 {
				continue // the error of four weeks ago stays
			}
			v := row[k]
			day[k] = t.code(overWidth(v-a.middle[k], a.scale*t.of(a.below[k]), a.scale*t.of(a.over[k])))
			n++
			if v < i.low[k] {
				below++
			} else if v > i.high[k] {
				over++
			}
		}
		if n == 0 {
			continue
		}
		own := d.typeOf(newestDay, part).group()
		size := steering * float32(to-from) / hoursADay
		p.levels[own].step(size, below/n, over/n)
		p.levels[1-own].step(size*shared, below/n, over/n)
	}
}

// overWidth is an error over the usual width on its side.
func overWidth(e, below, over float32) float32 {
	if e < 0 {
		return e / below
	}
	return e / over
}

// spreadQuantiles are the quantiles of the errors over the usual width, as codes, for working
// days and for days off.
type spreadQuantiles struct{ low, high [2]int8 }

// codesKept is the number of errors in the ring, newer ones counted as often as they count.
const codesKept = (newWeight + 1) * spreadDays / 2 * hoursADay

// quantiles finds the quantiles of the errors.
func (p *spreads) quantiles() (q spreadQuantiles) {
	var ranks [4]int32
	for i := range p.levels {
		l := &p.levels[i]
		ranks[2*i], ranks[2*i+1] = int32(rankOf(l.below, codesKept)), int32(codesKept+1-rankOf(l.over, codesKept))
	}
	var found [4]int8
	if hasVectors {
		found = p.ofRanks(&ranks)
	} else {
		found = p.ofRanksPlain(&ranks)
	}
	for i := range p.levels {
		q.low[i], q.high[i] = found[2*i], found[2*i+1]
	}
	return q
}

// errorHalves are the errors of the newer half of the days, then those of the older half,
// each filled up to whole registers with the greatest code, which lies below none.
type errorHalves [2][352]int8

// The assembly counts the newer half twice.
var _ [newWeight - 2]struct{}

// ofRanks finds the codes of some ranks bit by bit: a code is the greatest that has fewer
// errors below it than the rank.
func (p *spreads) ofRanks(ranks *[4]int32) (found [4]int8) {
	var errors errorHalves
	p.half(int(p.newest)+spreadDays/2, &errors[0])
	p.half(int(p.newest), &errors[1])
	const least = -codes / 2
	found = [4]int8{least, least, least, least}
	var tried [4]int8
	var below [4]int32
	for step := codes / 2; step > 0; step /= 2 {
		for i, c := range found {
			tried[i] = int8(int(c) + step)
		}
		countBelow(&errors, &tried, &below)
		for i, n := range below {
			if n < ranks[i] {
				found[i] = tried[i]
			}
		}
	}
	return found
}

// half copies half of the ring, from a day on.
func (p *spreads) half(from int, out *[352]int8) {
	const days = spreadDays / 2
	for i := range days {
		*(*[hoursADay]int8)(out[i*hoursADay:]) = p.errors[(from+i)%spreadDays]
	}
	for i := days * hoursADay; i < len(out); i++ {
		out[i] = codes/2 - 1
	}
}

// ofRanksPlain finds the codes of some ranks in a histogram.
func (p *spreads) ofRanksPlain(ranks *[4]int32) (found [4]int8) {
	var h histogram
	for d := range p.errors {
		h.enter(&p.errors[d], p.weight(d))
	}
	h.sum()
	for i, rank := range ranks {
		found[i] = h.fromBelow(int(rank))
	}
	return found
}

// rankOf is the place of a quantile among n values, counted from its end: 1 to n.
func rankOf(level float32, n int) int {
	return min(max(int(math.Ceil(float64(level*float32(n+1)))), 1), n)
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

// histogram counts codes one by one, and by sixteen so that a rank is found
// without a look at each of them.
type histogram struct {
	count  [codes]uint16
	coarse [codes / 16]uint16
}

func (h *histogram) enter(errors *[hoursADay]int8, weight uint16) {
	for _, e := range errors {
		h.count[uint8(e)^codes/2] += weight // in the order of the errors
	}
}

// sum counts by sixteen what was entered.
func (h *histogram) sum() {
	for c := range h.coarse {
		n := uint16(0)
		for _, count := range h.count[16*c:][:16] {
			n += count
		}
		h.coarse[c] = n
	}
}

// fromBelow is the code of a rank, 1 being the least error.
func (h *histogram) fromBelow(rank int) int8 {
	left, c := rank, 0
	for ; left > int(h.coarse[c/16]); c += 16 {
		left -= int(h.coarse[c/16])
	}
	for ; left > int(h.count[c]); c++ {
		left -= int(h.count[c])
	}
	return int8(c - codes/2)
}

// errorTable turns errors into bytes and back: code c stands for
// sinh(c/17)/8 scales, which is 0.7 % of the scale near zero, and steps of 6 % far from it.
type errorTable struct {
	value [codes]float32 // by code + 128
	edges ranking        // between value[i] and value[i+1]
}

func newErrorTable() *errorTable {
	const steps, fine = 17.0, 8.0
	t := new(errorTable)
	for i := range t.value {
		t.value[i] = float32(math.Sinh(float64(i-codes/2)/steps) / fine)
	}
	edges := make([]float32, codes-1)
	for i := range edges {
		edges[i] = (t.value[i] + t.value[i+1]) / 2
	}
	t.edges = newRanking(edges)
	return t
}

// of is the error that a code stands for.
func (t *errorTable) of(code int8) float32 { return t.value[uint8(code)^codes/2] }

// code is the code nearest to an error.
func (t *errorTable) code(v float32) int8 { return int8(t.edges.of(v) ^ codes/2) }
