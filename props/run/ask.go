package run

import (
	"context"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// ruleAsk is a question to Postgres: for which rows a rule holds.
type ruleAsk struct {
	item int
	rule *model.Rule
}

// ask lets Postgres answer the rules of a session that Go cannot evaluate, for rows as some
// of their columns tell them; nil: all columns.
func (f *flow) ask(id *model.Identity, by func(*model.Table) []bool) ([]ruleAsk, error) {
	var asks []ruleAsk
	for _, t := range f.Contract.Schema.Tables {
		if !f.reach.has(t) {
			continue
		}
		for _, r := range Opaque(id.Session, t) {
			if err := f.be(nil); err != nil {
				return nil, err
			}
			var mask []bool
			if by != nil {
				mask = by(t)
			}
			item, err := f.super("SELECT "+rowOf(t, mask)+"::text, ("+r.SQL+") IS TRUE FROM "+t.SQL(), ruleArgs(r, id), rows)
			if err != nil {
				return nil, err
			}
			asks = append(asks, ruleAsk{item: item, rule: r})
		}
	}
	return asks, nil
}

// Opaque lists a session's rules over a table that only Postgres can evaluate.
func Opaque(s *model.Session, t *model.Table) []*model.Rule {
	var out []*model.Rule
	w := &s.Writes[t.ID]
	for _, r := range []*model.Rule{s.Sees[t.ID].Rule, w.Insert, w.From, w.To, w.Delete} {
		if r != nil && r.Program == nil && (r.Kind == model.RuleCondition || r.Kind == model.RuleOwn) {
			out = append(out, r)
		}
	}
	return out
}

func (w *Worker) answers(asks []ruleAsk) (model.Answers, error) {
	if len(asks) == 0 {
		return nil, nil
	}
	out := model.Answers{}
	for _, a := range asks {
		item := &w.wire.items[a.item].answer
		if item.err != nil && item.err.Code != failedBefore {
			return nil, &RuleError{a.rule, item.err}
		}
		if !item.reached || item.err != nil {
			continue
		}
		rows := map[string]bool{}
		for _, row := range item.kept {
			rows[row[0].Text] = row[1].Text == "t"
		}
		out[a.rule] = rows
	}
	return out, nil
}

// Answers lets Postgres answer the rules of an identity that Go cannot evaluate, for the
// rows of a dataset. It is nil where Go can evaluate all. What Postgres generates is not in
// these rows, and tells none from another.
func (w *Worker) Answers(ctx context.Context, data [][]model.Row, id *model.Identity) (func(*model.Rule, model.Row) (bool, bool), error) {
	masks := map[*model.Rule][]bool{}
	for _, t := range w.Contract.Schema.Tables {
		for _, r := range Opaque(id.Session, t) {
			masks[r] = t.Given()
		}
	}
	if len(masks) == 0 {
		return nil, nil
	}
	if err := w.ready(ctx); err != nil {
		return nil, err
	}
	w.reach = w.reaches.keep(nil)
	f, err := w.begin(ctx, data)
	if err != nil {
		return nil, err
	}
	asks, err := f.ask(id, (*model.Table).Given)
	if err != nil {
		return nil, err
	}
	f.plain("ROLLBACK")
	w.wire.sync()
	if err := w.wire.flush(ctx); err != nil {
		return nil, err
	}
	answers, err := w.answers(asks)
	if err != nil {
		return nil, err
	}
	return func(r *model.Rule, row model.Row) (holds, known bool) {
		holds, known = answers[r][string(model.AppendRecord(nil, row, masks[r]))]
		return holds, known
	}, nil
}
