package props

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// referee runs a least case again the plain way: real logins, a fresh connection for
// each step, real commits. Only what it sees too is a finding.
func (l *lab) referee(ctx context.Context, k leak) (confirmed bool, reason string, err error) {
	m, err := l.commits(ctx)
	if err != nil {
		return false, "", err
	}
	if k.found.Worlds != nil {
		return l.refereeWorlds(ctx, m, k)
	}
	fresh := !usesOver(k.scenario)
	t, err := m.Run(ctx, k.scenario, fresh)
	if errors.Is(err, run.ErrInvalid) {
		return false, "the referee could not begin: " + err.Error(), nil
	}
	if err != nil {
		return false, "", err
	}
	v := judge.Judge(l.Contract, k.scenario, t)
	if err := l.inherited(ctx, k.scenario, v); err != nil {
		return false, "", err
	}
	if has(v, k.target) {
		return true, "", nil
	}
	if fresh { // it may need a connection that was used before
		if t, err = m.Run(ctx, k.scenario, false); err != nil {
			return false, "", err
		}
		if has(judge.Judge(l.Contract, k.scenario, t), k.target) {
			return true, "", nil
		}
	}
	return false, "seen in a rolled-back transaction only: real logins do not show it", nil
}

// refereeWorlds runs the call with real logins and commits in both worlds, twice in each.
func (l *lab) refereeWorlds(ctx context.Context, m *run.Committer, k leak) (confirmed bool, reason string, err error) {
	if confirmed, reason, err = l.certain(ctx, k); err != nil || !confirmed {
		return false, reason, err
	}
	o, err := l.observe(ctx, k.scenario, k.found.Step)
	if err != nil || o == nil {
		return false, "the referee could not evaluate its rules", err
	}
	var first, second [][]string
	for range 2 {
		for _, variant := range []bool{false, true} {
			s := *k.scenario
			if variant {
				data, ok, err := o.second(ctx, k.found.Worlds.Variant, nil)
				if err != nil || !ok {
					return false, "the referee could not make the second world", err
				}
				s.Data = data
			}
			lines, err := o.committed(ctx, m, &s)
			if err != nil {
				return false, "", err
			}
			if variant {
				second = append(second, lines)
			} else {
				first = append(first, lines)
			}
		}
	}
	known := judge.Known(k.scenario, l.Contract.Schema)
	if compared := judge.Repeated(first, second, known); compared == nil || !o.differ(compared(first[0]), compared(second[0])) {
		return false, "seen in a rolled-back transaction only: real logins do not show it", nil
	}
	return true, "", nil
}

// certain repeats the worlds often enough that chance is no explanation.
func (l *lab) certain(ctx context.Context, k leak) (bool, string, error) {
	o, err := l.observe(ctx, k.scenario, k.found.Step)
	if err != nil || o == nil {
		return false, "", err
	}
	times := certain
	if k.scenario.Real() { // seconds, not milliseconds
		times = repeats
	}
	_, data, reason, err := o.hold(ctx, []gen.Variant{k.found.Worlds.Variant}, times)
	if err == nil && data == nil && reason == "" {
		reason = NotRepeatable
	}
	return data != nil, reason, err
}

// committed runs a scenario with real commits and gives the lines of the call.
func (o *observer) committed(ctx context.Context, m *run.Committer, s *model.Scenario) ([]string, error) {
	again := pooled(s, o.at)
	t, err := m.Run(ctx, s, !again)
	if errors.Is(err, run.ErrInvalid) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if again && o.at > 0 { // what the steps before made visible may differ, and the output with it
		sight := o.sight(t.Steps[o.at-1].After)
		if o.before == nil {
			o.before = append([]string{}, sight...)
		}
		if !slices.Equal(o.before, sight) {
			return nil, nil
		}
	}
	return o.lines(t), nil
}

// lines is the output of the call in a trace, with the rows that it made for its session
// to see; nil where it shows nothing.
func (o *observer) lines(t *model.Trace) []string {
	before := t.Initial
	if o.at > 0 {
		before = t.Steps[o.at-1].After
	}
	out := t.Steps[o.at].Output
	if out == nil || out.Unclear != "" {
		return nil
	}
	return o.trace(out, before, t.Steps[o.at].After)
}

// usesOver reports whether a scenario is about connections that are used again.
func usesOver(s *model.Scenario) bool { return s.Committed && len(s.Steps) > 1 }

