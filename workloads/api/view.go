package api

import "time"

// Twin is what this twin is, and how far it is.
type Twin struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Timezone  string `json:"timezone" doc:"IANA zone of calendars, tariffs and issue times"`
	SpecHash  string `json:"specHash" doc:"Hash of everything that decides rows: same hash, same forecasts and decisions"`
	Version   string `json:"version" doc:"Version of this process"`
	Image     string `json:"image,omitempty"`

	Mode     string  `json:"mode" enum:"Replay,Loop,Live,Off" doc:"Where readings come from: a dataset replayed once or again and again, the dataset's year shifted to today, or from outside"`
	Speed    float64 `json:"speed" doc:"Simulated seconds per second; 0 is as fast as possible"`
	Policy   string  `json:"policy" enum:"Off,Shadow,Advisory" doc:"What becomes of decisions"`
	IssueAt  string  `json:"issueAt" example:"00:00" doc:"Local time at which day-ahead forecasts are issued"`
	PlansAt  string  `json:"plansAt" example:"18:00" doc:"Local time at which plans are issued: for the local day that begins the lead time later"`
	Currency string  `json:"currency" example:"GBP" doc:"ISO 4217 code of prices and savings"`

	SimulatedAt *time.Time `json:"simulatedAt" doc:"The twin's now: the hour up to which all partitions are complete; null before the first reading"`
	Progress    *float64   `json:"progress" minimum:"0" maximum:"1" doc:"Share of the dataset's hours that have passed, 1 after its last reading; null where there is no fixed window"`
	Freshness   Freshness  `json:"freshness"`
	Counts      Counts     `json:"counts"`
	Meters      int64      `json:"meters"`
	Groups      int64      `json:"groups"`

	ForecastPeakKW *float64   `json:"forecastPeakKw" doc:"Greatest median hour still to come of the forecast of the whole twin; null while there is none"`
	ForecastPeakAt *time.Time `json:"forecastPeakAt"`

	GrafanaURL string `json:"grafanaUrl,omitempty"`
}

// Freshness is how recent the newest data is.
type Freshness struct {
	Status          string     `json:"status" enum:"empty,fresh,stale" doc:"Stale: nothing was written for 5 minutes of wall-clock time"`
	NewestReadingAt *time.Time `json:"newestReadingAt" doc:"Start of the newest hour with a reading"`
	WrittenAt       *time.Time `json:"writtenAt" doc:"Wall-clock time of the last write"`
}

// Counts are totals since the twin was made.
type Counts struct {
	Messages    int64 `json:"messages" doc:"Taken from the stream"`
	Stored      int64 `json:"stored" doc:"Readings stored, warm-up included"`
	Quarantined int64 `json:"quarantined" doc:"Rejected messages"`
	Duplicates  int64 `json:"duplicates" doc:"Same hour, same value"`
	Corrections int64 `json:"corrections" doc:"Same hour, other value"`
	Late        int64 `json:"late" doc:"Readings of hours that had passed already"`
	Suspect     int64 `json:"suspect" doc:"Readings that were judged suspect: stored, shown, and used for nothing"`
	Confirmed   int64 `json:"confirmed" doc:"Of those, readings that later ones made plausible"`
	Forecasts   int64 `json:"forecasts"`
	Decisions   int64 `json:"decisions"`
}

// Meter is a meter and the newest that is known of it.
type Meter struct {
	ID            string     `json:"id"`
	Group         *string    `json:"group"`
	Status        string     `json:"status" enum:"ok,gap,stale,suspect" doc:"ok: has all of the last 24 hours that are over; gap: some of them are missing; stale: nothing for longer than the policy's freshness, or ever; suspect: a reading of the last 24 hours does not fit what the meter has measured before"`
	LastReadingAt *time.Time `json:"lastReadingAt" doc:"Start of the newest hour with a reading"`
	LastKWh       *float32   `json:"lastKwh"`
	MissingHours  int        `json:"missingHours" doc:"Of the last 24 that are over; an hour with a suspect reading is missing"`
	SuspectHours  int        `json:"suspectHours" doc:"Of the last 24, those with a suspect reading"`
	Readings      int64      `json:"readings" doc:"Readings stored, warm-up included"`

	Last24h []*float32 `json:"last24hKwh,omitempty" nullable:"false" doc:"Load of each of the 24 hours up to the newest that is complete, the oldest first; null where a reading is missing or suspect. Only of a list that was asked for it with last24h"`
}

