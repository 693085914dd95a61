package synth

// habits is what people of a household do on one day, by the local clock.
type habits struct {
	awake [24]float64 // share of the hour in which someone is at home and awake
	use   [24]float64 // kWh of appliances that are used on purpose
	level float64     // how much this day is above or below the usual
}

// day fills in the household's energy for each hour of a day.
func (h *home) day(d localDay, sky []sky, kWh *[maxDayHours]float32) {
	r := newRandom(h.key, uint64(d.index))
	trip := h.onTrip(d.index)
	var hab habits
	hab.level = r.lognormal(0.25)
	if !trip {
		h.presence(&r, d.workday(), &hab)
		h.meals(&r, d.workday(), &hab)
		h.laundry(&r, d.workday(), &hab)
	}
	h.charge(d.index, trip, &hab)
	for i, clock := range d.clock {
		s := sky[i]
		awake := hab.awake[clock]
		base := h.standby + h.fridge*(1+0.02*(s.outdoor-12))
		used := awake * hab.level * (h.light*s.dark + h.media)
		if r.chance(0.4 * awake) { // kettle, hair dryer, tools: now and then
			used += r.between(0.05, 0.55)
		}
		night := clock < 6 || clock >= 23 || trip
		load := base*(1+0.08*r.normal()) + used*r.lognormal(0.4) + hab.use[clock] + h.heat(s, night)*(1+0.1*r.normal())
		if warm := s.outdoor - 23; warm > 0 && h.cooling > 0 {
			load += h.cooling * warm * (0.2 + 0.8*awake)
		}
		if h.panels > 0 {
			load -= h.sun(s)
		}
		kWh[i] = round(load)
	}
}

// presence draws when people are at home and awake.
func (h *home) presence(r *random, workday bool, hab *habits) {
	wake, sleep := h.wake+0.35*r.normal(), h.sleep+0.5*r.normal()
	leave, back := h.leave+0.3*r.normal(), h.back+0.8*r.normal()
	staying := 0.0 // share of the people
	switch {
	case !workday:
		wake += h.lieIn
		leave, back = r.between(10, 14), r.between(13, 18)
		staying = 0.6
	case !h.away:
		staying = 0.75
	}
	for c := range hab.awake {
		up := overlap(c, wake, sleep) + overlap(c, wake-24, sleep-24)
		out := overlap(c, leave, back)
		hab.awake[c] = max(0, up-out*(1-staying))
	}
}

// overlap is the share of the hour c that lies between two times.
func overlap(c int, from, to float64) float64 {
	return max(0, min(float64(c+1), to)-max(float64(c), from))
}

// put adds energy over some hours from a time on, within the day.
func (hab *habits) put(at, hours, kWh float64) {
	at = min(max(0, at), 24-hours)
	for c := int(at); c < 24 && float64(c) < at+hours; c++ {
		hab.use[c] += kWh / hours * overlap(c, at, at+hours)
	}
}

// meals draws breakfast, lunch and dinner, and the showers.
func (h *home) meals(r *random, workday bool, hab *habits) {
	size := h.cooker * (0.55 + 0.18*h.people)
	late := 0.0
	if !workday {
		late = h.lieIn
	}
	if r.chance(0.85) {
		hab.put(h.wake+late+r.between(0.1, 0.8), 0.5, r.between(0.1, 0.3)*(0.6+0.4*size))
	}
	if lunch := r.between(11.8, 13.5); r.chance(0.7) && hab.awake[int(lunch)] > 0.4 {
		hab.put(lunch, 0.7, size*r.between(0.2, 0.6))
	}
	dinner := max(h.back+r.between(0.2, 2), 17)
	if r.chance(0.88) {
		hab.put(dinner, 0.9, size*r.between(0.3, 1.1))
	}
	if h.dishwasher && r.chance(0.3+0.1*h.people) {
		hab.put(dinner+r.between(1, 2.5), 1.5, r.between(0.7, 1.1))
	}
	if h.shower == 0 {
		return
	}
	for range int(h.people) {
		at := h.wake + late + r.between(0, 0.8)
		if r.chance(0.35) {
			at = h.sleep - r.between(0.5, 2.5)
		}
		if r.chance(0.85) {
			hab.put(at, 0.3, h.shower*r.between(0.7, 1.3))
		}
	}
}

// laundry draws the washing machine, the dryer and what else is plugged in.
func (h *home) laundry(r *random, workday bool, hab *habits) {
	chance := 0.10 + 0.09*h.people
	if !workday {
		chance *= 1.6
	}
	at := r.between(9, 20)
	if workday && h.away {
		at = h.back + r.between(0.2, 2.5)
	}
	if r.chance(chance) {
		hab.put(at, 1.5, r.between(0.5, 1.0))
		if h.dryer && r.chance(0.6) {
			hab.put(at+1.5, 1.5, r.between(1.3, 2.4))
		}
	}
	for range 2 { // vacuum cleaner, iron, kettle, tools
		if at := r.between(7, 22); hab.awake[int(at)] > 0.5 && r.chance(0.7) {
			hab.put(at, 0.4, r.between(0.05, 0.5))
		}
	}
}

// charge adds the car. Charging goes on past midnight, so the evening before
// counts too; it has random numbers of its own to be drawn again.
func (h *home) charge(day int, trip bool, hab *habits) {
	if h.car.power == 0 {
		return
	}
	for evening := day - 1; evening <= day; evening++ {
		r := newRandom(h.key, uint64(int64(evening)), 0x636172)
		if !r.chance(h.car.every) || (trip && h.onTrip(evening)) {
			continue
		}
		need := min(60, h.car.need*r.lognormal(0.45))
		start := h.back + r.between(0, 1.5)
		if h.car.timer {
			start = 24.5 + r.between(0, 0.25)
		}
		start += float64(24 * (evening - day))
		for c := range hab.use {
			hab.use[c] += h.car.power * overlap(c, start, start+need/h.car.power)
		}
	}
}
