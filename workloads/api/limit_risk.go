package api

import (
	"context"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// limitRisk is how the load of a group compares with its limit in the hours ahead.
type limitRisk struct {
	group     string
	tolerated float64 // probability of an hour up to which the limit is not at risk
	without   hoursRisk
	with      hoursRisk // the plans of the meters
	worst     config.RiskFigures
}

// hoursRisk is a limit's risk over several hours.
type hoursRisk struct {
	probability float64 // of the hour that is most likely to exceed it
	excess      float64 // energy expected above it in all hours, kWh
}

// meanDay is the probability with which the median of an hour is exceeded: what a limit
// tolerates that is held for the mean day.
const meanDay = 0.5

// limitRisks are those of the groups with a limit and a forecast, for the hours of the
// newest forecast from the watermark on.
func (s *server) limitRisks(ctx context.Context, watermark meter.Hour) ([]limitRisk, error) {
	if watermark == meter.NoHour || len(s.twin.Processor.Policy.Groups) == 0 {
		return nil, nil
	}
	names, err := s.db.GroupNames(ctx)
	if err != nil {
		return nil, err
	}
	forecasts, err := s.db.NewestGroupForecasts(ctx, watermark-horizon, watermark)
	if err != nil {
		return nil, err
	}
	var risks []limitRisk
	for i := range forecasts {
		f := &forecasts[i]
		limit := s.limitOf(names[f.GroupNo])
		if limit == nil || f.Limit == nil {
			continue
		}
		risk := limitRisk{group: limit.Name, tolerated: limit.Exceedance}
		if limit.Exceedance == 0 {
			risk.tolerated = meanDay
		}
		if risk.add(f, watermark) {
			risks = append(risks, risk)
		}
	}
	slices.SortFunc(risks, func(a, b limitRisk) int { return strings.Compare(a.group, b.group) })
	return risks, nil
}

// limitOf is the group of the policy with a name and a limit; nil if there is none.
func (s *server) limitOf(group string) *dsm.Group {
	groups := s.twin.Processor.Policy.Groups
	for i := range groups {
		if groups[i].Name == group && groups[i].CapacityKW > 0 {
			return &groups[i]
		}
	}
	return nil
}

// add adds the hours of a forecast from the watermark on, and reports whether there are any.
func (r *limitRisk) add(f *twin.GroupForecast, watermark meter.Hour) (found bool) {
	l := f.Limit
	for i := max(int(watermark-f.IssuedAt), 0); i < len(l.ProbabilityAfter); i++ {
		before, after := float64(l.ProbabilityBefore[i]), float64(l.ProbabilityAfter[i])
		if after != after {
			continue
		}
		excess := float64(l.ExcessAfter[i])
		r.without.add(before, float64(l.ExcessBefore[i]))
		r.with.add(after, excess)
		if !found || after > r.worst.Probability || after == r.worst.Probability && excess > r.worst.ExcessKWh {
			r.worst = config.RiskFigures{
				Group: r.group, CapacityKW: rounded(float64(l.CapacityKW)), At: (f.IssuedAt + meter.Hour(i)).Time(), Probability: after, ExcessKWh: excess,
			}
		}
		found = true
	}
	return found
}

// atRisk reports whether some hour is more likely to exceed the limit than is tolerated.
func (r *limitRisk) atRisk() bool { return r.worst.Probability > r.tolerated }

func (r *hoursRisk) add(probability, excess float64) {
	r.probability = max(r.probability, probability)
	r.excess += excess
}

// mostAtRisk is, of the limits at risk, the one that is most likely to be exceeded in some
// hour, of equal ones the one with the greatest excess; nil if none is at risk.
func mostAtRisk(risks []limitRisk) *config.RiskFigures {
	var most *config.RiskFigures
	for i := range risks {
		r := &risks[i].worst
		if !risks[i].atRisk() {
			continue
		}
		if most == nil || r.Probability > most.Probability || r.Probability == most.Probability && r.ExcessKWh > most.ExcessKWh {
			most = r
		}
	}
	return most
}