// MeterState is what was known of a meter at one time.
type MeterState struct {
	ID       string          `json:"id"`
	Group    *string         `json:"group"`
	Reading  *Reading        `json:"reading,omitempty" doc:"Newest reading of the 7 days before meta.asOf; absent if there is none"`
	Last24h  []*float32      `json:"last24hKwh" nullable:"false" doc:"The 24 hours before meta.asOf, oldest first"`
	Forecast *Forecast       `json:"forecast,omitempty" doc:"Newest forecast of the 8 days before; absent if there is none"`
	Decision *DecisionHeader `json:"decision,omitempty" doc:"Decision for the day, else the newest of the 8 days before; absent if there is none"`
}

// Reading is the energy of one hour.
type Reading struct {
	At  time.Time `json:"at" doc:"Start of the hour"`
	KWh float32   `json:"kwh"`
}

// Series is one line of a chart.
type Series struct {
	Key     string    `json:"key" doc:"Meter, group, or total"`
	Points  []Point   `json:"points" nullable:"false"`
	Suspect []Reading `json:"suspect,omitempty" doc:"Of a meter: its suspect readings in the range, at most 1,000. They are gaps in points"`
}

// Point is one bucket of a series.
type Point struct {
	At    time.Time `json:"at" doc:"Start of the bucket"`
	KWh   *float64  `json:"kwh" doc:"agg=sum: energy of the bucket; mean, min, max: energy of an hour of the bucket. Null for a gap"`
	Hours int       `json:"hours" doc:"Hours of the bucket that have a value"`

	Partial bool `json:"partial,omitempty" doc:"The bucket has hours without a value, or hours outside the range: it is no whole day, week or month. Left out where it is whole"`
}

// Forecast is one forecast of one meter.
type Forecast struct {
	IssuedAt time.Time       `json:"issuedAt" doc:"It rests on hours before this one only"`
	DayAhead bool            `json:"dayAhead" doc:"Issued at the issue time of the twin. False for one that was issued again within the day, or for the plans of the next"`
	Model    string          `json:"model"`
	Points   []ForecastPoint `json:"points" nullable:"false"`
}

// ForecastPoint is one hour of a forecast.
type ForecastPoint struct {
	At  time.Time `json:"at" doc:"Start of the hour"`
	P10 *float32  `json:"p10Kwh" doc:"Exceeded in 9 of 10 cases"`
	P50 *float32  `json:"p50Kwh" doc:"Median"`
	P90 *float32  `json:"p90Kwh" doc:"Exceeded in 1 of 10 cases"`
}

// GroupForecast is a forecast of the load of a group as a whole.
type GroupForecast struct {
	IssuedAt   time.Time            `json:"issuedAt" doc:"It rests on hours before this one only"`
	DayAhead   bool                 `json:"dayAhead" doc:"Issued at the issue time of the twin. False for one that was issued again within the day, or for the plans of the next"`
	Model      string               `json:"model"`
	CapacityKW *float32             `json:"capacityKw" doc:"Limit of the group when the forecast was issued; null without one"`
	Points     []GroupForecastPoint `json:"points" nullable:"false"`
}

// GroupForecastPoint is one hour of a forecast of a group.
type GroupForecastPoint struct {
	ForecastPoint
	ExceedBefore *float32 `json:"exceedanceBefore" doc:"Probability that the hour exceeds the limit without the plans of the meters, 0 to 1; null without a limit"`
	ExceedAfter  *float32 `json:"exceedanceAfter" doc:"Likewise with the plans that were made by then"`
	ExcessBefore *float32 `json:"excessBeforeKwh" doc:"Energy expected above the limit without the plans; null without a limit"`
	ExcessAfter  *float32 `json:"excessAfterKwh" doc:"Likewise with the plans"`
}

