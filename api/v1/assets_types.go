package v1

// Asset is a device behind a meter: a battery, an electric car, solar panels, a
// heat pump or an appliance. Each meter that it names has one of its own.
//
// +kubebuilder:validation:XValidation:rule="[has(self.battery), has(self.ev), has(self.pv), has(self.heatPump), has(self.appliance)].filter(x, x).size() == 1",message="write exactly one of battery, ev, pv, heatPump and appliance as what the asset is"
// +kubebuilder:validation:XValidation:rule="[has(self.meters), has(self.group)].filter(x, x).size() == 1",message="write exactly one of meters and group as where the asset is"
type Asset struct {
	// Name of the asset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name"`

	// Names of the meters that have one; * stands for any characters, ? for one.
	// Of assets of one kind that fit a meter, the first counts.
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +optional
	Meters []string `json:"meters,omitempty"`

	// Group of which each meter has one.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Group string `json:"group,omitempty"`

	// A battery that is not part of the readings.
	// +optional
	Battery *Battery `json:"battery,omitempty"`

	// An electric car whose charging is not part of the readings.
	// +optional
	EV *EV `json:"ev,omitempty"`

	// Solar panels: the readings are what is left of the load after them, negative
	// where energy is fed in.
	// +optional
	PV *PV `json:"pv,omitempty"`

	// A heat pump whose draw is part of the readings.
	// +optional
	HeatPump *HeatPump `json:"heatPump,omitempty"`

	// An appliance whose runs can wait and are not part of the readings.
	// +optional
	Appliance *Appliance `json:"appliance,omitempty"`
}

func (a *Asset) setDefaults() {
	if b := a.Battery; b != nil {
		text(&b.Efficiency, "0.9")
		text(&b.Reserve, "0")
		text(&b.WearCost, "0")
	}
	if e := a.EV; e != nil {
		text(&e.Days, DaysAll)
	}
	if h := a.HeatPump; h != nil {
		text(&h.SetbackKWh, "0")
		text(&h.LossPerHour, "0.1")
		setDays(h.Comfort)
	}
	if p := a.Appliance; p != nil {
		number(&p.RunsPerDay, 1)
		text(&p.Days, DaysAll)
	}
}

// Battery is a store of electricity. Each plan starts at the reserve.
type Battery struct {
	// Energy that it holds, in kWh.
	// +kubebuilder:validation:XValidation:rule="double(self) > 0.0",message="write an energy in kWh above 0, such as 10"
	CapacityKWh Decimal `json:"capacityKWh"`

	// Most that it charges and discharges, in kW at the meter.
	// +kubebuilder:validation:XValidation:rule="double(self) > 0.0",message="write a power in kW above 0, such as 5"
	PowerKW Decimal `json:"powerKW"`

	// Share of the energy charged that can be discharged again; 0.9 if left out.
	// +kubebuilder:validation:XValidation:rule="double(self) > 0.0 && double(self) <= 1.0",message="write a share above 0 up to 1, such as \"0.9\""
	// +optional
	Efficiency Decimal `json:"efficiency,omitempty"`

	// Share of the capacity that is never discharged; 0 if left out.
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0 && double(self) < 1.0",message="write a share from 0 to below 1, such as \"0.1\""
	// +optional
	Reserve Decimal `json:"reserve,omitempty"`

	// What a discharged kWh costs in wear, in the tariff's currency; 0 if left out.
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0",message="write 0 or more"
	// +optional
	WearCost Decimal `json:"wearCost,omitempty"`
}

// EV is an electric car that is charged at home. It is charged in the plan in
// which it has to be ready, and in an earlier one only as far as it must: issue
// plans before the car arrives, and the whole night is one choice.
//
// +kubebuilder:validation:XValidation:rule="self.arrival != self.departure",message="arrival and departure of a car are the same; write the local times between which it is plugged in"
type EV struct {
	// Energy of a charge, in kWh at the meter.
	// +kubebuilder:validation:XValidation:rule="double(self) > 0.0",message="write an energy in kWh above 0, such as 8"
	EnergyKWh Decimal `json:"energyKWh"`

	// Most that it draws, in kW.
	// +kubebuilder:validation:XValidation:rule="double(self) > 0.0",message="write a power in kW above 0, such as \"7.4\""
	PowerKW Decimal `json:"powerKW"`

	// Local time at which it is plugged in.
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule="self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')",message="write a local time as HH:MM from 00:00 to 23:59, in quotes"
	Arrival string `json:"arrival"`

	// Local time by which it has to be charged. A time before the arrival lies on
	// the next day.
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule="self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')",message="write a local time as HH:MM from 00:00 to 23:59, in quotes"
	Departure string `json:"departure"`

	// Days on which it arrives. All if left out.
	// +kubebuilder:validation:Enum=All;Weekdays;Weekends
	// +optional
	Days string `json:"days,omitempty"`
}

