package v1

// DSM defines how demand-side-management decisions are made.
//
// +kubebuilder:validation:XValidation:rule="!has(self.plan) || !has(self.plan.share) || double(self.plan.share) <= (has(self.flexibility) && has(self.flexibility.shiftableShare) ? double(self.flexibility.shiftableShare) : 0.15)",message="dsm.plan.share is more than may move; write a share up to dsm.flexibility.shiftableShare (0.15 if left out)"
// +kubebuilder:validation:XValidation:rule="!has(self.objective) || !has(self.objective.carbon) || double(self.objective.carbon) == 0.0 || has(self.carbonIntensity)",message="dsm.objective.carbon needs to know the carbon intensity of each hour; write dsm.carbonIntensity: {configMap: {name: …, key: …}}, or carbon: 0"
type DSM struct {
	// "Off" makes no decisions; Shadow makes and stores them, marked as not for
	// action; Advisory publishes them as advice. Write "Off" in quotes, as YAML
	// reads a bare Off as false.
	// +kubebuilder:default=Advisory
	// +optional
	Mode DSMMode `json:"mode,omitempty"`

	// What decisions weigh against each other.
	// +kubebuilder:default={}
	// +optional
	Objective Objective `json:"objective,omitzero"`

	// Price of energy. If left out, a time-of-use tariff in GBP with a cheap
	// night and an expensive early evening.
	// +optional
	Tariff *Tariff `json:"tariff,omitempty"`

	// Carbon intensity of each hour, in kg CO2 per kWh.
	// +optional
	CarbonIntensity *SeriesSource `json:"carbonIntensity,omitempty"`

	// How much load may move, and how far.
	// +kubebuilder:default={}
	// +optional
	Flexibility Flexibility `json:"flexibility,omitzero"`

	// Form of the plans for load that people move.
	// +kubebuilder:default={}
	// +optional
	Plan PlanForm `json:"plan,omitzero"`

	// Limits of groups of meters, such as the feeders behind a transformer, and how groups
	// nest. Meters belong to a group by the dataset.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:XValidation:rule="[self.map(g, g.name)].all(names, self.all(g, !has(g.parent) || g.parent in names))",message="a parent must be in the list; add the group, with capacityKW: \"0\" if it has no limit, or correct the name"
	// +kubebuilder:validation:XValidation:rule="[self.map(g, g.name)].all(names, [self.filter(g, !has(g.parent)).map(g, g.name)].all(a, [self.filter(g, has(g.parent) && g.parent in a).map(g, g.name)].all(b, [self.filter(g, has(g.parent) && g.parent in b).map(g, g.name)].all(c, self.all(g, !has(g.parent) || g.parent in a || g.parent in b || g.parent in c || !(g.parent in names))))))",message="groups nest in a circle, or in more than 4 levels; remove a parent"
	// +optional
	Groups []GroupLimit `json:"groups,omitempty"`

	// Batteries, cars, solar panels and heat pumps behind the meters.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Assets []Asset `json:"assets,omitempty"`

	// Least saving of a plan, in the tariff's currency; a plan that saves less is
	// not proposed.
	// +kubebuilder:default="0.02"
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0",message="write 0 or more"
	// +optional
	MinSaving Decimal `json:"minSaving,omitempty"`

	// Share by which a new plan must beat that of the day before to replace it, and a
	// revision the plan that it revises: "0.05" is 5 %.
	// +kubebuilder:default="0.05"
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0 && double(self) <= 1.0",message="write a share from 0 to 1, such as \"0.05\""
	// +optional
	Hysteresis Decimal `json:"hysteresis,omitempty"`

	// Time from the issue of a plan to the local midnight at which its day begins, in
	// whole hours: with "6h" the plan of a day is known at 18:00 of the day before.
	// +kubebuilder:default="6h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('24h') && duration(self).getSeconds() % 3600 == 0",message="write whole hours from 0h to 24h"
	// +optional
	LeadTime Duration `json:"leadTime,omitempty"`

	// Least time from the issue of a revision to the first hour that it changes, in whole
	// hours. Plans are revised where forecasts are issued again within the day
	// (forecast.reissue.meters), if that gains more than the hysteresis.
	// +kubebuilder:default="1h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('24h') && duration(self).getSeconds() % 3600 == 0",message="write whole hours from 0h to 24h"
	// +optional
	Notice Duration `json:"notice,omitempty"`

	// Age of a meter's newest reading, in whole hours, beyond which nothing is
	// decided for it.
	// +kubebuilder:default="6h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('168h') && duration(self).getSeconds() % 3600 == 0",message="write whole hours from 1h to 168h"
	// +optional
	Freshness Duration `json:"freshness,omitempty"`
}

