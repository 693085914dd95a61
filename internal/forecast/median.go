package forecast

// medianExpert forecasts the median of the same weekday of four weeks.
var medianExpert = expert{
	name:  "median4wk",
	prior: 1,
	forecast: func(in *expertInput, out *[hoursADay]float32) {
		*out = in.view.likeMedian
	},
}