// Group is a feeder or community of meters.
type Group struct {
	ID             string     `json:"id"`
	Parent         *string    `json:"parent" doc:"The group above it; null if there is none"`
	Children       []string   `json:"children" nullable:"false" doc:"The groups right below it, by name"`
	Meters         int        `json:"meters" doc:"In it and in the groups below it"`
	CapacityKW     *float64   `json:"capacityKw" doc:"Null if it has no limit"`
	LastAt         *time.Time `json:"lastAt" doc:"Start of the newest hour with load"`
	LastKWh        *float64   `json:"lastKwh" doc:"Energy of that hour; its mean power in kW is the same number"`
	Utilisation    *float64   `json:"utilisation" doc:"Load over capacity in that hour; null without a limit"`
	ForecastPeakKW *float64   `json:"forecastPeakKw" doc:"Greatest median hour of the forecast that is in force"`
	ForecastPeakAt *time.Time `json:"forecastPeakAt"`
	LimitRisk      *LimitRisk `json:"limitRisk,omitempty" doc:"How likely the limit is exceeded in the coming hours of the newest forecast; left out without a limit or a forecast"`
}

// LimitRisk is the coming hour in which a group is most likely to exceed its limit.
type LimitRisk struct {
	At        time.Time `json:"at" doc:"Start of the hour that is most likely with the plans of the meters"`
	With      float64   `json:"exceedanceAfter" minimum:"0" maximum:"1" doc:"Probability that this hour exceeds the limit, with the plans"`
	Excess    float64   `json:"excessAfterKwh" doc:"Energy expected above the limit in this hour, with the plans"`
	Without   float64   `json:"exceedanceBefore" minimum:"0" maximum:"1" doc:"Probability of the hour that is most likely without the plans"`
	Tolerated float64   `json:"tolerated" doc:"Probability above which the limit is at risk: exceedance of the group in the policy"`
	AtRisk    bool      `json:"atRisk" doc:"exceedanceAfter is above tolerated"`
}

// Load is the load of a group or of the whole twin, with its forecast.
type Load struct {
	ID               string      `json:"id" doc:"Group, or total"`
	CapacityKW       *float64    `json:"capacityKw"`
	Points           []LoadPoint `json:"points" nullable:"false"`
	Breaches         int         `json:"breaches" doc:"Measured hours above the capacity"`
	ForecastBreaches int         `json:"forecastBreaches" doc:"Hours still to come whose median is above the capacity"`
	PeakKW           *float64    `json:"peakKw" doc:"Greatest measured hour"`
	PeakAt           *time.Time  `json:"peakAt"`
	HeadroomKW       *float64    `json:"headroomKw" doc:"Capacity less the greatest median hour still to come; negative if it does not suffice"`
}

// KPIs are key figures of the twin, a group or a meter.
type KPIs struct {
	Scope    string      `json:"scope" enum:"twin,group,meter"`
	ID       string      `json:"id" doc:"Group or meter; total for the whole twin"`
	Currency string      `json:"currency" doc:"ISO 4217 code of costs and savings"`
	Periods  []KPIPeriod `json:"periods" nullable:"false" doc:"In order of time"`

	Feedback *FeedbackFigures `json:"feedback,omitempty" doc:"What people answered to the decisions whose first hour lies in the range"`
}