// DSMMode defines what becomes of decisions.
// +kubebuilder:validation:Enum=Off;Shadow;Advisory
type DSMMode string

// The modes.
const (
	DSMOff      DSMMode = "Off"
	DSMShadow   DSMMode = "Shadow"
	DSMAdvisory DSMMode = "Advisory"
)

// Objective weighs what a plan minimises.
type Objective struct {
	// Weight of the cost of energy.
	// +kubebuilder:default=1
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0",message="write 0 or more"
	// +optional
	Cost Decimal `json:"cost,omitempty"`

	// Weight of peaks. 0 lets group limits and demand charges do nothing.
	// +kubebuilder:default=1
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0",message="write 0 or more"
	// +optional
	Peak Decimal `json:"peak,omitempty"`

	// Price of emissions, in the tariff's currency per kg CO2: "0.08" is 80 per
	// tonne.
	// +kubebuilder:default=0
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0",message="write 0 or more"
	// +optional
	Carbon Decimal `json:"carbon,omitempty"`
}

// Tariff is the price of energy. A dynamic price goes before the periods, the
// first period that fits before the price.
type Tariff struct {
	// ISO 4217 code of the currency of all prices.
	// +kubebuilder:validation:MaxLength=3
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z]{3}$')",message="write the currency's three-letter code, such as GBP or EUR"
	Currency string `json:"currency"`

	// Price where no period and no dynamic price applies, per kWh.
	Price Decimal `json:"price"`

	// Parts of the day with their own price, in local time. Of those that fit, the
	// first counts.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=48
	// +kubebuilder:validation:XValidation:rule="self.all(p, self.exists_one(q, q.name == p.name))",message="give each period of the tariff a name of its own"
	// +optional
	Periods []TariffPeriod `json:"periods,omitempty"`

	// Price of each hour, per kWh, for a dynamic tariff.
	// +optional
	Dynamic *SeriesSource `json:"dynamic,omitempty"`

	// Price paid for energy fed in, per kWh; 0 if left out.
	// +optional
	ExportPrice Decimal `json:"exportPrice,omitempty"`

	// Charge for the highest hour of a month, per kW; 0 if left out.
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0",message="write 0 or more"
	// +optional
	DemandCharge Decimal `json:"demandCharge,omitempty"`
}

// TariffPeriod is a part of the day with its own price.
//
// +kubebuilder:validation:XValidation:rule="self.start != self.end",message="start and end of a tariff period are the same; for a whole day write start: \"00:00\" and end: \"24:00\""
type TariffPeriod struct {
	// Name of the period, such as night.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Name string `json:"name"`

	// Days on which it holds. A period that runs over midnight belongs to the day
	// on which it starts. All if left out.
	// +kubebuilder:validation:Enum=All;Weekdays;Weekends
	// +optional
	Days string `json:"days,omitempty"`

	// Local time at which it starts.
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule="self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')",message="write a local time as HH:MM from 00:00 to 23:59, in quotes"
	Start string `json:"start"`

	// Local time before which it ends; "24:00" is midnight. An end before the
	// start lies on the next day.
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule="self.matches('^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$')",message="write a local time as HH:MM from 00:00 to 24:00, in quotes"
	End string `json:"end"`

	// Price, per kWh.
	Price Decimal `json:"price"`
}

// Days on which a tariff period holds.
const (
	DaysAll      = "All"
	DaysWeekdays = "Weekdays"
	DaysWeekends = "Weekends"
)

// SeriesSource is a file with prices, carbon intensities or temperatures, read as a file
// of readings is: in any separator, unit and interval of an hour or less.
//
// +kubebuilder:validation:XValidation:rule="[has(self.configMap), has(self.persistentVolumeClaim)].filter(x, x).size() == 1",message="write exactly one of configMap and persistentVolumeClaim as the place of the series"
type SeriesSource struct {
	// A file in a ConfigMap of the twin's namespace.
	// +optional
	ConfigMap *ConfigMapSource `json:"configMap,omitempty"`

	// A file on a volume of the twin's namespace.
	// +optional
	PersistentVolumeClaim *VolumeSource `json:"persistentVolumeClaim,omitempty"`

	// Column with the time; found out if the file has no column timestamp.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	TimeColumn string `json:"timeColumn,omitempty"`

	// Column with the value; found out if the file has no column value. Its name
	// may hold the unit, such as EUR/MWh.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	ValueColumn string `json:"valueColumn,omitempty"`
}

