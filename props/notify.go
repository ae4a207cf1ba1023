package props

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// notifies finds what sends the rows that come to a session which listens: the trigger or rule
// without which nothing of them comes, the function or the path that was called.
func (l *lab) notifies(ctx context.Context, s *model.Scenario, d *judge.Divergence) (Cause, error) {
	ch := d.Cell.Path.Channel
	told := func(key, what string, object carrier.Object) Cause {
		return Cause{Key: "notify " + ch.Name + " " + key, Text: fmt.Sprintf("%s sends rows to the channel %s, to which whoever is connected may listen", what, ch.Name), object: object}
	}
	for i := range ch.Fired {
		n := &ch.Fired[i]
		for _, c := range triggers(n.Table) {
			if c.object.Trigger != n.Trigger {
				continue
			}
			if gone, err := l.without(ctx, s, d, c); err != nil {
				return Cause{}, err
			} else if gone {
				what := c.object.Name()
				return told(what, what, c.object), nil
			}
		}
	}
	for i := range s.Steps {
		p := s.Steps[i].Op.Path
		if p == nil || !slices.Contains(ch.Paths, p) {
			continue
		}
		if p.View != nil {
			for _, c := range viewTriggers(p.View) {
				if gone, err := l.without(ctx, s, d, c); err != nil || gone {
					what := c.object.Name()
					return told(what, what, c.object), err
				}
			}
		}
		return told(p.Name, p.Name, l.does(p, carrier.Body)), nil
	}
	return told("", "what writes a row", carrier.Object{}), nil
}

// unheard notes what notifies on channels whose names nobody knows beforehand.
func (c *campaign) unheard() {
	if list := c.Contract.Unheard; len(list) > 0 {
		c.remark("not listened to: the channels that these put together, or are given: %s", strings.Join(list, ", "))
	}
}
