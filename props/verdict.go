package props

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// memoLimit bounds the verdicts that are remembered.
const memoLimit = 20_000

// verdict runs a scenario carefully, or committed if it says so, and judges it.
// Equal scenarios run once. A scenario that cannot begin has no divergence.
func (l *lab) verdict(ctx context.Context, s *model.Scenario) (*judge.Verdict, error) {
	if v, ok := l.memo[l.memory(s)]; ok {
		return v, nil
	}
	v, err := l.under(ctx, s, run.Variant{})
	if err != nil {
		return nil, err
	}
	if err := l.compared(ctx, s, v); err != nil {
		return nil, err
	}
	l.remember(s, v)
	return v, nil
}

// compared completes a verdict by what other runs of the scenario show.
func (l *lab) compared(ctx context.Context, s *model.Scenario, v *judge.Verdict) error {
	if v.Misbound != nil {
		return nil
	}
	for _, look := range []func(context.Context, *model.Scenario, *judge.Verdict) error{l.lockouts, l.interferences, l.inherited} {
		if err := look(ctx, s, v); err != nil {
			return err
		}
	}
	return nil
}

// remember keeps the verdict of a scenario.
func (l *lab) remember(s *model.Scenario, v *judge.Verdict) {
	if len(l.memo) >= memoLimit {
		clear(l.memo)
	}
	l.runs++
	l.memo[l.memory(s)] = v
}

// memory is what the verdict of a scenario is remembered by, as it is looked at now.
func (l *lab) memory(s *model.Scenario) [sha256.Size]byte {
	return sha256.Sum256([]byte(l.brief.key() + memoKey(s)))
}

// interferences adds what second worlds show of a scenario's calls.
func (l *lab) interferences(ctx context.Context, s *model.Scenario, v *judge.Verdict) error {
	if s.Listens() { // what its other calls tell is found without it
		return l.sent(ctx, s, v)
	}
	for i := range s.Steps {
		if s.Steps[i].Op.Path == nil || len(v.Stakes) == 0 && len(v.Divergences) == 0 {
			continue
		}
		if s.Real() && i < len(s.Steps)-1 && !pooled(s, i) { // a shorter run shows it
			continue
		}
		look := l.interfered
		if pooled(s, i) {
			look = l.found
		}
		d, reason, err := look(ctx, s, i)
		if err != nil {
			return err
		}
		if reason != "" && s.Steps[i].Cut == 0 { // of half a run it says nothing of the whole
			if v.Unclear == nil {
				v.Unclear = map[judge.Cell]string{}
			}
			v.Unclear[judge.PathCell(s.Steps[i].Session.ID, s.Steps[i].Op.Path)] = reason
		}
		if d != nil {
			v.Interferes(d)
		}
	}
	return nil
}

