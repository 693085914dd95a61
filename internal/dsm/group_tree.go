package dsm

import "strings"

// MaxLevels is how many groups a meter may be in, its own and those above it: a feeder, a
// transformer, a substation and an area.
const MaxLevels = 4

// Tree is how the groups of a policy nest. The zero value is that of groups that do not.
type Tree struct {
	parents map[string]string // of the groups that have one
}

// Tree is how the groups nest.
func (p *Policy) Tree() Tree { return treeOf(p.Groups) }

// Nesting is what Tree depends on, and nothing else of the policy.
func (p *Policy) Nesting() (out Policy) {
	for i := range p.Groups {
		if g := &p.Groups[i]; g.Parent != "" {
			out.Groups = append(out.Groups, Group{Name: g.Name, Parent: g.Parent})
		}
	}
	return out
}

func treeOf(groups []Group) (t Tree) {
	for i := range groups {
		if g := &groups[i]; g.Parent != "" {
			if t.parents == nil {
				t.parents = map[string]string{}
			}
			t.parents[g.Name] = g.Parent
		}
	}
	return t
}

// Nests reports whether any group has a parent.
func (t Tree) Nests() bool { return len(t.parents) > 0 }

// Parent is the group above another one, "" for none.
func (t Tree) Parent(group string) string { return t.parents[group] }

// Root is the highest group above another one: itself if there is none. All readings of
// a tree have its name as their key, so that one partition holds the tree.
func (t Tree) Root(group string) string {
	for range MaxLevels {
		above := t.parents[group]
		if above == "" {
			break
		}
		group = above
	}
	return group
}

// Above are the groups above another one, the nearest first.
func (t Tree) Above(group string) (above []string) {
	for range MaxLevels {
		if group = t.parents[group]; group == "" {
			break
		}
		above = append(above, group)
	}
	return above
}

// Parents are the groups that have others below them, each once.
func (t Tree) Parents() map[string]bool {
	out := make(map[string]bool, len(t.parents))
	for _, parent := range t.parents {
		out[parent] = true
	}
	return out
}

// nesting rejects parents that are not in the list, circles, and trees of more than
// MaxLevels levels.
func (c *policyCheck) nesting(groups []Group) {
	t := treeOf(groups)
	if !t.Nests() {
		return
	}
	known := make(map[string]bool, len(groups))
	for i := range groups {
		known[groups[i].Name] = true
	}
	for i := range groups {
		g := &groups[i]
		if g.Parent == "" {
			continue
		}
		field := fieldOfGroup(i) + "parent"
		if !known[g.Parent] {
			c.fail(field, "there is no group %q in the list; add it, with capacityKW \"0\" if it has no limit, or correct the name", g.Parent)
			continue
		}
		c.chain(field, g, t)
	}
}

// chain rejects the groups above one that lead back to it, or are too many.
func (c *policyCheck) chain(field string, g *Group, t Tree) {
	path := []string{g.Name}
	for above := g.Parent; above != "" && above != g.Name; above = t.parents[above] {
		if path = append(path, above); len(path) > len(t.parents)+1 {
			return // it leads into a circle, which is reported for the groups in it
		}
		if t.parents[above] == g.Name {
			c.fail(field, "the groups lie in a circle, %s; remove the parent of one of them", strings.Join(append(path, g.Name), " in "))
			return
		}
	}
	switch {
	case g.Parent == g.Name:
		c.fail(field, "%q is in itself; write the name of another group, or remove the field", g.Name)
	case len(path) == MaxLevels+1:
		c.fail(field, "%s are more than %d levels; leave a level out", strings.Join(path, " in "), MaxLevels)
	}
}