// PV is a set of solar panels.
type PV struct {
	// Most that they give, in kW. No hour is forecast to feed in more.
	// +kubebuilder:validation:XValidation:rule="double(self) > 0.0",message="write a power in kW above 0, such as 4"
	PeakKW Decimal `json:"peakKW"`
}

// HeatPump is a heat pump that can warm the building ahead of need. Heat is
// counted as the electricity that it takes.
type HeatPump struct {
	// Share of each hour's load that is the heat pump's; that share is not moved
	// as other load.
	// +kubebuilder:validation:XValidation:rule="double(self) > 0.0 && double(self) <= 1.0",message="write a share above 0 up to 1, such as \"0.4\""
	Share Decimal `json:"share"`

	// Most that it draws, in kW.
	// +kubebuilder:validation:XValidation:rule="double(self) > 0.0",message="write a power in kW above 0, such as 3"
	PowerKW Decimal `json:"powerKW"`

	// How much warmer than set the building may become, as the energy in kWh that
	// takes it there.
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0",message="write an energy in kWh, 0 or more"
	PreheatKWh Decimal `json:"preheatKWh"`

	// How much cooler than set it may become outside the comfort times, as energy
	// in kWh; 0 if left out.
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0",message="write an energy in kWh, 0 or more"
	// +optional
	SetbackKWh Decimal `json:"setbackKWh,omitempty"`

	// Share of the extra heat that an hour loses; 0.1 if left out.
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.0 && double(self) < 1.0",message="write a share from 0 to below 1, such as \"0.1\""
	// +optional
	LossPerHour Decimal `json:"lossPerHour,omitempty"`

	// Times at which the building is at least as warm as set.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Comfort []TimeWindow `json:"comfort,omitempty"`
}

// Appliance is a machine that runs a fixed program and can wait, such as a washing
// machine, a dishwasher or a pool pump. A run is not interrupted and runs do not
// overlap. Without a plan it runs as soon as its window begins. Runs of a window that
// reaches past a plan are planned in the plan in which the window ends, and in the
// earlier one only as far as they must.
type Appliance struct {
	// Energy in kWh of each hour of a run, in order.
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=12
	// +kubebuilder:validation:XValidation:rule="self.all(x, double(x) >= 0.0) && self.exists(x, double(x) > 0.0)",message="write the energy of each hour of a run in kWh, 0 or more and not 0 in all, such as [\"1.2\", \"0.4\"]"
	ProfileKWh []Decimal `json:"profileKWh"`

	// Local time from which on it may start. It starts with a full hour.
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule="self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')",message="write a local time as HH:MM from 00:00 to 23:59, in quotes"
	EarliestStart string `json:"earliestStart"`

	// Local time by which its runs have to be over; "24:00" is midnight. A time that
	// is not after the earliest start lies on the next day.
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule="self.matches('^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$')",message="write a local time as HH:MM from 00:00 to 24:00, in quotes"
	LatestEnd string `json:"latestEnd"`

	// Number of runs in each window; 1 if left out.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=24
	// +optional
	RunsPerDay *int32 `json:"runsPerDay,omitempty"`

	// Days on which its window begins. All if left out.
	// +kubebuilder:validation:Enum=All;Weekdays;Weekends
	// +optional
	Days string `json:"days,omitempty"`
}

// TimeWindow is a part of the day, in local time.
//
// +kubebuilder:validation:XValidation:rule="self.start != self.end",message="start and end of a time window are the same; for a whole day write start: \"00:00\" and end: \"24:00\""
type TimeWindow struct {
	// Days on which it holds. A window that runs over midnight belongs to the day
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
}
