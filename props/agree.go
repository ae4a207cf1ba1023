package props

import (
	"context"
	"errors"
	"fmt"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// ErrHarness says that rlsfuzz contradicts itself: a fault of rlsfuzz, never a leak.
var ErrHarness = errors.New("a fault of rlsfuzz")

// agree lets Postgres evaluate the rules that Go evaluates too, for every identity
// of the first matrix dataset of each part and every row. They must agree.
func (c *campaign) agree(ctx context.Context, m *run.Committer) error {
	for n := range c.Plan.Parts() {
		if err := c.agreeIn(ctx, m, n); err != nil {
			return err
		}
	}
	return nil
}

// agreeIn does so for one part of the schema.
func (c *campaign) agreeIn(ctx context.Context, m *run.Committer, n int) error {
	d := c.Plan.MatrixDataset(n)
	if err := m.Load(ctx, d.Data); errors.Is(err, run.ErrInvalid) {
		return nil // the search says which rows do not fit
	} else if err != nil {
		return err
	}
	p := model.Predictor{Contract: c.Contract}
	for i := range d.Cast {
		who := &d.Cast[i]
		id, ok := c.Contract.Bind(who.Session, who.Tenant, who.User, d.State)
		if !ok {
			continue
		}
		for _, t := range c.Contract.Schema.Tables {
			if t.Parent != "" || !c.Plan.InPart(t, d) {
				continue
			}
			for _, r := range rules(who.Session, t) {
				if err := c.agreeOn(ctx, m, &p, r, id, t, d.State); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// rules lists the rules of a session over a table that Go can evaluate.
func rules(s *model.Session, t *model.Table) []*model.Rule {
	w := &s.Writes[t.ID]
	var out []*model.Rule
	for _, r := range []*model.Rule{s.Sees[t.ID].Rule, w.Insert, w.From, w.To, w.Delete} {
		if r != nil && r.Program != nil && r.SQL != "" {
			out = append(out, r)
		}
	}
	return out
}

func (c *campaign) agreeOn(ctx context.Context, m *run.Committer, p *model.Predictor, r *model.Rule, id *model.Identity, t *model.Table, st *model.State) error {
	answers, err := m.Holds(ctx, r, id, t)
	if err != nil {
		return err
	}
	for _, row := range st.Rows(t.ID) {
		record := string(model.AppendRecord(nil, row, nil))
		want, asked := answers[record]
		got, known := p.Holds(r, id, st, row)
		if asked && known && got != want {
			return fmt.Errorf("%w: rule %q of %s for %s and row %s: Go says %v, Postgres says %v",
				ErrHarness, r.Text, t.Label(), id.Label(), record, got, want)
		}
	}
	return nil
}
