package dsm

// workspace is what one call of Plan needs besides its result. Workspaces are
// pooled: in the steady state a plan allocates its result only.
type workspace struct {
	day       dayRates
	drafts    []draft
	problem   shiftProblem
	transport transport
	peak      peakProblem
	demand    demandSolver
	posed     demandProblem
	storage   StorageProblem
	stored    StoragePlan
	store     Storage
	assets    []assetDraft // of the drafts that have some
	scenarios scenarios    // of the meter at hand
	outcomes  outcomes
	sums      [paths][maxSlots]float64 // of a group, before and
	lowered   [paths][maxSlots]float64 // after the plan for its limit
	scratch   shiftPlan
	rest      shiftPlan // what is left of a plan whose first slots have passed
	other     shiftPlan // a plan that was weighed and rejected
}

func newWorkspace() *workspace {
	ws := new(workspace)
	ws.demand.transport = &ws.transport
	return ws
}

// draft is the plan of one meter while it is being made. Energies in kWh.
type draft struct {
	load    [maxSlots]float64 // mean course of the day; 0 where unknown
	known   uint32            // slots with a forecast
	ceiling float64           // ū: most that an hour may gain
	price   shiftPlan         // moves load to cheaper hours
	held    shiftPlan         // moves load for the group's limit
	reason  Reason            // of the price shift, or of its absence
	refused float64           // value of a price shift that was below the minimum saving
	shifted outcomes          // of the price shift on all courses of the day
	usable  bool              // the inputs are good enough to decide on

	assets    int     // index of the plan of what stands behind the meter; −1 if nothing does
	heatShare float64 // share of the load that is a heat pump's
	floor     float64 // no hour's load is below; −∞ where nothing is known
	monthPeak float64 // highest hour of the billing month so far, kW
	cut       bool    // the group's capacity left less room for the price shift
}

func (ws *workspace) begin(meters int) {
	if cap(ws.drafts) < meters {
		ws.drafts = make([]draft, meters)
	}
	ws.drafts = ws.drafts[:meters]
	ws.assets = ws.assets[:0]
}

// arena holds the slices of all decisions of one call, made at once.
type arena struct {
	plans        []float32
	factors      []WeightedFactor
	binding      []Constraint
	alternatives []Alternative
	parts        []Part
}

// The most that one decision can have.
const (
	mostFactors      = 7
	mostBinding      = 7
	mostAlternatives = 7
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
