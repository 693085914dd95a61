package dsm

// workspace is the memory of one call of Plan besides its result. Workspaces are
// pooled: in the steady state a plan allocates its result only. Each solver and
// each buffer is filled by the function that uses it, within that function: none
// carries a result from one call to another.
type workspace struct {
	day     dayRates
	meters  []meterPlan
	limits  []groupPlan   // of the groups that have one, those below before those above them
	devices []*devicePlan // of the meters that have some
	used    int           // of devices

	priceShift  shiftProblem // of planMeter
	alternative shiftProblem // of addAlternatives
	peakShift   shiftProblem // of ownPeakShave

	transport transport
	windows   *windowSolver // made by windowSolver
	posed     windowProblem // of solveWindows and sameWindows
	demand    demandSolver
	store     *Storage // made by storage
	site      site
	scenarios scenarios
	shifted   shiftSlots     // of evaluateAll
	worths    scenarioWorths // likewise
	arena     arena

	amounts []float64 // of meters, for the hour of which a limit is being held

	before, after [scenarioCount][maxSlots]float64 // a group's load, without and with the plan for its limit
}

func newWorkspace() *workspace {
	ws := new(workspace)
	ws.demand.transport = &ws.transport
	return ws
}

// windowSolver solves problems of windows. It is half of a workspace, and made for twins whose
// plans have windows.
func (ws *workspace) windowSolver() *windowSolver {
	if ws.windows == nil {
		ws.windows = new(windowSolver)
	}
	return ws.windows
}

// storage solves problems of stores. It is a quarter of a workspace, and made for twins that
// have stores.
func (ws *workspace) storage() *Storage {
	if ws.store == nil {
		ws.store = new(Storage)
	}
	return ws.store
}

// begin makes room for so many meters, without devices.
func (ws *workspace) begin(meters int) {
	if cap(ws.meters) < meters {
		ws.meters = make([]meterPlan, meters)
	}
	ws.meters = ws.meters[:meters]
	ws.used = 0
}

// newDevicePlan is an empty plan of devices.
func (ws *workspace) newDevicePlan() *devicePlan {
	if ws.used == len(ws.devices) {
		ws.devices = append(ws.devices, new(devicePlan))
	}
	a := ws.devices[ws.used]
	ws.used++
	*a = devicePlan{}
	return a
}

// meterPlan is the plan of one meter while it is being made. Energies in kWh.
type meterPlan struct {
	load     [maxSlots]float64 // mean scenario of the day; 0 where unknown
	known    uint32            // slots with a forecast
	ceiling  float64           // ū: most that an hour may gain
	begun    int               // windows to avoid before the hours of a revision
	price    shiftPlan         // moves load to cheaper hours
	held     shiftPlan         // moves load for the group's limit
	reason   Reason            // of the price shift, or of its absence
	rejected float64           // value of a plan that was below the minimum saving
	shifted  outcomes          // of the price shift alone on all scenarios
	usable   bool              // the inputs are good enough to decide on

	devices   *devicePlan // nil if there is nothing to run
	share     float64     // of the load that may be taken away where it is not protected
	floor     float64     // no hour's load is below; −∞ where nothing is known
	monthPeak float64     // highest hour of the billing month so far, kW
	cut       bool        // the group's capacity left less room for the price shift

	limit  int                // the lowest group with a limit that it is in, in workspace.limits; -1 for none
	cutBy  int                // likewise, the one that left the least room for the price shift
	relief [MaxLevels]float64 // energy of held that each limit asked for, kWh, by its level
}

// acts reports whether the plan changes anything.
func (d *meterPlan) acts(n int) bool {
	if d.price.moved(n) > 0 || d.held.moved(n) > 0 {
		return true
	}
	if d.devices == nil || !d.usable {
		return false
	}
	for _, change := range d.devices.change[:n] {
		if change != 0 {
			return true
		}
	}
	return false
}

// arena collects the slices of all decisions of one call.
type arena struct {
	plans        []float32
	factors      []WeightedFactor
	binding      []Constraint
	alternatives []Alternative
	items        []PlanItem
}

// reset empties the arena and keeps its memory.
func (a *arena) reset() {
	clear(a.items) // they hold slices of their own
	a.plans, a.factors, a.binding = a.plans[:0], a.factors[:0], a.binding[:0]
	a.alternatives, a.items = a.alternatives[:0], a.items[:0]
}

// handOver gives the decisions slices of their own, which are as large as what they
// hold: a few allocations for all of them.
func (a *arena) handOver(decisions []Decision) {
	own := arena{
		plans:        make([]float32, 0, len(a.plans)),
		factors:      make([]WeightedFactor, 0, len(a.factors)),
		binding:      make([]Constraint, 0, len(a.binding)),
		alternatives: make([]Alternative, 0, len(a.alternatives)),
		items:        make([]PlanItem, 0, len(a.items)),
	}
	for i := range decisions {
		d := &decisions[i]
		d.Plan = move(&own.plans, d.Plan)
		d.Factors = move(&own.factors, d.Factors)
		d.Binding = move(&own.binding, d.Binding)
		d.Alternatives = move(&own.alternatives, d.Alternatives)
		d.Items = move(&own.items, d.Items)
	}
}

// move appends a slice to those in all and returns the copy.
func move[T any](all *[]T, values []T) []T {
	start := len(*all)
	*all = append(*all, values...)
	return tail(*all, start)
}

// tail is what has been appended since start, with no room to grow into what
// comes after it; nil if nothing was.
func tail[T any](all []T, start int) []T {
	if len(all) == start {
		return nil
	}
	return all[start:len(all):len(all)]
}
