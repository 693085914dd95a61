package dsm

// Mode is what becomes of decisions.
type Mode string

// The modes.
const (
	ModeOff      Mode = "Off"      // no decisions
	ModeShadow   Mode = "Shadow"   // decided and stored, marked as not for action
	ModeAdvisory Mode = "Advisory" // decided, stored and published as advice
)

// Policy is everything that decides a plan besides the forecast. Zero values
// are not defaults; defaults are those of the DigitalTwin resource.
type Policy struct {
	Mode        Mode        `json:"mode"`
	Objective   Objective   `json:"objective"`
	Tariff      Tariff      `json:"tariff"`
	Flexibility Flexibility `json:"flexibility"`
	Windows     *Windows    `json:"windows,omitempty"` // moved load keeps to windows, for people; nil: hour by hour
	Groups      []Group     `json:"groups,omitempty"`
	Assets      []Asset     `json:"assets,omitempty"` // of those of one kind that fit a meter, the first counts
	MinSaving   float64     `json:"minSaving"`        // currency per plan below which the decision is none
	Hysteresis  float64     `json:"hysteresis"`       // share by which a new plan must beat yesterday's
	Freshness   int         `json:"freshnessHours"`   // hours before the issue after which the newest reading is stale; 0: never
	NoticeHours int         `json:"noticeHours"`      // hours before the first hour that a revision of a plan may change
	LeadHours   int         `json:"leadHours"`        // hours before a local midnight at which the plan of the day that begins there is issued
}

// MaxLeadHours is the longest time from the issue of a plan to its first hour: a forecast
// reaches to the end of the day from there.
const MaxLeadHours = 24

// Objective weighs what a plan minimises. The price of an hour is
// Cost·price + Carbon·carbon intensity; Peak > 0 lets group limits act.
type Objective struct {
	Cost   float64 `json:"cost"`
	Peak   float64 `json:"peak"`
	Carbon float64 `json:"carbon"` // currency per kg CO2
}

// Tariff is the price of energy in local time, or a series of hours.
type Tariff struct {
	Currency string   `json:"currency"`          // ISO 4217
	Periods  []Period `json:"periods,omitempty"` // the first in the list that holds a time gives its price
	Default  float64  `json:"default"`           // currency per kWh where no period applies
	Series   []Point  `json:"series,omitempty"`  // dynamic prices; an hour of the series goes before the periods
	Carbon   []Point  `json:"carbon,omitempty"`  // kg CO2 per kWh; an hour without one counts as the mean of its day
	Export   float64  `json:"export"`            // currency per kWh fed in

	// DemandCharge is the price of a month's highest hour, currency per kW.
	DemandCharge float64 `json:"demandCharge,omitempty"`
}

// Period is a part of the day with its own price.
type Period struct {
	Name  string  `json:"name"`
	Days  string  `json:"days"`  // All | Weekdays | Weekends: the days on which it starts
	Start string  `json:"start"` // local "HH:MM", inclusive
	End   string  `json:"end"`   // local "HH:MM", exclusive; "24:00" is midnight; End ≤ Start runs over midnight
	Price float64 `json:"price"` // currency per kWh
}

// Point is one hour of a series: its start in seconds since 1970, UTC.
type Point struct {
	Unix  int64   `json:"t"`
	Value float64 `json:"v"`
}

// Flexibility is how much load may move, and how far.
type Flexibility struct {
	ShiftableShare float64 `json:"shiftableShare"` // φ: share of each hour's load that may be taken away, 0 to 1
	MaxShiftHours  int     `json:"maxShiftHours"`  // farthest distance in hours; 0: anywhere in the plan
	Rebound        float64 `json:"rebound"`        // ρ: extra energy when load is moved, share, ≥ 0
	MaxIncrease    float64 `json:"maxIncrease"`    // ū: most that an hour may gain, as a share of the forecast's peak

	// Comfort are times at which no load is taken away. An hour of which a part
	// lies in one counts as a whole.
	Comfort []TimeWindow `json:"comfort,omitempty"`
}

// Windows is the form of plans that people follow: hours to avoid and hours to prefer.
// Devices keep their schedules.
type Windows struct {
	MaxWindows    int `json:"maxWindows"`    // most windows to avoid, and to prefer; 1 to 4
	MinBlockHours int `json:"minBlockHours"` // least hours of a window, 1 to 12

	// Share of its load that a window to avoid gives, above 0 and not above
	// ShiftableShare; 0: all that may be taken away, in whole half-kilowatt-hours.
	Share float64 `json:"share,omitempty"`
}

// TimeWindow is a part of the day in local time, as a Period has it.
type TimeWindow struct {
	Days  string `json:"days"`
	Start string `json:"start"`
	End   string `json:"end"`
}

// Group is a set of meters behind one limit, such as a feeder. Its load is that of its
// meters and of the groups below it.
type Group struct {
	Name       string  `json:"name"`
	Parent     string  `json:"parent,omitempty"` // name of the group above it, such as a transformer; "" for none
	CapacityKW float64 `json:"capacityKW"`       // 0: no limit

	// Exceedance is the probability with which the group may exceed its capacity in
	// some hour of a plan, up to 0.5; 0: the limit holds for the mean day.
	Exceedance float64 `json:"exceedance,omitempty"`
}
