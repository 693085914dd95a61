package dsm

// setLimits prepares the groups of the input that have a limit; false if there is none.
func (ws *workspace) setLimits(in *GroupInput, limits map[string]Group) bool {
	ws.limits = ws.limits[:0]
	if len(in.Nested) == 0 {
		ws.addLimit(limits, &NestedGroup{Name: in.Group, End: len(in.Meters), Forecast: in.Forecast, InForce: in.InForce})
	}
	for k := range in.Nested {
		ws.addLimit(limits, &in.Nested[k])
	}
	for i := range ws.meters {
		ws.meters[i].limit, ws.meters[i].cutBy, ws.meters[i].relief = -1, -1, [MaxLevels]float64{}
	}
	for k := len(ws.limits) - 1; k >= 0; k-- { // those above first
		g := &ws.limits[k]
		if g.above >= 0 {
			g.level = ws.limits[g.above].level + 1
		}
		for i := g.first; i < g.end; i++ {
			ws.meters[i].limit = k
		}
	}
	return len(ws.limits) > 0
}

// addLimit adds a group, if it has a limit, behind those below it.
func (ws *workspace) addLimit(limits map[string]Group, n *NestedGroup) {
	limit, limited := limits[n.Name]
	if !limited {
		return
	}
	g := groupPlan{
		name: n.Name, capacity: limit.CapacityKW, exceedance: limit.Exceedance, forecast: n.Forecast, inForce: n.InForce,
		first: n.First, end: n.End, at: len(ws.limits), above: -1,
	}
	for k := len(ws.limits) - 1; k >= 0 && ws.limits[k].first >= g.first && ws.limits[k].end <= g.end; k-- {
		g.below++
		if ws.limits[k].above < 0 {
			ws.limits[k].above = g.at
		}
	}
	ws.limits = append(ws.limits, g)
}

// limitGroup is the group whose limit a meter's plan serves most, or which leaves its
// price shift the least room, where that is not the meter's own group; else "".
func (ws *workspace) limitGroup(d *meterPlan, own string, n int) string {
	if len(ws.limits) < 2 && (len(ws.limits) == 0 || ws.limits[0].name == own) {
		return ""
	}
	by := -1
	switch {
	case d.held.moved(n) > 0:
		by = ws.servedBy(d)
	case d.cut:
		by = d.cutBy
	}
	if by < 0 || ws.limits[by].name == own {
		return ""
	}
	return ws.limits[by].name
}

// servedBy is the limit that asked most of a meter, the lowest of equal ones.
func (ws *workspace) servedBy(d *meterPlan) int {
	by, most := d.limit, 0.0
	for k := d.limit; k >= 0; k = ws.limits[k].above {
		if r := d.relief[ws.limits[k].level]; r > most {
			by, most = k, r
		}
	}
	return by
}

// under are the groups with a limit below another one, lowest first.
func (ws *workspace) under(g *groupPlan) []groupPlan { return ws.limits[g.at-g.below : g.at] }

// fitBelow lowers what the meters of a group may add to an hour, over factor, to what the
// groups below it have room for.
func (ws *workspace) fitBelow(g *groupPlan, t int, factor float64, amounts []float64) {
	below := ws.under(g)
	for k := range below {
		h, sum := &below[k], 0.0
		part := amounts[h.first-g.first : h.end-g.first]
		for _, v := range part {
			sum += v
		}
		if room := max(h.capacity-h.final[t], 0) / factor; sum > room {
			for i := range part {
				part[i] *= room / sum
			}
		}
	}
}

// asks reports whether a group's limit asks anything of a meter.
func (ws *workspace) asks(g *groupPlan, d *meterPlan, n int) bool {
	return d.held.moved(n) > 0 && (len(ws.limits) == 1 || d.relief[g.level] > 0)
}
