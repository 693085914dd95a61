package timescale

import "github.com/energytwin/energytwin/internal/dsm"

// packParts lays the parts of a plan out as the column parts holds them; nil for
// none.
func packParts(parts []dsm.Part) []float32 {
	var out []float32
	for i := range parts {
		p := &parts[i]
		out = append(out, float32(p.Action), p.Saving, float32(len(p.Plan)))
		out = append(out, p.Plan...)
		out = append(out, float32(len(p.Value)))
		out = append(out, p.Value...)
	}
	return out
}

// unpackParts is the reverse of packParts. What does not fit is left out.
func unpackParts(packed []float32) (parts []dsm.Part) {
	take := func(n int) []float32 {
		n = min(max(n, 0), len(packed))
		head := packed[:n:n]
		packed = packed[n:]
		return head
	}
	for len(packed) >= 4 {
		head := take(3)
		p := dsm.Part{Action: dsm.Action(head[0]), Saving: head[1], Plan: take(int(head[2]))}
		if n := take(1); len(n) == 1 && n[0] > 0 {
			p.Value = take(int(n[0]))
		}
		parts = append(parts, p)
	}
	return parts
}
