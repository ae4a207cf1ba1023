package props

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/disk"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// again is a saved case that still leaks.
type again struct {
	leak
	dir string
	raw bool // it was saved as it was found
	// unfixed is that it was saved without a fix that this run looks for.
	unfixed bool
}

// due reports whether this run has something to do for it: to reduce it, or to look for a fix.
func (k *again) due() bool { return k.raw || k.unfixed }

// saved runs the cases that earlier runs saved for this contract, with the referee.
// One that still leaks is a finding again, one that does not is said. all is the
// plan without limits: a case may be written in any of its statements.
func (c *campaign) saved(ctx context.Context, all *gen.Plan) (err error) {
	if c.cfg.Out == "" {
		return nil
	}
	paths, err := SavedCases(c.cfg.Out)
	if err != nil {
		return err
	}
	var still []again
	defer func() {
		if err != nil {
			c.untold(still)
		}
	}()
	for _, path := range paths {
		k, err := ReadCase(path)
		if err != nil {
			c.remark("saved case %s cannot run: %v", filepath.Dir(path), err)
			continue
		}
		if !c.concerns(k) {
			continue
		}
		var found *leak
		if err := c.endure(ctx, func(ctx context.Context) (err error) {
			found, err = c.rerun(ctx, k, all)
			return err
		}); err != nil {
			return err
		}
		if found != nil {
			one := again{leak: *found, dir: filepath.Dir(path)}
			if k.Found != nil {
				one.raw, one.unfixed = k.Found.State != "", c.unfixed(k.Found)
			}
			still = append(still, one)
			if one.raw {
				c.pending = append(c.pending, one.leak)
			}
		}
	}
	return c.endure(ctx, func(ctx context.Context) error { return c.reopen(ctx, still) })
}

// untold reports the cases that leak as they were saved, where a run ends before it has made blocks of
// them all.
func (c *campaign) untold(still []again) {
	for i := range still {
		k := &still[i]
		told := func(b *Block) bool { return b.Dir == k.dir }
		if k.raw || c.muted[k.target] || slices.ContainsFunc(c.report.Blocks, told) { // of those that are raw, see rescue
			continue
		}
		b := c.blockOf(&k.leak)
		b.Dir, b.Finding.Dir, b.Known = k.dir, k.dir, true
		b.Finding.Fix.Unsought = unbegun
		b.Accepted, _ = c.accepts(b, make([]bool, len(c.Contract.Accept)))
		c.report.Blocks = append(c.report.Blocks, b)
	}
}

// unfixed reports whether a case was saved without a fix that this run looks for.
func (c *campaign) unfixed(f *finding.Found) bool {
	return f.Fix == unsought || f.Fix == unbegun || f.Fix == unstrict && c.cfg.Strict
}

// SavedCases lists the cases that runs saved in a folder, in order. What was not yet in its
// place when its run was killed is none.
func SavedCases(dir string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(disk.Literal(dir), "findings", "*", finding.CaseFile))
	if err != nil {
		return nil, fmt.Errorf("list saved cases: %w", err)
	}
	paths = slices.DeleteFunc(paths, func(path string) bool {
		return strings.HasPrefix(filepath.Base(filepath.Dir(path)), disk.Temporary)
	})
	slices.Sort(paths)
	return paths, nil
}

// concerns reports whether a case belongs to this contract and to what is searched.
func (c *campaign) concerns(k *finding.Case) bool {
	mine, err := os.Stat(c.File.Path)
	if err != nil {
		return false
	}
	its, err := os.Stat(ContractOf(k, c.File.Path))
	if err != nil || !os.SameFile(mine, its) {
		return false
	}
	if k.Found == nil {
		return true
	}
	session := c.scope.sessions == nil || c.scope.sessions[k.Found.Session]
	if k.Found.Path != "" {
		return session && (c.scope.paths == nil || c.scope.paths[k.Found.Path])
	}
	return session && (c.scope.tables == nil || c.scope.tables[k.Found.Object])
}

