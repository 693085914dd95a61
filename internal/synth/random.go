package synth

import "math"

// random is SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom
// Number Generators, 2014). A generator costs nothing to make, so every
// household has one of its own for every day.
type random struct{ state uint64 }

// newRandom makes the generator of a path of numbers, such as seed, household, day.
func newRandom(path ...uint64) random {
	r := random{}
	for _, p := range path {
		r.state = r.next() ^ p*0x9e3779b97f4a7c15
	}
	r.next()
	return r
}

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uniform is in [0, 1).
func (r *random) uniform() float64 { return float64(r.next()>>11) * 0x1p-53 }

// between is uniform in [a, b).
func (r *random) between(a, b float64) float64 { return a + (b-a)*r.uniform() }

// chance is true with probability p.
func (r *random) chance(p float64) bool { return r.uniform() < p }

// normal is nearly Gaussian, mean 0 and deviation 1, and within ±3.5: the sum
// of four uniform numbers, cut from one draw of 64 bits.
func (r *random) normal() float64 {
	z := r.next()
	sum := z&0xffff + z>>16&0xffff + z>>32&0xffff + z>>48
	return (float64(sum)/65536 - 2) * math.Sqrt2 * 1.224744871391589 // √3
}

// lognormal has median 1 and deviation sd of its logarithm.
func (r *random) lognormal(sd float64) float64 { return math.Exp(sd * r.normal()) }