// KPIPeriod is a period with its key figures.
type KPIPeriod struct {
	From  time.Time `json:"from" doc:"Start of the first hour"`
	To    time.Time `json:"to" doc:"Exclusive"`
	Hours int       `json:"hours" doc:"Hours with a measurement: what the figures of load, cost and emissions rest on"`

	Partial bool `json:"partial" doc:"Hours of the day, the month or the range have no measurement, or lie outside the range"`

	KWh           *float64   `json:"kwh" doc:"Drawn less fed in"`
	FedIn         *float64   `json:"fedInKwh" doc:"What meters fed in, 0 or more; null where some of it was stored before it was counted"`
	PeakKW        *float64   `json:"peakKw" doc:"Highest hour, of a group or the twin that of the sum"`
	PeakAt        *time.Time `json:"peakAt" doc:"Start of that hour"`
	PeakToAverage *float64   `json:"peakToAverage" doc:"Highest hour over the mean hour; null if no more is drawn than fed in"`
	LoadFactor    *float64   `json:"loadFactor" doc:"Mean hour over the highest; null if no more is drawn than fed in"`

	Cost       *float64 `json:"cost" doc:"What the energy cost: what meters drew at the tariff's price, less what they fed in at its export price, hour by hour and each meter on its own; without a demand charge. Null where fedInKwh is, or where the prices cannot be read here"`
	DemandCost *float64 `json:"demandCost" doc:"Of one meter: the demand charge for the highest hour of each calendar month, as far as the month lies in the period. A charge is a meter's and a month's, so null for a group, the twin and a day; null without a charge"`
	CO2Kg      *float64 `json:"co2Kg" doc:"Emissions of the hours with a known carbon intensity; null if there are none"`
	CO2Hours   int      `json:"co2Hours" doc:"How many of the hours these are"`

	Days        int64 `json:"days" doc:"Days with plans for meters whose hours begin in the period and have passed"`
	SettledDays int64 `json:"settledDays" doc:"Of these, days whose plans are all settled: the sums below hold settled plans alone"`

	Decisions    int64    `json:"decisions" doc:"Settled plans of which the saving could be computed"`
	KWhShifted   *float64 `json:"kwhShifted" doc:"What these plans took away from some hours; null without plans"`
	Promised     *Saving  `json:"promised" doc:"What these plans were expected to save when they were issued: savingEnergy and savingDemand, added up; null without plans"`
	Realised     *Saving  `json:"realised" doc:"What these plans saved, see a decision's realised; null without plans"`
	Method       *string  `json:"realisedMethod" enum:"simulated,estimated,mixed" doc:"simulated: nobody followed the plans, so realised is what they would have saved; estimated: they may have been followed, so it is measured against the forecast; null without plans"`
	SavedShare   *float64 `json:"savedShare" doc:"realised.energy over what the energy of the hours of these plans cost without them, of all meters looked at; null where that is not known or not above 0, and where a plan reaches beyond the period"`
	CO2Avoided   *float64 `json:"co2AvoidedKg" doc:"Emissions that these plans avoided, of those plans of which that is known; null if there are none"`
	CO2Decisions int64    `json:"co2Decisions" doc:"How many of the plans these are"`
}

// Saving is what plans save, in the currency, on energy and on demand charges apart.
type Saving struct {
	Energy *float64 `json:"energy" doc:"On the kWh, by price and hour"`
	Demand *float64 `json:"demand" doc:"On the demand charges of the meters' months; 0 without a charge, null where it is not known"`
}

// LoadPoint is one hour of load.
type LoadPoint struct {
	At      time.Time `json:"at" doc:"Start of the hour"`
	Actual  *float64  `json:"actualKwh" doc:"Measured; null for hours without readings or still to come"`
	Meters  int64     `json:"meters" doc:"Meters that reported the hour"`
	P10     *float64  `json:"p10Kwh" doc:"Of a group: of the forecast of its load as a whole. Of the twin: the sum over meters, an interval that covers more than 80 % of the hours"`
	P50     *float64  `json:"p50Kwh"`
	P90     *float64  `json:"p90Kwh"`
	P50Sum  *float64  `json:"p50SumKwh" doc:"Sum of the medians of the meters. It differs from p50Kwh, which is of the group or the twin as a whole: a sum of medians is no median of the sum, and lies below it where loads have seldom, high peaks"`
	Planned *float64  `json:"plannedKwh" doc:"Median with the plans of the decisions in force followed"`
}

// Decision is a decision with everything it rests on.
type Decision struct {
	DecisionHeader
	DecisionDetail
}