// under runs a scenario under a variant and judges it.
func (l *lab) under(ctx context.Context, s *model.Scenario, with run.Variant) (*judge.Verdict, error) {
	t, err := l.trace(ctx, s, with)
	if errors.Is(err, run.ErrInvalid) {
		return &judge.Verdict{Unjudged: []string{err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	v := judge.Judge(l.Contract, s, t)
	if m := v.Misbound; m != nil { // no session of the contract begins so
		return &judge.Verdict{Unjudged: v.Unjudged, Misbound: m}, nil
	}
	return v, nil
}

func (l *lab) trace(ctx context.Context, s *model.Scenario, v run.Variant) (*model.Trace, error) {
	if !s.Real() {
		return l.fast.Careful(ctx, s, v)
	}
	if len(v.Before) == 0 && len(v.Without) == 0 {
		c, err := l.commits(ctx)
		if err != nil {
			return nil, err
		}
		return c.Run(ctx, s, false)
	}
	return l.experiment(ctx, s, v)
}

// experiment runs a committed scenario under a variant.
func (l *lab) experiment(ctx context.Context, s *model.Scenario, v run.Variant) (*model.Trace, error) {
	c, done, err := l.changed(ctx, v)
	if err != nil {
		return nil, err
	}
	defer done()
	return c.Run(ctx, s, false)
}

// changed is a committer on a schema that a variant changed, in a database for it alone.
// A variant that concerns roles, which all databases share, is not tried so.
func (l *lab) changed(ctx context.Context, v run.Variant) (*run.Committer, func(), error) {
	if len(v.Before) == 0 || len(v.Without) > 0 || v.Roles {
		c, err := l.commits(ctx)
		return c, func() {}, err
	}
	db, err := l.altered(ctx, v)
	if err != nil {
		return nil, nil, err
	}
	made := []string{db}
	c, err := l.newCommitter(ctx, db)
	if err != nil {
		l.drop(made)
		return nil, nil, err
	}
	c.Again = func(ctx context.Context) (string, error) {
		db, err := l.altered(ctx, v)
		if err == nil {
			made = append(made, db)
		}
		return db, err
	}
	return c, func() {
		c.Close()
		l.drop(made)
	}, nil
}

// altered is a scratch database with the schema that a variant changed.
func (l *lab) altered(ctx context.Context, v run.Variant) (string, error) {
	db, err := l.Target.Scratch(ctx)
	if err != nil {
		return "", err
	}
	if err := l.alter(ctx, db, v); err != nil {
		return "", errors.Join(err, l.Server.DropDatabase(context.WithoutCancel(ctx), db))
	}
	return db, nil
}

func (l *lab) alter(ctx context.Context, db string, v run.Variant) error {
	conn, err := l.Server.Connect(ctx, db, "")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, text := range v.Before {
		if _, err := conn.Exec(ctx, text); err != nil {
			return fmt.Errorf("change a scratch copy: %w", err)
		}
	}
	return nil
}

// lockouts drops the suspicions that remain without row security: the reason lies
// elsewhere.
func (l *lab) lockouts(ctx context.Context, s *model.Scenario, v *judge.Verdict) error {
	var kept, suspects []judge.Divergence
	for _, d := range v.Divergences {
		if d.Class == judge.Lockout {
			suspects = append(suspects, d)
		} else {
			kept = append(kept, d)
		}
	}
	if len(suspects) == 0 || l.off != nil { // what is switched off may be what lets the session in
		v.Divergences = kept
		return nil
	}
	off := run.Variant{}
	for _, t := range l.Contract.Schema.Tables {
		if t.RowSecurity {
			off.Before = append(off.Before, "ALTER TABLE "+t.SQL()+" DISABLE ROW LEVEL SECURITY")
		}
	}
	if len(off.Before) == 0 {
		v.Divergences = kept
		return nil
	}
	without, err := l.under(ctx, s, off)
	if err != nil {
		return err
	}
	for _, d := range suspects {
		still := false
		for i := range without.Divergences {
			o := &without.Divergences[i]
			still = still || o.Class == judge.Lockout && o.Cell == d.Cell && o.Step == d.Step
		}
		if !still {
			kept = append(kept, d)
		}
	}
	v.Divergences = kept
	return nil
}

// memoKey is a scenario's text: equal keys, equal scenarios.
func memoKey(s *model.Scenario) string {
	var b []byte
	if s.Committed {
		b = append(b, 'c')
	}
	for t, rows := range s.Data {
		for _, row := range rows {
			b = append(b, byte(t), byte(t>>8))
			b = model.AppendRecord(b, row, nil)
		}
	}
	for i := range s.Steps {
		st := &s.Steps[i]
		b = append(b, 0, byte(st.Session.ID))
		if st.Fresh {
			b = append(b, 'f')
		}
		if st.Cut > 0 {
			b = append(b, 'x', byte(st.Cut))
		}
		if st.From > 0 {
			b = append(b, 'o', byte(st.From))
		}
		if st.Undone {
			b = append(b, 'u')
		}
		if st.Prepared {
			b = append(b, 'p')
		}
		b = append(b, st.Tenant.Text...)
		b = append(b, 0)
		b = append(b, st.User.Text...)
		b = append(b, 0)
		if o := &st.Observer; st.Observed() {
			b = append(b, 'v', byte(o.Session.ID))
			b = append(b, o.Tenant.Text...)
			b = append(b, 0)
			b = append(b, o.User.Text...)
			b = append(b, 0)
		}
		switch {
		case st.Op.Shape != nil:
			b = append(b, st.Op.Shape.Text...)
		case st.Op.Path != nil:
			b = append(b, st.Op.Path.Name...)
			b = append(b, byte(len(st.Op.Args)))
		default:
			b = append(b, st.Op.Raw...)
		}
		b = model.AppendRecord(b, st.Op.Args, nil)
	}
	return string(b)
}
