package whatif

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// ErrOtherTrees means that groups lie in other trees under the alternative.
var ErrOtherTrees = errors.New("the alternative puts a group into another tree")

// sameTrees rejects an alternative under which the highest group above some meters is
// another one: a tree is in one partition, and that is where readings are replayed.
func sameTrees(r *Readings, o *Options) error {
	if o.Alternative == nil {
		return nil
	}
	base, other := o.Base.Policy.Tree(), o.Alternative.Policy.Tree()
	for i := range r.Meters {
		name := r.Meters[i].Group
		if a, b := base.Root(name), other.Root(name); a != b {
			return fmt.Errorf("%w: the highest group above %q is %q, and was %q; groups may change their parent within their tree only", ErrOtherTrees, name, b, a)
		}
	}
	return nil
}

// treeOf is how groups nest in a scenario.
func (e *engine) treeOf(s Scenario) dsm.Tree {
	if s == Alternative {
		return e.o.Alternative.Policy.Tree()
	}
	return e.o.Base.Policy.Tree()
}

// limitAbove notes the limits of the groups above one of a side's, from hour h on.
func (s *side) limitAbove(group string, rules *twin.Rules, h meter.Hour) {
	tree := s.run.engine.treeOf(s.scenario)
	for _, above := range tree.Above(group) {
		from := int(h - s.run.engine.readings.Start)
		limits := s.above[above]
		if n := len(limits); n == 0 || limits[n-1].from != from {
			s.above[above] = append(limits, limit{from: from, kw: capacityOf(above, rules.Policy.Groups)})
		}
	}
}

// nested are the results of groups, by name, with those of groups that hold others, which
// are of all that is below them. Who adds results up takes those before.
func (e *engine) nested(s Scenario, groups []groupResult) []groupResult {
	tree := e.treeOf(s)
	out := slices.Clone(groups)
	for _, r := range e.runs {
		for _, side := range r.sides {
			if side.scenario != s {
				continue
			}
			for name, limits := range side.above {
				parts := slices.DeleteFunc(slices.Clone(groups), func(g groupResult) bool {
					return g.name != name && !slices.Contains(tree.Above(g.name), name)
				})
				g := sum(parts, name)
				g.Measured, g.Planned = loadOf(g.measured, limits), loadOf(g.planned, limits)
				out = append(slices.DeleteFunc(out, func(g groupResult) bool { return g.name == name }), g)
			}
		}
	}
	slices.SortFunc(out, func(a, b groupResult) int { return cmp.Compare(a.name, b.name) })
	return out
}