// Flexibility is how much load may move, and how far.
type Flexibility struct {
	// Share of each hour's load that may be taken away.
	// +kubebuilder:default="0.15"
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0 && double(self) <= 1.0",message="write a share from 0 to 1, such as \"0.15\""
	// +optional
	ShiftableShare Decimal `json:"shiftableShare,omitempty"`

	// Farthest distance that load may be moved, in whole hours; 0h lets it move
	// anywhere in the day of the plan.
	// +kubebuilder:default="6h"
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('24h') && duration(self).getSeconds() % 3600 == 0",message="write whole hours from 0h to 24h"
	// +optional
	MaxShift Duration `json:"maxShift,omitempty"`

	// Extra energy that moving load costs, as a share of what is moved.
	// +kubebuilder:default=0
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0 && double(self) <= 1.0",message="write a share from 0 to 1, such as \"0.1\""
	// +optional
	Rebound Decimal `json:"rebound,omitempty"`

	// Most that an hour may gain, as a share of the day's forecast peak.
	// +kubebuilder:default="0.25"
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0 && double(self) <= 10.0",message="write a share of the peak from 0 to 10, such as \"0.25\""
	// +optional
	MaxIncrease Decimal `json:"maxIncrease,omitempty"`

	// Times at which no load is taken away, such as those in which people cook.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Comfort []TimeWindow `json:"comfort,omitempty"`
}

// PlanForm is the form of the plans for load that people move. Batteries, cars, heat
// pumps and appliances follow a schedule by the hour in any case.
//
// +kubebuilder:validation:XValidation:rule="!has(self.mode) || self.mode == 'Windows' || !has(self.share)",message="dsm.plan.share belongs to windows; write mode: Windows, or leave the share out"
type PlanForm struct {
	// Windows names a few times to avoid and as many to prefer, with the energy to
	// move, for people. Hourly changes each hour by an amount of its own, for control
	// systems.
	// +kubebuilder:default=Windows
	// +optional
	Mode PlanMode `json:"mode,omitempty"`

	// Most windows to avoid, and to prefer, in a day.
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4
	// +optional
	MaxWindows *int32 `json:"maxWindows,omitempty"`

	// Least length of a window, in whole hours.
	// +kubebuilder:default="1h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('12h') && duration(self).getSeconds() % 3600 == 0",message="write whole hours from 1h to 12h"
	// +optional
	MinBlock Duration `json:"minBlock,omitempty"`

	// Share of its load that moves out of a window to avoid, not above
	// flexibility.shiftableShare. If left out, all that may move does, in whole
	// half-kilowatt-hours.
	// +kubebuilder:validation:XValidation:rule="double(self) > 0.0 && double(self) <= 1.0",message="write a share above 0 and up to 1, such as \"0.1\", or leave it out for whole half-kilowatt-hours"
	// +optional
	Share Decimal `json:"share,omitempty"`
}

// PlanMode defines the form of a plan.
// +kubebuilder:validation:Enum=Windows;Hourly
type PlanMode string

// The forms.
const (
	PlanWindows PlanMode = "Windows"
	PlanHourly  PlanMode = "Hourly"
)

// GroupLimit is the limit of a group of meters, and the group that it belongs to.
type GroupLimit struct {
	// Name of the group, as the dataset has it, or of a group that holds other groups.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name"`

	// Name of the group above it in this list, such as the transformer of a feeder, or the
	// substation of a transformer; at most 4 levels. The load of a group is that of its meters
	// and of the groups below it. The highest group above a meter is the key of its
	// messages, and is fixed once readings are stored.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Parent string `json:"parent,omitempty"`

	// Power that the group may draw, in kW. 0 is no limit.
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0",message="write a power in kW, 0 or more"
	CapacityKW Decimal `json:"capacityKW"`

	// Probability with which the group may exceed its capacity in some hour of a
	// day: plans leave a reserve for what the forecast may err.
	// +kubebuilder:default="0.1"
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.01 && double(self) <= 0.5",message="write a probability from 0.01 to 0.5, such as \"0.1\""
	// +optional
	Exceedance Decimal `json:"exceedance,omitempty"`
}
