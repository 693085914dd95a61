package forecast

// Weights of the experts.
const (
	fading = 0.9 // what a day leaves of the earlier errors
	power  = 10  // of the relative error
)

// weights is how well the experts have done for a meter: their mean absolute
// errors, relative to the mean over the experts, faded out day by day.
type weights [blocks][experts]float32

// blocks are parts of the day that are judged apart: what the newest readings
// are good for ends a few hours after the issue.
const blocks = 3

// firstOf are the first columns of the blocks.
func firstOf(block int) int { return [blocks + 1]int{0, 4, 12, hoursADay}[block] }

func (m *weights) start() {
	for b := range m {
		for e := range m[b] {
			m[b][e] = 1
		}
	}
}

// judge takes in the errors of a day: a ← .9a + .1·MAE/mean(MAE).
func (m *weights) judge(forecasts *expertForecasts, row *[hoursADay]float32, known uint32) {
	for b := range m {
		m.judgeBlock(b, forecasts, row, known)
	}
}

func (m *weights) judgeBlock(b int, forecasts *expertForecasts, row *[hoursADay]float32, known uint32) {
	var wrong [experts]float32
	var sum float32
	for k := firstOf(b); k < firstOf(b+1); k++ {
		if known&(1<<k) == 0 {
			continue
		}
		for e := range forecasts {
			wrong[e] += abs(row[k] - forecasts[e][k])
		}
	}
	for _, w := range wrong {
		sum += w
	}
	if sum <= 0 {
		return
	}
	const least = 0.05 // an expert that is never wrong gets no endless weight
	for e := range m[b] {
		m[b][e] = max(fading*m[b][e]+(1-fading)*wrong[e]*experts/sum, least)
	}
}

// combine is the weighted mean of the experts for some columns of a day, weight ∝ prior·a⁻¹⁰.
// The second day is combined as the end of the first.
func (m *weights) combine(forecasts *expertForecasts, day, columns int, out *[hoursADay]float32) {
	for block := range m {
		if firstOf(block) >= columns {
			return
		}
		b := block
		if day == secondDay {
			b = blocks - 1
		}
		var weight [experts]float32
		var total float32
		for e, a := range &m[b] {
			a2 := a * a
			a4 := a2 * a2
			weight[e] = expertTable[e].prior / (a4 * a4 * a2)
			total += weight[e]
		}
		for k := firstOf(block); k < firstOf(block+1); k++ {
			var sum float32
			for e := range forecasts {
				sum += weight[e] * forecasts[e][k]
			}
			out[k] = sum / total
		}
	}
}