// sampleSize is how many scenarios of the matrix the referee runs again.
const sampleSize = 12

// sample lets the referee judge scenarios that passed: the fast way and the plain
// way must agree.
func (c *campaign) sample(ctx context.Context) error {
	parts := len(c.Plan.Parts())
	for part := range min(parts, sampleSize) {
		d := c.Plan.MatrixDataset(part)
		cells := c.Plan.Matrix(d)
		for i := part; i < sampleSize && len(cells) > 0; i += parts {
			if err := c.endure(ctx, func(ctx context.Context) error { return c.sampleOne(ctx, d, cells, i) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *campaign) sampleOne(ctx context.Context, d *gen.Dataset, cells [][]model.Step, i int) error {
	l := c.labs[0]
	m, err := l.commits(ctx)
	if err != nil {
		return err
	}
	steps := cells[int(seedOf(c.cfg.Seed, -2-i)%uint64(len(cells)))]
	s := &model.Scenario{Data: d.Data, Steps: steps}
	fast, err := l.verdict(ctx, s)
	if err != nil {
		return err
	}
	t, err := m.Run(ctx, s, true)
	if errors.Is(err, run.ErrInvalid) {
		return nil
	}
	if err != nil {
		return err
	}
	plain := judge.Judge(c.Contract, s, t)
	c.report.Sampled++
	for j := range plain.Divergences {
		p := &plain.Divergences[j]
		if p.Class == judge.Lockout || c.muted[p.Target()] || has(fast, p.Target()) {
			continue
		}
		c.report.Leads = append(c.report.Leads, Lead{
			Cell: c.cellText(p), Class: p.Class.String(),
			Reason: "seen with real logins only: the fast way does not show it",
		})
	}
	return nil
}

// has reports whether a verdict has a divergence of a target.
func has(v *judge.Verdict, target judge.Target) bool {
	for i := range v.Divergences {
		if v.Divergences[i].Target() == target {
			return true
		}
	}
	return false
}

// finding is a leak as it is kept.
func (c *campaign) finding(k leak) *finding.Finding {
	d := k.found
	f := finding.New(c.Contract, k.scenario, &d)
	f.Cause, f.Seed, f.Server = k.cause.Text, fmt.Sprint(c.cfg.Seed), c.report.Server
	f.Apply, f.Asked = c.cfg.Apply, c.questions(&k)
	f.Referee = "confirmed with real logins, fresh connections and commits"
	return f
}

// questions is what the contract asks about the cell of a leak. Where it is known what carries it,
// those about other policies are left out.
func (c *campaign) questions(k *leak) []string {
	var table, path string
	var objects []string
	cell := &k.found.Cell
	if cell.Table >= 0 {
		table = c.Contract.Schema.Tables[cell.Table].Label()
	}
	if p := cell.Path; p != nil {
		path = p.Name
		if p.View != nil {
			objects = append(objects, p.View.Name)
		}
		if r := c.routineOf(p); r != nil {
			objects = append(objects, r.Name)
		}
	}
	carried := &k.cause.object
	known := carried.Kind != carrier.Unknown && carried.Kind != carrier.Table
	return slices.DeleteFunc(c.File.Questions(c.Contract.Sessions[cell.Session].Name, table, path, objects...), func(question string) bool {
		named := func(p *model.Policy) bool { return strings.Contains(question, fmt.Sprintf("policy %q", p.Name)) }
		policies, keys := strings.Contains(question, `policy "`), strings.Contains(question, "who deletes a row of ")
		return known && (policies && !slices.ContainsFunc(carried.Policies, named) || keys && carried.Kind != carrier.Reference)
	})
}

// save keeps a block's case on disk.
func (c *campaign) save(b *Block) {
	if c.cfg.Out == "" {
		return
	}
	b.Dir, b.Unsaved = finding.Save(c.cfg.Out, b.Finding, c.Material())
	b.Finding.Dir = b.Dir
	if b.Unsaved != nil {
		b.Case = finding.CaseOf(b.Finding, c.Material()).Format()
	}
}

// Material is what a finding's files are made from.
func (t *Target) Material() finding.Material {
	return finding.Material{Contract: t.Contract, ContractPath: t.File.Path, Statements: t.Statements, Version: t.Server.Version()}
}
