package greenbutton

import (
	"math"
)

// Codes of the ESPI standard (NAESB REQ.21) that matter here.
const (
	uomWattHours = 72
	uomWatts     = 38
	uomJoules    = 31

	flowForward = 1  // from the grid to the premises
	flowNet     = 4  // forward less reverse
	flowReverse = 19 // from the premises to the grid
	flowTotal   = 20 // forward and reverse, added up

	behaviourBulk       = 1 // the value of a register
	behaviourContinuous = 2 // the value of a register
	behaviourCumulated  = 3 // the value of a register
	behaviourSummation  = 9 // the value of a register that counts at some times of use

	commodityElectricity = 1 // metered at the premises
	commodityPrimary     = 2 // electricity, metered at a higher voltage

	qualifierMaximum = 8
	qualifierMinimum = 9

	serviceElectricity = 0

	qualityEstimated    = 8 // from a day like it
	qualityInterpolated = 9
	qualityQuestionable = 10
	qualityProjected    = 12 // a forecast
)

// readingType describes what the numbers of a meter reading mean.
type readingType struct {
	Multiplier     int `xml:"powerOfTenMultiplier"`
	UOM            int `xml:"uom"`
	Flow           int `xml:"flowDirection"`
	Behaviour      int `xml:"accumulationBehaviour"`
	Commodity      int `xml:"commodity"`
	Qualifier      int `xml:"dataQualifier"`
	IntervalLength int `xml:"intervalLength"` // seconds
	TimeOfUse      int `xml:"tou"`
	CriticalPeak   int `xml:"cpp"`
	Tier           int `xml:"consumptionTier"`
	Phase          int `xml:"phase"`
}

// espiUnit is what the values of a ReadingType are.
type espiUnit struct {
	scale   float64 // to kWh, or to kW of power; negative if the values are exports without a sign
	power   bool    // mean power of the interval
	counter bool    // states of a counter
}

// unit is the unit of the values; energy is false if they are no active energy or
// power of electricity.
func (t *readingType) unit() (u espiUnit, energy bool) {
	if t.Commodity > commodityPrimary || t.Qualifier == qualifierMaximum || t.Qualifier == qualifierMinimum {
		return espiUnit{}, false
	}
	u.scale = math.Pow10(t.Multiplier) / 1000
	switch t.UOM {
	case uomWatts:
		u.power = true
		return u, true
	case uomJoules:
		u.scale /= 3600
	case uomWattHours:
	default:
		return espiUnit{}, false
	}
	switch t.Behaviour {
	case behaviourBulk, behaviourContinuous, behaviourCumulated, behaviourSummation:
		u.counter = true
	}
	return u, true
}

// samePart is true of types that measure the same part of a meter's energy: the same
// direction, time of use, tier and phase.
func (t *readingType) samePart(o *readingType) bool {
	return t.direction() == o.direction() && t.TimeOfUse == o.TimeOfUse && t.CriticalPeak == o.CriticalPeak && t.Tier == o.Tier && t.Phase == o.Phase
}

// direction is the flow direction; types that leave it out are of consumption.
func (t *readingType) direction() int {
	switch t.Flow {
	case flowNet, flowReverse, flowTotal:
		return t.Flow
	}
	return flowForward
}
