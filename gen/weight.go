package gen

import (
	"github.com/rlsfuzz/rlsfuzz/model"
)

// commandWeights is how often a session that may do everything with a table selects,
// inserts, updates and deletes.
var commandWeights = [...]int{35, 20, 28, 17}

// futile divides the weight of a command for which the role has no privilege: as a
// rule Postgres refuses it, whatever the policies say.
const futile = 5

// lists is the shapes of a table by command, in the order of commandWeights.
func (c *choice) lists() [4][]weighted {
	return [...][]weighted{c.selects, c.inserts, c.updates, c.deletes}
}

// weigh sets how often each command on a table is drawn.
func (c *choice) weigh(rights *model.Privilege) {
	may := [...]bool{true, true, true, true}
	if rights != nil {
		may = [...]bool{some(rights.Select), some(rights.Insert), some(rights.Update), rights.Delete}
	}
	for i, list := range c.lists() {
		switch {
		case len(list) == 0:
			c.weights[i] = 0
		case may[i]:
			c.weights[i] = commandWeights[i]
		default:
			c.weights[i] = max(1, commandWeights[i]/futile)
		}
	}
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
