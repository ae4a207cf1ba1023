package props

import (
	"context"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// cells runs cells of the walk. Those of one member that change nothing share a
// sequence, and what all see at its end is looked at once. Where that surprises, each
// runs by itself, one member after the other: what the first one's cells show is known then.
// see says whether to go on.
func (l *lab) cells(ctx context.Context, d *gen.Dataset, cells [][]model.Step, see func(*model.Scenario, *judge.Verdict) bool) error {
	rest := make([]int, len(cells))
	for i := range rest {
		rest[i] = i
	}
	for len(rest) > 0 {
		packs := l.packs(d, cells, rest)
		sequences := make([][]model.Step, len(packs))
		for i, pack := range packs {
			for _, n := range pack {
				sequences[i] = append(sequences[i], cells[n]...)
			}
		}
		statuses, err := l.fast.Fast(ctx, d.Data, d.State, sequences)
		if err != nil {
			return err
		}
		var alone [][]model.Step
		rest = rest[:0]
		shared := false
		for i, pack := range packs {
			switch {
			case statuses[i] == run.Passed:
			case len(pack) > 1 && shared:
				rest = append(rest, pack...)
			default:
				shared = shared || len(pack) > 1
				for _, n := range pack {
					alone = append(alone, cells[n])
				}
			}
		}
		slices.Sort(rest)
		if len(alone) == 0 {
			continue
		}
		more := true
		err = l.group(ctx, d, alone, func(_ int, s *model.Scenario, v *judge.Verdict) bool {
			more = see(s, v)
			return more
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// packs divides cells into groups that run as one sequence each. Cells are named by their index.
func (l *lab) packs(d *gen.Dataset, cells [][]model.Step, some []int) [][]int {
	type member struct {
		session      int
		tenant, user model.Value
	}
	ids, pack := map[member]*model.Identity{}, map[member]int{}
	var out [][]int
	for _, n := range some {
		steps := cells[n]
		first := &steps[0]
		who := member{first.Session.ID, first.Tenant, first.User}
		id, known := ids[who]
		if !known {
			id, _ = l.Contract.Bind(first.Session, first.Tenant, first.User, d.State)
			ids[who] = id
		}
		if len(steps) > 1 || !l.fast.Quiet(id, d.State, first) {
			out = append(out, []int{n})
			continue
		}
		at, begun := pack[who]
		if !begun {
			at = len(out)
			pack[who], out = at, append(out, nil)
		}
		out[at] = append(out[at], n)
	}
	return out
}
