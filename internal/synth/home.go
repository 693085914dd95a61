package synth

import "math"

// home is the properties of one household. Shares and sizes are set so that
// a year's consumption without heat pump and car is near 3,500 kWh, as in
// north-western Europe.
type home struct {
	key    uint64 // of its random numbers
	people float64
	area   float64 // m²

	standby, fridge       float64 // kW
	wake, leave           float64 // local hours on a workday
	back, sleep           float64
	away                  bool    // nobody is at home on workdays
	lieIn                 float64 // hours later on free days
	media, light          float64 // kW in use
	cooker                float64 // size of meals, 1 if cooked with electricity
	shower                float64 // kWh a person and day, 0 if heated by gas
	dishwasher, dryer     bool
	heatLoss              float64 // electric kW per K below the set point; 0 if heated by gas
	heatPump              bool
	setPoint              float64 // °C
	cooling               float64 // electric kW per K, 0 if there is none
	car                   car
	panels                float64 // kW of peak power
	facing                int     // of the panels: 0 south, 1 east, 2 west
	tripDay, tripDuration [2]int  // holidays
}

// car is an electric car and its charger.
type car struct {
	power float64 // kW, 0 if there is no car
	need  float64 // kWh on a usual charging day
	every float64 // chance of charging on a day
	timer bool    // charges at night instead of on coming home
}

// newHome draws the properties of household i.
func newHome(seed uint64, i int) home {
	r := newRandom(seed, uint64(i), 0x686f6d65)
	h := home{key: r.next()}
	h.people = peopleOf(r.uniform())
	h.area = (38 + 20*h.people) * r.lognormal(0.25)
	h.standby = r.between(0.05, 0.14) * r.lognormal(0.3)
	h.fridge = r.between(0.035, 0.085)
	h.away = r.chance(0.33)
	h.wake = 6.9 + 0.8*r.normal()
	h.leave = h.wake + r.between(0.9, 1.8)
	h.back = 17.1 + 1.4*r.normal()
	h.sleep = 23 + 0.8*r.normal()
	h.lieIn = r.between(0.3, 2)
	h.media = (0.05 + 0.035*h.people) * r.lognormal(0.4)
	h.light = (0.03 + 0.0008*h.area) * r.lognormal(0.3)
	h.cooker = r.between(0.2, 0.4)
	if r.chance(0.6) {
		h.cooker = 1
	}
	if r.chance(0.35) {
		h.shower = r.between(0.5, 1.1)
	}
	h.dishwasher, h.dryer = r.chance(0.5), r.chance(0.45)
	h.heating(&r)
	h.transportAndSun(&r)
	for t := range h.tripDay {
		h.tripDay[t] = int(r.between(0, 350))
		if t == 0 { // the long one is in summer
			h.tripDay[t] = int(r.between(180, 235))
		}
		h.tripDuration[t] = int(r.between(0, 12))
	}
	return h
}

func peopleOf(u float64) float64 {
	shares := []float64{0.30, 0.64, 0.80, 0.94}
	for n, s := range shares {
		if u < s {
			return float64(n + 1)
		}
	}
	return 5
}

func (h *home) heating(r *random) {
	h.setPoint = 16.5 + 1.2*r.normal() // outdoor temperature at which no heating is needed
	switch u := r.uniform(); {
	case u < 0.12:
		h.heatPump = true
		h.heatLoss = 0.0024 * h.area * r.lognormal(0.25)
	case u < 0.20: // electric heaters are in small flats
		h.area *= 0.6
		h.heatLoss = 0.0013 * h.area * r.lognormal(0.25)
	default:
		r.lognormal(0.25)
	}
	if r.chance(0.12) {
		h.cooling = r.between(0.06, 0.14)
	}
}

func (h *home) transportAndSun(r *random) {
	power := []float64{3.6, 7.2, 7.2, 11}[int(r.between(0, 4))]
	need, every, timer := r.between(6, 16), r.between(0.3, 0.8), r.chance(0.55)
	if r.chance(0.15) {
		h.car = car{power: power, need: need, every: every, timer: timer}
	}
	size, facing := r.between(2, 5.5), r.uniform()
	if !r.chance(0.12) {
		return
	}
	h.panels = size
	switch {
	case facing < 0.2:
		h.facing = 1
	case facing < 0.4:
		h.facing = 2
	}
}

// onTrip is true on days when everyone is away.
func (h *home) onTrip(day int) bool {
	for t, start := range h.tripDay {
		if day >= start && day < start+h.tripDuration[t] {
			return true
		}
	}
	return false
}

// heat is the electricity for heating in an hour, in kWh.
func (h *home) heat(s sky, night bool) float64 {
	want := h.setPoint
	if night {
		want -= 2
	}
	// Walls follow slowly, draughts at once.
	cold := want - 0.7*s.walls - 0.3*s.outdoor
	if cold <= 0 || h.heatLoss == 0 {
		return 0
	}
	if h.heatPump {
		return h.heatLoss * cold / min(4.2, max(1.8, 2.7+0.08*s.outdoor))
	}
	return h.heatLoss * cold
}

// sun is the electricity from the panels in an hour, in kWh.
func (h *home) sun(s sky) float64 {
	switch h.facing {
	case 1:
		return h.panels * s.east
	case 2:
		return h.panels * s.west
	}
	return h.panels * s.sun
}

// round keeps whole watt-hours, as meters do.
func round(kWh float64) float32 { return float32(math.Round(kWh*1000) / 1000) }