// DecisionDetail is what a decision shows beside its header.
type DecisionDetail struct {
	Plan         []PlanPoint      `json:"plan" nullable:"false" doc:"Empty if the action is none"`
	From         []PlanWindow     `json:"from" nullable:"false" doc:"Where load is taken away"`
	To           []PlanWindow     `json:"to" nullable:"false" doc:"Where load is added"`
	PlanItems    []PlanItem       `json:"planItems" nullable:"false" doc:"With devices behind the meter: what each device contributes to the plan"`
	Factors      []Factor         `json:"factors" nullable:"false" doc:"What weighed in it"`
	Binding      []string         `json:"bindingConstraints" nullable:"false" doc:"Limits that held the plan back"`
	Alternatives []Alternative    `json:"alternatives" nullable:"false" doc:"Plans that were weighed and rejected"`
	History      []DecisionHeader `json:"history" nullable:"false" doc:"All decisions about the meter or group and the day, newest first: the first one is in force, each other was superseded by the one before it"`
	Contributors *Contributors    `json:"contributors,omitempty" doc:"Of a decision about a group that acts: who moves load for its limit; left out of others"`
	Realised     *Realised        `json:"realised,omitempty" doc:"The outcome; left out while its hours have not passed, or it has not been computed"`
	Feedback     []Feedback       `json:"feedbackHistory" nullable:"false" doc:"What people answered, newest first"`
	Inputs       Inputs           `json:"inputs"`
	Provenance   Provenance       `json:"provenance"`
}

// Contributors are the meters whose plans hold the limit of a group.
type Contributors struct {
	Meters     int           `json:"meters" doc:"That move load for the limit"`
	KWh        *float32      `json:"kwh" doc:"What they move for it together"`
	Top        []Contributor `json:"top" nullable:"false" doc:"Those that move most, at most 10, the greatest first"`
	RestMeters int           `json:"restMeters" doc:"The others"`
	RestKWh    *float32      `json:"restKwh" doc:"What these move together"`
}

// Contributor is one of them.
type Contributor struct {
	Meter string   `json:"meter"`
	KWh   *float32 `json:"kwh"`
}

// PlanPoint is one hour of a plan.
type PlanPoint struct {
	At  time.Time `json:"at"`
	KWh *float32  `json:"kwh" doc:"Change of load: negative where load is taken away"`
}

// PlanItem is what one device, or moved load, contributes to a plan.
type PlanItem struct {
	Action      string      `json:"action" doc:"What it does, such as battery"`
	Saving      *float32    `json:"saving" doc:"On the mean scenario of the day, in the currency"`
	Plan        []PlanPoint `json:"plan" nullable:"false" doc:"Change of load; of a car against charging as soon as it may"`
	StoredValue []*float32  `json:"storedValue" nullable:"false" doc:"Of a battery: what a stored kWh is worth at the end of each hour, in the currency"`
}

// PlanWindow is a run of neighbouring hours that a plan changes the same way.
type PlanWindow struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to" doc:"Exclusive"`
	KWh  float32   `json:"kwh" doc:"Energy taken away or added, positive"`
}

// Factor is something that weighed in a decision.
type Factor struct {
	Name  string   `json:"name"`
	Value *float32 `json:"value"`
	Unit  string   `json:"unit"`
}

// Alternative is a plan that was rejected.
type Alternative struct {
	Action string   `json:"action"`
	Reason string   `json:"reason" doc:"Why it was rejected"`
	Saving *float32 `json:"savingDifference" doc:"Its saving less that of the plan chosen, in the currency"`
}

// Realised is the outcome of a decision.
type Realised struct {
	Method       string   `json:"method" enum:"simulated,estimated" doc:"simulated: on measurements in which nobody followed it; estimated: against the forecast as it stood at issue"`
	SavingEnergy *float32 `json:"savingEnergy" doc:"In the currency; null where no hour counts"`
	SavingDemand *float32 `json:"savingDemand" doc:"On the demand charge of the month, beside the plans before it, in the currency: these add up over the plans of a month. Null where the month's highest hour before the plan is not known"`
	KWhShifted   *float32 `json:"kwhShifted"`
	KWReduction  *float32 `json:"kwReduction"`
	CO2Kg        *float32 `json:"co2Kg"`
}

// Provenance is what a decision was made by.
type Provenance struct {
	Model        string `json:"model"`
	ModelVersion string `json:"modelVersion"`
	Image        string `json:"image"`
	SpecHash     string `json:"specHash"`
	DatasetSHA   string `json:"datasetSha"`
	Tariff       string `json:"tariff"`
	Origin       string `json:"origin" doc:"What the state was made from: stream, checkpoint or database"`
	Mode         string `json:"mode" enum:"Advisory,Shadow" doc:"Of the policy when the decision was made"`

	Series int64 `json:"seriesRevision" doc:"Of the series that were sent to the API; 0 for none"`
}

