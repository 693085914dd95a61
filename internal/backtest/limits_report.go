package backtest

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// riskBounds are the bounds of the classes of stated probabilities.
var riskBounds = [...]float64{0, 0.05, 0.15, 0.3, 0.6, 1}

// bandOf is the class of a probability.
func bandOf(probability float64) int {
	for i := 1; i < len(riskBounds)-1; i++ {
		if probability < riskBounds[i] {
			return i - 1
		}
	}
	return len(riskBounds) - 2
}

// riskTally is how often limits were exceeded in hours of one class.
type riskTally struct {
	hours, exceeded int
	stated          float64 // Σ probability
}

func (t *riskTally) add(probability float64, exceeded bool) {
	t.hours++
	t.stated += probability
	if exceeded {
		t.exceeded++
	}
}

// LimitsReport is how the stated risk of limits compares with what came.
type LimitsReport struct {
	Quantile float64     `json:"quantile"` // of a group's hours before the first forecast at which its limit lies, where the policy names none; 0: it has none
	Bands    []RiskBand  `json:"bands"`    // by stated probability, of all groups
	Held     HeldDays    `json:"held"`     // by plans, of all groups
	List     []LimitLine `json:"list"`     // by group
}

// RiskBand is the hours of groups whose limit was stated to be exceeded with a probability
// from From to before To, without plans.
type RiskBand struct {
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	Hours    int     `json:"hours"`
	Stated   float64 `json:"stated"`   // mean probability
	Exceeded float64 `json:"exceeded"` // share of the hours
	// Least and Most bound the share that 95 of 100 such sets of independent hours would have if
	// the probabilities are right (binomial).
	Least float64 `json:"least"`
	Most  float64 `json:"most"`
}

// Within reports whether the share that exceeded lies in the 95 % band.
func (b *RiskBand) Within() bool { return b.Exceeded >= b.Least && b.Exceeded <= b.Most }

// LimitLine is the limit of one group.
type LimitLine struct {
	Group      string   `json:"group"`
	CapacityKW float64  `json:"capacityKW"`
	Exceedance float64  `json:"exceedance"`
	Above      float64  `json:"above"` // share of hours above the limit
	Held       HeldDays `json:"held"`
}

// HeldDays counts days that were planned for a limit, and those on which it was exceeded
// with the plans carried out on what really happened.
type HeldDays struct {
	Days   int `json:"days"`   // with a plan and a load
	Lacked int `json:"lacked"` // on which flexibility did not suffice: the probability with the plans is above the exceedance

	Held     HeldCount `json:"held"`     // the others
	HeldRisk HeldCount `json:"heldRisk"` // of them, those at risk without the plans
}

// HeldCount counts days on which plans hold a limit by the forecast.
type HeldCount struct {
	Days     int     `json:"days"`
	Exceeded int     `json:"exceeded"`
	Without  int     `json:"exceededWithoutPlans"`
	Stated   float64 `json:"stated"` // mean probability with the plans
}

func (h *HeldDays) add(exceedance, before, after float64, without, with bool) {
	h.Days++
	if after > exceedance {
		h.Lacked++
		return
	}
	h.Held.add(after, without, with)
	if before > exceedance {
		h.HeldRisk.add(after, without, with)
	}
}

func (h *HeldCount) add(stated float64, without, with bool) {
	h.join(HeldCount{Days: 1, Exceeded: count(with), Without: count(without), Stated: stated})
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (h *HeldDays) join(o HeldDays) {
	h.Days, h.Lacked = h.Days+o.Days, h.Lacked+o.Lacked
	h.Held.join(o.Held)
	h.HeldRisk.join(o.HeldRisk)
}

func (h *HeldCount) join(o HeldCount) {
	days := h.Days + o.Days
	if days > 0 {
		h.Stated = (h.Stated*float64(h.Days) + o.Stated*float64(o.Days)) / float64(days)
	}
	h.Days, h.Exceeded, h.Without = days, h.Exceeded+o.Exceeded, h.Without+o.Without
}

// Share is the share of the days on which the limit was exceeded; 0 without days.
func (h *HeldCount) Share() float64 { return orZero(float64(h.Exceeded) / float64(h.Days)) }

// ShareWithout is the share of the days on which it would have been without the plans.
func (h *HeldCount) ShareWithout() float64 { return orZero(float64(h.Without) / float64(h.Days)) }

// limitsReport is that of all groups with a limit; nil if none has one.
func limitsReport(quantile float64, done []*limitScore) *LimitsReport {
	r := &LimitsReport{Quantile: quantile, List: []LimitLine{}}
	var bands [len(riskBounds) - 1]riskTally
	for _, c := range done {
		if c == nil || c.hours == 0 {
			continue
		}
		r.List = append(r.List, LimitLine{
			Group: c.limit.Name, CapacityKW: c.limit.CapacityKW, Exceedance: c.limit.Exceedance, Above: float64(c.above) / float64(c.hours), Held: c.held,
		})
		r.Held.join(c.held)
		for i, b := range c.bands {
			bands[i].hours, bands[i].exceeded, bands[i].stated = bands[i].hours+b.hours, bands[i].exceeded+b.exceeded, bands[i].stated+b.stated
		}
	}
	if len(r.List) == 0 {
		return nil
	}
	for i, b := range bands {
		band := RiskBand{From: riskBounds[i], To: riskBounds[i+1], Hours: b.hours}
		if b.hours > 0 {
			n := float64(b.hours)
			band.Stated, band.Exceeded = b.stated/n, float64(b.exceeded)/n
			band.Least, band.Most = binomialBand(b.hours, band.Stated)
		}
		r.Bands = append(r.Bands, band)
	}
	return r
}

// binomialBand are the quantiles at 2.5 and 97.5 % of the share of n independent events of
// probability p that happen.
func binomialBand(n int, p float64) (least, most float64) {
	if p <= 0 || p >= 1 {
		return p, p
	}
	b := distuv.Binomial{N: float64(n), P: p}
	const widest = 6 // standard deviations, beyond which nothing of 2.5 % is left
	first := max(math.Floor(b.Mean()-widest*b.StdDev()-widest), 0)
	quantile := func(level float64) float64 {
		k := first
		for k < b.N && b.CDF(k) < level {
			k++
		}
		return k / b.N
	}
	return quantile(0.025), quantile(0.975)
}
