package api

import "time"

// headerAnswer is a decision without its plan, as a client reads it.
type headerAnswer struct {
	ID             string    `json:"id"`
	Meter          *string   `json:"meter"`
	Group          *string   `json:"group"`
	IssuedAt       time.Time `json:"issuedAt"`
	ValidFrom      time.Time `json:"validFrom"`
	ValidTo        time.Time `json:"validTo"`
	ActionableFrom time.Time `json:"actionableFrom"`
	HeldTo         time.Time `json:"heldTo"`
	Supersedes     *string   `json:"supersedes"`

	SupersededSavingEnergy *float32 `json:"supersededSavingEnergy"`
	SupersededSavingDemand *float32 `json:"supersededSavingDemand"`

	Status string `json:"status"`
	Mode   string `json:"mode"`
	Action string `json:"action"`
	Reason string `json:"reason"`
	Title  string `json:"title"`

	KWhShifted     *float32 `json:"kwhShifted"`
	KWReduction    *float32 `json:"kwReduction"`
	PeakBeforeKW   *float32 `json:"peakBeforeKw"`
	PeakAfterKW    *float32 `json:"peakAfterKw"`
	PARBefore      *float32 `json:"parBefore"`
	PARAfter       *float32 `json:"parAfter"`
	CapKW          *float32 `json:"capKw"`
	PriceThreshold *float32 `json:"priceThreshold"`
	SavingP10      *float32 `json:"savingP10"`
	SavingP50      *float32 `json:"savingP50"`
	SavingP90      *float32 `json:"savingP90"`
	SavingEnergy   *float32 `json:"savingEnergy"`
	SavingDemand   *float32 `json:"savingDemand"`
	MonthPeakKW    *float32 `json:"monthPeakKw"`
	Currency       string   `json:"currency"`
	CO2Kg          *float32 `json:"co2Kg"`
	Confidence     *float32 `json:"confidence"`
}

// decisionAnswer is a decision with everything it rests on.
type decisionAnswer struct {
	headerAnswer
	Plan         []PlanPoint    `json:"plan"`
	From         []PlanWindow   `json:"from"`
	To           []PlanWindow   `json:"to"`
	PlanItems    []PlanItem     `json:"planItems"`
	Factors      []Factor       `json:"factors"`
	Binding      []string       `json:"bindingConstraints"`
	Alternatives []Alternative  `json:"alternatives"`
	History      []headerAnswer `json:"history"`
	Realised     *Realised      `json:"realised,omitempty"`
	Inputs       inputsAnswer   `json:"inputs"`
	Provenance   Provenance     `json:"provenance"`
}

// inputsAnswer is what a decision rests on.
type inputsAnswer struct {
	LastReadingAt *time.Time `json:"lastReadingAt"`
	MissingShare  *float32   `json:"missingShare"`
	Stale         bool       `json:"stale"`
}

// stateAnswer is a meter's state with its newest decision.
type stateAnswer struct {
	MeterState
	Decision *headerAnswer `json:"decision"`
}
