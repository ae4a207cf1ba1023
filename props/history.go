package props

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/inventory"
)

// history is what the last check of the contract covered, and what is new since.
type history struct {
	last  *inventory.Coverage // nil: no check has run, or nothing is written
	fresh *inventory.Fresh
	whole bool // the matrix was walked to its end
}

// Inventory lists the ways into the data of the contract's tenants, with what the last
// check that wrote to a folder covered. Errors are an *InputError.
func (t *Target) Inventory(dir string, statements []inventory.Statement) (*inventory.Inventory, error) {
	last, err := inventory.LoadCoverage(dir, t.File.Path)
	if err != nil {
		return nil, input(err)
	}
	skip := slices.DeleteFunc(slices.Clone(t.skip), func(name string) bool { return slices.Contains(t.File.Schemas, name) })
	return inventory.New(t.Contract, t.Catalog, inventory.Options{
		Path: t.File.Path, Skip: skip, Last: last, Statements: statements,
	}), nil
}

// recall reads what the last check left. A state that cannot be read is said, and no
// reason not to check.
func (c *campaign) recall() {
	if c.cfg.Out != "" {
		var err error
		if c.last, err = inventory.LoadCoverage(c.cfg.Out, c.File.Path); err != nil {
			c.remark("what the last check covered is not known: %v", err)
		}
		if err := c.recallExplained(c.cfg.Out); err != nil {
			c.remark("what was found out about findings is not known: %v", err)
		}
	}
	if c.Catalog == nil { // a weakened copy of a target
		return
	}
	var unapplied *inventory.Coverage
	if c.unapplied != nil {
		unapplied = &inventory.Coverage{Objects: inventory.Prints(c.Contract, c.unapplied)}
	}
	c.fresh = inventory.NewFresh(c.Contract, c.Catalog, c.last, unapplied)
}

// freshCells divides cells: those of what is new are walked first.
func (c *campaign) freshCells(cells [][]model.Step) (first, rest [][]model.Step) {
	if !c.fresh.Any() {
		return nil, cells
	}
	for _, cell := range cells {
		if c.anyFresh(cell) {
			first = append(first, cell)
		} else {
			rest = append(rest, cell)
		}
	}
	return first, rest
}

// isFresh reports whether a step is about something new, or of a session that is.
func (c *campaign) isFresh(s *model.Step) bool {
	switch {
	case c.fresh.Session(c.Contract, s.Session):
		return true
	case s.Op.Path != nil:
		return c.fresh.Path(s.Op.Path)
	}
	return s.Op.Shape != nil && c.fresh.Table(s.Op.Shape.Table)
}

func (c *campaign) anyFresh(steps []model.Step) bool {
	return slices.ContainsFunc(steps, func(s model.Step) bool { return c.isFresh(&s) })
}

// freshPieces divides pieces: those with something new are walked first.
func (c *campaign) freshPieces(pieces []*piece) (first, rest []*piece) {
	if !c.fresh.Any() {
		return nil, pieces
	}
	for _, p := range pieces {
		if slices.ContainsFunc(slices.Concat(p.calls, p.plays), c.anyFresh) {
			first = append(first, p)
		} else {
			rest = append(rest, p)
		}
	}
	return first, rest
}

// remember writes what this run covered beside what earlier ones did. A run that ended
// before the walk did leaves what is new as new.
func (c *campaign) remember() {
	if c.cfg.Out == "" || c.report.Checks == 0 {
		return
	}
	now := &inventory.Coverage{Seed: c.report.Seed, Checks: c.report.Checks, Objects: inventory.Prints(c.Contract, c.Catalog), Cells: c.atStake()}
	if err := c.last.Merge(now, c.extent()).Save(c.cfg.Out, c.File.Path); err != nil {
		c.remark("%v", err)
	}
	if err := c.keepExplained(c.cfg.Out); err != nil {
		c.remark("%v", err)
	}
}

// extent is what this run was limited to.
func (c *campaign) extent() inventory.Scope {
	walked := c.whole || c.cfg.SkipMatrix && !c.report.Early()
	out := inventory.Scope{
		Whole:    walked && len(c.cfg.Only) == 0,
		Sessions: map[string]bool{}, Objects: map[string]bool{}, Tried: map[string]bool{},
	}
	for _, s := range c.report.Sessions {
		out.Sessions[s.Name] = true
	}
	for _, t := range c.report.Tables {
		id := "table " + t.Label()
		out.Tried[id] = walked
		out.Objects[id] = walked && c.scope.sessions == nil
	}
	for _, p := range c.report.Paths {
		id := c.Catalog.PathID(p)
		out.Tried[id] = walked
		out.Objects[id] = walked && c.scope.sessions == nil
	}
	return out
}

// atStake lists the cells in which something was at stake.
func (c *campaign) atStake() []inventory.Cell {
	cells := []inventory.Cell{}
	c.report.EachCell(func(s *model.Session, t *model.Table, command model.Command) {
		if st := c.report.Matrix.Cell(s.ID, t.ID, command); st.Allowed+st.Forbidden > 0 {
			cells = append(cells, inventory.Cell{Session: s.Name, Object: "table " + t.Label(), Command: command.String(), Allowed: st.Allowed, Forbidden: st.Forbidden})
		}
	})
	c.report.EachPath(func(s *model.Session, p *model.Path) {
		if st := c.report.Matrix.Path(s.ID, p.ID); st.Allowed+st.Forbidden > 0 {
			cells = append(cells, inventory.Cell{Session: s.Name, Object: c.Catalog.PathID(p), Command: model.Call.String(), Allowed: st.Allowed, Forbidden: st.Forbidden})
		}
	})
	return cells
}