// rerun runs one case; nil when it no longer leaks or cannot run, which is noted.
func (c *campaign) rerun(ctx context.Context, k *finding.Case, all *gen.Plan) (*leak, error) {
	dir := filepath.Dir(k.Name)
	s, err := k.Scenario(c.Contract, all.Shapes)
	var stale *finding.Stale
	if errors.As(err, &stale) {
		c.remark("saved case %s cannot run: %v", dir, stale)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l := c.labs[0]
	m, err := l.commits(ctx)
	if err != nil {
		return nil, err
	}
	trace, err := m.Run(ctx, s, !usesOver(s))
	if errors.Is(err, run.ErrInvalid) {
		c.remark("saved case %s cannot run: %v", dir, err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := judge.Judge(c.Contract, s, trace)
	if err := l.compared(ctx, s, v); err != nil {
		return nil, err
	}
	why, err := l.misfit(ctx, k, s, trace, v)
	if err != nil {
		return nil, err
	}
	if why != "" {
		c.remark("saved case %s cannot run: %s", dir, why)
		return nil, nil
	}
	d := shown(c.Contract, k, v)
	if d == nil && k.Explored {
		return nil, nil
	}
	if d == nil {
		c.remark("fixed: %s no longer leaks%s", dir, what(k))
		return nil, nil
	}
	if err := l.fewest(ctx, s, d); err != nil {
		return nil, err
	}
	return &leak{scenario: s, found: *d, target: d.Target()}, nil
}

func what(k *finding.Case) string {
	if k.Found == nil {
		return ""
	}
	if k.Found.Path != "" {
		return fmt.Sprintf(" (%s: call %s, %s)", k.Found.Session, k.Found.Path, k.Found.Class)
	}
	return fmt.Sprintf(" (%s: %s %s, %s)", k.Found.Session, k.Found.Command, k.Found.Object, k.Found.Class)
}

// shown is the divergence that a case is about, or else the first one.
func shown(c *model.Contract, k *finding.Case, v *judge.Verdict) *judge.Divergence {
	if len(v.Divergences) == 0 {
		return nil
	}
	for i := range v.Divergences {
		d := &v.Divergences[i]
		if k.Found != nil && about(c, k.Found, d) {
			return d
		}
	}
	return &v.Divergences[0]
}

// about reports whether a divergence is of the class that a case was saved for, in its cell.
func about(c *model.Contract, f *finding.Found, d *judge.Divergence) bool {
	if f.Class != d.Class.String() || f.Command != d.Cell.Command.String() || f.Session != c.Sessions[d.Cell.Session].Name {
		return false
	}
	table, path := "", ""
	if d.Cell.Table >= 0 {
		table = c.Schema.Tables[d.Cell.Table].Label()
	}
	if d.Cell.Path != nil {
		path = d.Cell.Path.Name
	}
	return f.Object == table && f.Path == path
}

// reopen makes blocks of the cases that still leak; the least case of a cause is its
// block, the others are like it. What an interrupted run saved as it was is reduced.
func (c *campaign) reopen(ctx context.Context, still []again) error {
	slices.SortStableFunc(still, func(a, b again) int {
		return cmp.Or(cmp.Compare(last(a.due()), last(b.due())), cmp.Compare(a.target.Class, b.target.Class), cmp.Compare(size(a.scenario), size(b.scenario)))
	})
	if len(still) > 0 {
		if err := c.survey(ctx); err != nil {
			return err
		}
	}
	for i := range still {
		k := &still[i]
		if k.due() {
			if err := c.refine(ctx, k); err != nil {
				return err
			}
			continue
		}
		var err error
		if k.cause, err = c.labs[0].cause(ctx, k.scenario, &k.found, c.known()); err != nil {
			return err
		}
		if b := c.blocks[k.cause.Key]; b != nil && (b.anyhow(&k.leak) || !c.hides(b, &k.leak)) {
			c.muted[k.target] = true
			if b.Finding.Divergence.Target() != k.target && !b.anyhow(&k.leak) {
				b.like(c.cellText(&k.found))
			}
			continue
		}
		b, err := c.knownBlock(ctx, k)
		if err != nil {
			return err
		}
		if c.cfg.journal != nil {
			c.cfg.journal.known(b, c.cellText(&k.found), c.elapsed())
		}
	}
	return nil
}

// knownBlock makes the block of a case that still leaks, as the run did that found it: with what is
// like it and the explanation, which is taken from that run where nothing changed since.
func (c *campaign) knownBlock(ctx context.Context, k *again) (*Block, error) {
	var like []leak
	if !c.cfg.First {
		var err error
		if like, err = c.alike(ctx, &k.leak); err != nil {
			return nil, err
		}
	}
	b, its, _ := c.divided(&k.leak, &k.leak, like)
	b.Dir, b.Finding.Dir, b.Known = k.dir, k.dir, true
	if !c.cfg.First {
		var err error
		if b.Finding.Escalation, err = c.escalation(ctx, its, k.leak); err != nil {
			return nil, err
		}
	}
	if err := c.explained(ctx, c.labs[0], b, k.leak, its); err != nil {
		return nil, err
	}
	b.Accepted, _ = c.accepts(b, make([]bool, len(c.Contract.Accept)))
	for _, w := range append(its, k.leak) {
		c.muted[w.target] = true
		w.cause = k.cause
		c.trace(w)
	}
	if c.blocks[k.cause.Key] == nil {
		c.leaks = append(c.leaks, k.leak)
	}
	c.blocks[k.cause.Key] = b
	c.report.Blocks = append(c.report.Blocks, b)
	return b, nil
}

// refine reduces a case that was saved as it was found. Once the least case that
// shows the same is on disk, it is no longer needed.
func (c *campaign) refine(ctx context.Context, k *again) error {
	if err := c.digest(ctx, []leak{k.leak}); err != nil {
		return err
	}
	for _, b := range c.report.Blocks {
		shows := b.Finding.Divergence.Target() == k.target || slices.Contains(b.Like, c.cellText(&k.found))
		if shows && b.Dir != "" && b.Dir != k.dir {
			if err := os.RemoveAll(k.dir); err != nil {
				c.remark("%s is shown by %s, but could not be removed: %v", k.dir, b.Dir, err)
			}
			return nil
		}
	}
	return nil
}

// last is 1 for true and 0 for false: a key that sorts what is so after what is not.
func last(is bool) int {
	if is {
		return 1
	}
	return 0
}

func size(s *model.Scenario) int {
	rows, steps := s.Size()
	return rows + steps
}

// like adds a cell with the same cause, once.
func (b *Block) like(cell string) {
	if !slices.Contains(b.Like, cell) {
		b.Like = append(b.Like, cell)
		b.Finding.Like = b.Like
	}
}
