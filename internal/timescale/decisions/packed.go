package decisions

import (
	"errors"
	"fmt"
	"slices"

	"github.com/energytwin/energytwin/internal/dsm"
)

// packedVersion is the version of the packed columns of a decision: how its lists of
// pairs, triples and plan items lie in arrays. Version 1 had codes among the numbers
// of one real[]; migration 15 upgraded it. docs/reference/formats.md describes both.
const packedVersion = 2

// packed are the lists of a decision as the packed columns hold them: codes and
// counts apart from amounts.
type packed struct {
	version      int16
	factors      []int16   // codes
	alternatives []int16   // pairs: action, reason
	binding      []int16   // codes
	items        []int16   // of each plan item: action, and the number of hours of its plan, value and at-once load
	amounts      []float32 // weight of each factor, saving of each alternative; of each plan item its saving and these hours
}

// Numbers that an alternative and a plan item have among the codes.
const (
	codesOfAlternative = 2
	codesOfItem        = 4
)

// pack replaces p by the lists of d, in the memory that p has.
func (p *packed) pack(d *dsm.Decision) {
	*p = packed{packedVersion, p.factors[:0], p.alternatives[:0], p.binding[:0], p.items[:0], p.amounts[:0]}
	for _, f := range d.Factors {
		p.factors, p.amounts = append(p.factors, int16(f.Factor)), append(p.amounts, f.Weight)
	}
	for _, a := range d.Alternatives {
		p.alternatives, p.amounts = append(p.alternatives, int16(a.Action), int16(a.Reason)), append(p.amounts, a.Saving)
	}
	for _, c := range d.Binding {
		p.binding = append(p.binding, int16(c))
	}
	for i := range d.Items {
		item := &d.Items[i]
		p.items = append(p.items, int16(item.Action), int16(len(item.Plan)), int16(len(item.Value)), int16(len(item.AtOnce)))
		p.amounts = append(p.amounts, item.Saving)
		p.amounts = append(append(append(p.amounts, item.Plan...), item.Value...), item.AtOnce...)
	}
}

// errTorn means that the arrays of a row do not fit each other.
var errTorn = errors.New("the packed columns do not fit each other: the row was changed by hand, restore it from a backup")

// unpack puts the lists into d. It is an error if they are of a later version, or
// torn.
func (p *packed) unpack(d *dsm.Decision) error {
	if p.version != packedVersion {
		return fmt.Errorf("its packed columns have version %d, and this build reads version %d: run a build that is at least as new as the one that wrote it",
			p.version, packedVersion)
	}
	if !p.fits() {
		return errTorn
	}
	amounts := p.amounts
	take := func(n int16) (list []float32) {
		if n > 0 {
			list, amounts = amounts[:n:n], amounts[n:]
		}
		return list
	}
	d.Factors = slices.Grow(d.Factors, len(p.factors))
	for _, f := range p.factors {
		d.Factors = append(d.Factors, dsm.WeightedFactor{Factor: dsm.Factor(f), Weight: take(1)[0]})
	}
	d.Alternatives = slices.Grow(d.Alternatives, len(p.alternatives)/codesOfAlternative)
	for c := range slices.Chunk(p.alternatives, codesOfAlternative) {
		d.Alternatives = append(d.Alternatives, dsm.Alternative{Action: dsm.Action(c[0]), Reason: dsm.Reason(c[1]), Saving: take(1)[0]})
	}
	d.Binding = slices.Grow(d.Binding, len(p.binding))
	for _, c := range p.binding {
		d.Binding = append(d.Binding, dsm.Constraint(c))
	}
	d.Items = slices.Grow(d.Items, len(p.items)/codesOfItem)
	for c := range slices.Chunk(p.items, codesOfItem) {
		d.Items = append(d.Items, dsm.PlanItem{Action: dsm.Action(c[0]), Saving: take(1)[0], Plan: take(c[1]), Value: take(c[2]), AtOnce: take(c[3])})
	}
	return nil
}

// fits reports whether there are as many amounts as the codes count.
func (p *packed) fits() bool {
	if len(p.alternatives)%codesOfAlternative != 0 || len(p.items)%codesOfItem != 0 {
		return false
	}
	n := len(p.factors) + len(p.alternatives)/codesOfAlternative
	for c := range slices.Chunk(p.items, codesOfItem) {
		if min(c[1], c[2], c[3]) < 0 {
			return false
		}
		n += 1 + int(c[1]) + int(c[2]) + int(c[3])
	}
	return n == len(p.amounts)
}

// packedSize is an upper bound of the bytes that the lists and the plan of d take in a
// row.
func packedSize(d *dsm.Decision) int {
	const header, code, amount = 24, 6, 8
	size := 6*header + amount*len(d.Plan) + (code+amount)*len(d.Factors) + (codesOfAlternative*code+amount)*len(d.Alternatives) + code*len(d.Binding)
	for i := range d.Items {
		item := &d.Items[i]
		size += codesOfItem*code + amount*(1+len(item.Plan)+len(item.Value)+len(item.AtOnce))
	}
	return size
}
