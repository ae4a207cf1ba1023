package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// commandWeights is how often a session that has the privileges for all of them
// selects from a table, inserts, updates and deletes.
var commandWeights = [...]int{20, 20, 28, 17}

// A write that the contract allows is drawn more often: its checks are what may be
// wrong. One for which the role has no privilege is drawn seldom: as a rule Postgres
// refuses it, whatever the policies say.
const (
	granted = 4 // times
	futile  = 5 // divides
)

// lists is the shapes of a table by command, in the order of commandWeights.
func (c *choice) lists() [4][]weighted {
	return [...][]weighted{c.selects, c.inserts, c.updates, c.deletes}
}

// weigh sets how often each command on a table is drawn, of whose columns the contract hides some.
func (c *choice) weigh(rights *model.Privilege, w *model.Writes, hidden []int) {
	may := [...]bool{true, true, true, true}
	if rights != nil {
		may = [...]bool{some(rights.Select), some(rights.Insert), some(rights.Update), rights.Delete}
	}
	rules := [...]*model.Rule{nil, w.Insert, w.From, w.Delete}
	for i, list := range c.lists() {
		c.weights[i] = commandWeights[i]
		switch {
		case len(list) == 0:
			c.weights[i] = 0
		case !may[i]:
			c.weights[i] /= futile
		case rules[i] != nil && rules[i].Kind != model.RuleNone:
			c.weights[i] *= granted
			c.granted++
		}
	}
	if rights != nil && slices.ContainsFunc(hidden, func(i int) bool { return rights.Select[i] }) { // see tableShapes
		c.weights[0] *= granted
	}
}

// actor chooses who acts among a cast: who may write more, acts more.
func (p *Plan) actor(cast []Member, c *choices) int {
	weight := func(m *Member) int {
		n := 4
		if m.handed() {
			return n
		}
		for i := range p.shapes[m.Session.ID] {
			n += p.shapes[m.Session.ID][i].granted
		}
		return n
	}
	total := 0
	for i := range cast {
		total += weight(&cast[i])
	}
	n := c.upTo(total)
	for i := range cast {
		if n -= weight(&cast[i]); n < 0 {
			return i
		}
	}
	return 0
}

// draw chooses a table and a command of a session, then one of their statements.
func draw(tables []choice, c *choices) *model.Shape {
	total := 0
	for i := range tables {
		for _, w := range tables[i].weights {
			total += w
		}
	}
	n := c.upTo(total)
	for i := range tables {
		for k, w := range tables[i].weights {
			if n -= w; n < 0 {
				return pick(tables[i].lists()[k], c)
			}
		}
	}
	return pick(tables[0].selects, c)
}

func pick(list []weighted, c *choices) *model.Shape {
	total := 0
	for _, w := range list {
		total += w.weight
	}
	n := c.upTo(total)
	for _, w := range list {
		if n -= w.weight; n < 0 {
			return w.shape
		}
	}
	return list[0].shape
}
