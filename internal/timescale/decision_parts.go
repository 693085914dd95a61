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
		out = append(out, float32(len(p.AtOnce)))
		out = append(out, p.AtOnce...)
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
	list := func() []float32 {
		if n := take(1); len(n) == 1 && n[0] > 0 {
			return take(int(n[0]))
		}
		return nil
	}
	for len(packed) >= 3 {
		head := take(2)
		parts = append(parts, dsm.Part{
			Action: dsm.Action(head[0]), Saving: head[1], Plan: list(), Value: list(), AtOnce: list(),
		})
	}
	return parts
}