// Explanation is a decision in plain words.
type Explanation struct {
	ID           string   `json:"id" format:"uuid"`
	Title        string   `json:"title" doc:"What to do, in at most 60 characters, without money"`
	Instruction  string   `json:"instruction" doc:"One sentence: what, when and how much"`
	Why          []string `json:"why" nullable:"false" doc:"Sentences: what the decision is for"`
	Worth        []string `json:"worth" nullable:"false" doc:"Sentences: the saving and how sure it is, the highest hour, and CO2"`
	Factors      []Remark `json:"factors" nullable:"false" doc:"What weighed in it"`
	Constraints  []Remark `json:"constraints" nullable:"false" doc:"What held the plan back"`
	Alternatives []Remark `json:"alternatives" nullable:"false" doc:"What was rejected, and why"`
}

// Remark is a sentence with the code that it puts into words.
type Remark struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Quality is what was rejected, and why.
type Quality struct {
	Counts   Counts        `json:"counts"`
	ByReason []ReasonCount `json:"byReason" nullable:"false"`
	Messages []Quarantined `json:"messages" nullable:"false" doc:"Newest first"`

	Suspects []SuspectMeter `json:"suspects" nullable:"false" doc:"Meters with suspect readings in the last 7 days, those with most first; at most 100"`

	Dataset *DatasetQuality `json:"dataset" doc:"Null while no file of readings has been read"`
}

// DatasetQuality is how the file of readings was read, and what of it was rejected.
type DatasetQuality struct {
	ValuesRead       int64         `json:"valuesRead" doc:"In the file's own intervals"`
	RejectedRows     int64         `json:"rejectedRows"`
	ByReason         []ReasonCount `json:"byReason" nullable:"false" doc:"Of the rejected rows, most frequent first"`
	Rows             []RejectedRow `json:"rows" nullable:"false" doc:"The first 100 rejected rows"`
	Missing          int64         `json:"missing" doc:"Values that the file marks as missing"`
	Estimated        int64         `json:"estimated" doc:"Values that the file marks as estimated, and hours of counters that are completed at their ends; they are used"`
	Skipped          int64         `json:"skipped" doc:"Values that are no electrical energy, and rows of a footer"`
	IncompleteHours  int64         `json:"incompleteHours" doc:"Left out: a sub-hour reading is missing"`
	OverlappingHours int64         `json:"overlappingHours" doc:"Left out: intervals overlap"`
	CounterResets    int64         `json:"counterResets" doc:"Steps of counters whose energy is not known"`
	Findings         []string      `json:"findings" nullable:"false" doc:"Which layout the file has, what is a guess and how it is changed, and what looks wrong"`
}

// RejectedRow is a row of the file, or one value of it, that cannot be used.
type RejectedRow struct {
	Line   int64  `json:"line" doc:"Of the unpacked file, from 1"`
	Column string `json:"column" doc:"Empty for the whole line"`
	Reason string `json:"reason" example:"the value is not a number"`
	Text   string `json:"text" doc:"The start of the line"`
}

// SuspectMeter is a meter with readings that do not fit what it has measured before.
type SuspectMeter struct {
	Meter    string  `json:"meter"`
	Readings int     `json:"readings" doc:"Suspect ones of the last 7 days"`
	Newest   Reading `json:"newest" doc:"The newest of them"`
}

// ReasonCount is how many messages were rejected for one reason.
type ReasonCount struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Quarantined is a rejected message.
type Quarantined struct {
	Partition int       `json:"partition"`
	Offset    int64     `json:"offset"`
	Reason    string    `json:"reason" example:"bad_timestamp"`
	Detail    string    `json:"detail"`
	Key       string    `json:"key" doc:"Bytes that are not UTF-8 are shown as �"`
	Value     string    `json:"value" doc:"The first 2,000 bytes; bytes that are not UTF-8 are shown as �"`
	KnownAt   time.Time `json:"knownAt" doc:"Wall-clock time at which it was met"`
}
