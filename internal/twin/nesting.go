package twin

import (
	"reflect"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/forecast"
)

// nesting is where a group lies in its tree. The zero value is that of a group by itself.
type nesting struct {
	parent   *group   // nil for none
	children []*group // by name
	whole    []*Meter // see all
	outdated bool     // whole lacks a meter
}

// all are the meters of a group and of those below it that have joined: its own, then
// those of each child. The order is that of sums.
func (g *group) all() []*Meter {
	n := &g.nesting
	if len(n.children) == 0 {
		return g.meters
	}
	if n.outdated {
		n.whole, n.outdated = append(n.whole[:0], g.meters...), false
		for _, c := range n.children {
			n.whole = append(n.whole, c.all()...)
		}
	}
	return n.whole
}

// regroup notes that other meters have joined the group.
func (g *group) regroup() {
	for ; g != nil; g = g.nesting.parent {
		g.nesting.outdated = true
	}
}

// NumberGroups gives groups that have others below them their numbers, by name: no meter
// need be in them.
func (p *Partition) NumberGroups(numbers map[string]int32) {
	p.numbers = numbers
	for _, g := range p.groups {
		if no, ok := numbers[g.name]; ok {
			g.number = no
		}
	}
}

// nest puts a group that is new below its parent, and makes that if need be.
func (p *Partition) nest(g *group) {
	name := p.rules.tree.Parent(g.name)
	if name == "" || g.name == "" {
		return
	}
	parent := p.group(name, p.numbers[name])
	g.nesting.parent = parent
	at, _ := slices.BinarySearchFunc(parent.nesting.children, g.name, func(o *group, name string) int {
		return strings.Compare(o.name, name)
	})
	parent.nesting.children = slices.Insert(parent.nesting.children, at, g)
	parent.regroup()
}

// renest nests the groups by the rules where those before nested them in another way. The
// loads of groups that have, or had, others below them are added up again.
func (p *Partition) renest(old *Rules) {
	if sameTree(old, p.rules) {
		return
	}
	before := slices.Clone(p.groups)
	parents := map[*group]bool{}
	for _, g := range before {
		parents[g] = len(g.nesting.children) > 0
		g.nesting = nesting{}
	}
	for _, g := range before {
		p.nest(g)
	}
	for _, g := range p.groups {
		if g.load != nil && (parents[g] || len(g.nesting.children) > 0) {
			g.load.outdated = true
		}
	}
}

// sameTree reports whether groups nest in one way under both rules.
func sameTree(a, b *Rules) bool {
	return !a.tree.Nests() && !b.tree.Nests() || reflect.DeepEqual(a.tree, b.tree)
}

// inTree is a group of a tree while something is issued for it.
type inTree struct {
	group      *group
	first, end int                // its meters among all of the tree
	whole      forecast.Quantiles // forecast of its load
	issued     int                // place of the forecast in the effects; -1 for none
}

// listTree lists a group and those below it that have meters, those below before those
// above them. first is the place of its first meter; it returns that behind its last one.
func (s *scratch) listTree(g *group, first int) (end int) {
	end = first + len(g.meters)
	for _, c := range g.nesting.children {
		end = s.listTree(c, end)
	}
	if end > first {
		s.tree = append(s.tree, inTree{group: g, first: first, end: end, issued: -1})
	}
	return end
}

// listed is the group of that name of the tree that is listed.
func (s *scratch) listed(name string) *group {
	for i := range s.tree {
		if s.tree[i].group.name == name {
			return s.tree[i].group
		}
	}
	return nil
}
