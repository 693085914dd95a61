package dsm

import "math"

// workspace is what one call of Plan needs besides its result. Workspaces are
// pooled: in the steady state a plan allocates its result only.
type workspace struct {
	day       dayRates
	drafts    []draft
	problem   shiftProblem
	transport transport
	peak      peakProblem
	scratch   shiftPlan
}

// draft is the plan of one meter while it is being made. Energies in kWh.
type draft struct {
	load    [maxSlots]float64 // median forecast; 0 where unknown
	known   uint32            // slots with a forecast
	ceiling float64           // ū: most that an hour may gain
	price   shiftPlan         // moves load to cheaper hours
	held    shiftPlan         // moves load for the group's limit
	reason  Reason            // of the price shift, or of its absence
	refused float64           // value of a price shift that was below the minimum saving
	usable  bool              // the inputs are good enough to decide on
	cut     bool              // the group's capacity left less room for the price shift
}

func (ws *workspace) begin(meters int) {
	if cap(ws.drafts) < meters {
		ws.drafts = make([]draft, meters)
	}
	ws.drafts = ws.drafts[:meters]
}

// read takes over a forecast path; slots without a value count as 0.
func readPath(dst *[maxSlots]float64, src []float32, n int) (known uint32) {
	for t := range n {
		dst[t] = 0
		if t < len(src) && !math.IsNaN(float64(src[t])) {
			dst[t] = float64(src[t])
			known |= 1 << t
		}
	}
	return known
}

// arena holds the slices of all decisions of one call, made at once.
type arena struct {
	plans        []float32
	factors      []WeightedFactor
	binding      []Constraint
	alternatives []Alternative
}

// The most that one decision can have.
const (
	mostFactors      = 5
	mostBinding      = 4
	mostAlternatives = 3
)

func newArena(decisions, plans, slots int) *arena {
	return &arena{
		plans:        make([]float32, 0, plans*slots),
		factors:      make([]WeightedFactor, 0, decisions*mostFactors),
		binding:      make([]Constraint, 0, decisions*mostBinding),
		alternatives: make([]Alternative, 0, decisions*mostAlternatives),
	}
}

// tail is what has been appended since start, with no room to grow into what
// comes after it; nil if nothing was.
func tail[T any](all []T, start int) []T {
	if len(all) == start {
		return nil
	}
	return all[start:len(all):len(all)]
}
