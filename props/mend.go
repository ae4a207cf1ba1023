package props

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// Bounds of the experiments with one remedy.
const (
	alike       = 12  // leaks with the same cause that must be gone too
	constants   = 2   // with which each statement of the walk is tried on a dataset
	together    = 120 // sequences of one flush: plans are made anew in each
	looksCloser = 40  // surprises of a dataset that are compared with what there was before
	randomSets  = 3   // datasets of random checks
)

// mender tries remedies of a leak on a scratch database of its own.
type mender struct {
	*lab
	contract *model.Contract
	base     run.Variant // what carries other leaks, switched off
	leaks    []leak      // the leak, and those like it
	remedy   run.Variant
	closes   bool // the remedy takes privileges away that the contract does not ask for
	checks   int
}

// mend looks for a statement, or a few, with which a leak and those like it are gone, and
// nothing else changes for the worse.
func (c *campaign) mend(ctx context.Context, l *lab, k *leak, like []leak) (finding.Fix, error) {
	o := &k.cause.object
	if k.target.Class == judge.Existence {
		return finding.Fix{Note: "none: a key tells of rows that are hidden, as Postgres documents it"}, nil
	}
	if p := k.target.Cell.Path; p != nil && p.Channel != nil {
		return finding.Fix{Note: "none in the schema: who notifies must send no more than a key, with which whoever listens reads the row by its own rights"}, nil
	}
	m := &mender{contract: c.Contract, base: l.fast.Base, leaks: []leak{*k}}
	for _, w := range like {
		if !w.scenario.Runs() { // each run of a program takes long
			m.leaks = append(m.leaks, w)
		}
	}
	if o.Kind == carrier.Superuser && !c.mayAlter(o.Role) {
		return finding.Fix{Note: "none in the schema: the session must connect as a role that is no superuser"}, nil
	}
	list := o.Remedies(c.Contract, m.cells())
	if k.found.Left && len(list) == 0 {
		return c.pooled(ctx, l, k)
	}
	switch {
	case len(list) == 0:
		return finding.Fix{Note: noRemedy(o)}, nil
	case k.scenario.Runs():
		return finding.Fix{Note: "none was tried: each run of the program takes long"}, nil
	}
	var err error
	if m.lab, err = c.newLab(ctx, c.troubles); err != nil {
		return finding.Fix{}, err
	}
	defer m.close()
	c.limit(m.lab)
	if fix, err := m.first(ctx, list); err != nil || len(fix.SQL) > 0 {
		return fix, err
	}
	if m.pressed() {
		return finding.Fix{Unsought: unsought}, nil
	}
	note := fmt.Sprintf("none found: %s tried, and none ends the leak without taking away what the contract allows", noun.Count(len(list), "change"))
	if o.Kind == carrier.Routine || o.Kind == carrier.View || o.Kind == carrier.Helper {
		note += "; its text must be mended by hand"
	}
	return finding.Fix{Note: note}, nil
}

// discard is what has a connection forget all that was done on it.
const discard = "DISCARD ALL"

// pooled looks whether what is left goes away where the pool has each connection that comes
// back forget all.
func (c *campaign) pooled(ctx context.Context, l *lab, k *leak) (finding.Fix, error) {
	db, err := l.database(ctx)
	if err != nil {
		return finding.Fix{}, err
	}
	m, err := l.newCommitter(ctx, db)
	if err != nil {
		return finding.Fix{}, err
	}
	defer m.Close()
	m.Release = discard
	for range refereed {
		if same, err := l.shownOnce(ctx, m, k); err != nil || same {
			return finding.Fix{Note: noRemedy(&k.cause.object)}, err
		}
	}
	return finding.Fix{Pool: discard, Checks: refereed}, nil
}

// first is the first remedy that mends the leaks; none where no one does.
func (m *mender) first(ctx context.Context, list []carrier.Remedy) (finding.Fix, error) {
	for i := range m.leaks {
		if err := m.simplify(ctx, &m.leaks[i]); err != nil {
			return finding.Fix{}, err
		}
	}
	for i := range list {
		if m.pressed() {
			break
		}
		ok, err := m.verify(ctx, &list[i])
		if err != nil {
			return finding.Fix{}, fmt.Errorf("try to mend a leak: %w", err)
		}
		if ok {
			return finding.Fix{SQL: list[i].SQL, Checks: m.checks}, nil
		}
	}
	return finding.Fix{}, nil
}

// noRemedy says why nothing was tried.
func noRemedy(o *carrier.Object) string {
	switch o.Kind {
	case carrier.Unknown:
		return "none: what carries it is not known"
	case carrier.PathText:
		return "none in the schema: the text of " + o.Path.Name + " must be mended by hand"
	case carrier.Leaves:
		return "none: " + o.Routine.Label() + " must leave nothing of a tenant where others find it"
	case carrier.Body, carrier.Helper:
		return "none: the text of " + o.Routine.Label() + " must be mended by hand"
	case carrier.Materialized:
		return "none: a materialized view has no row security"
	default:
		return "none: no single statement was found to try"
	}
}

// cells is the places that must no longer leak.
func (m *mender) cells() []carrier.Cell {
	var out []carrier.Cell
	for i := range m.leaks {
		k := &m.leaks[i]
		cell := carrier.Cell{
			Session: user(&k.scenario.Steps[k.found.Step]), Command: k.target.Cell.Command,
			Wrote: len(k.found.Became) > 0, Lockout: k.target.Class == judge.Lockout,
		}
		if t := k.target.Cell.Table; t >= 0 && cell.Command != model.Call {
			cell.Table = m.contract.Schema.Tables[t]
		}
		out = append(out, cell)
	}
	return out
}

// user is the session of a step, with the rules of the path that it uses.
func user(step *model.Step) *model.Session {
	if step.Op.Path != nil {
		if u := step.Op.Path.User(step.Session); u != nil && u.Rules != nil {
			return u.Rules
		}
	}
	return step.Session
}

// simplify lets a committed leak run rolled back, if it shows the same so: remedies are
// statements of a transaction.
func (m *mender) simplify(ctx context.Context, k *leak) error {
	s, d, err := m.twin(ctx, k.scenario, &k.found)
	if err == nil {
		k.scenario, k.found = s, *d
	}
	return err
}

// verify tries one remedy.
func (m *mender) verify(ctx context.Context, r *carrier.Remedy) (bool, error) {
	m.remedy, m.closes, m.checks = run.Variant{Before: r.SQL, Roles: r.Roles}, r.Closes, 0
	if r.Simulated != "" {
		m.remedy = run.Variant{Without: []string{r.Simulated}}
	}
	if ok, err := m.taken(ctx); err != nil || !ok {
		return false, err
	}
	for i := range m.leaks[:min(len(m.leaks), alike)] {
		if ok, err := m.gone(ctx, &m.leaks[i]); err != nil || !ok {
			return false, err
		}
	}
	for n := range m.Plan.MatrixSets() {
		if m.pressed() {
			return false, nil
		}
		d := m.Plan.MatrixDataset(n)
		if ok, err := m.harmless(ctx, d, m.concerned(d, n)); err != nil || !ok {
			return false, err
		}
		if ok, err := m.harmlessCalls(ctx, d); err != nil || !ok {
			return false, err
		}
	}
	for n := range randomSets {
		if m.pressed() {
			return false, nil
		}
		bits := &gen.Counted{N: uint64(n+1) * 5000}
		d := m.Plan.Dataset(bits, gen.Options{})
		var sequences [][]model.Step
		for i := range batchSequences {
			sequences = append(sequences, m.Plan.Sequence(bits, 1+i%5, d, 0))
		}
		tables, _ := apart(sequences)
		if ok, err := m.harmless(ctx, d, tables.list); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// taken reports whether Postgres takes the statements at all.
func (m *mender) taken(ctx context.Context) (bool, error) {
	conn, err := m.Server.Connect(ctx, m.databases[0], "")
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return false, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	for _, text := range slices.Concat(m.base.Before, m.remedy.Before) {
		_, err := tx.Exec(ctx, text)
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Severity == "ERROR" {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// gone reports whether a leak no longer shows with the remedy, and its case still runs.
func (m *mender) gone(ctx context.Context, k *leak) (bool, error) {
	m.checks++
	with := m.base.And(m.remedy)
	if k.found.Worlds == nil {
		v, err := m.under(ctx, k.scenario, with)
		if err != nil || len(v.Unjudged) > 0 {
			return false, err
		}
	}
	return m.without(ctx, k.scenario, &k.found, Cause{try: with})
}

// concerned is the cells of the walk over the tables that leak, and over those of the
// object: each statement with some of its constants.
func (m *mender) concerned(d *gen.Dataset, n int) [][]model.Step {
	cells := m.Plan.Matrix(d)
	if n%2 == 1 { // the other tenant first
		slices.Reverse(cells)
	}
	o := &m.leaks[0].cause.object
	tables := map[*model.Table]bool{o.Table: true}
	for i := range o.Asked {
		tables[o.Asked[i].Table] = true
	}
	for _, cell := range m.cells() {
		tables[cell.Table] = true
	}
	had := map[statement]int{}
	return slices.DeleteFunc(cells, func(steps []model.Step) bool {
		by := statement{steps[0].Session, steps[0].Op.Shape}
		had[by]++
		return by.shape == nil || !tables[by.shape.Table] || had[by] > constants
	})
}

// harmless runs checks with the remedy, the fast way first. What surprises runs again,
// carefully, with it and without.
func (m *mender) harmless(ctx context.Context, d *gen.Dataset, sequences [][]model.Step) (bool, error) {
	if len(sequences) == 0 {
		return true, nil
	}
	if err := m.fast.Rebase(ctx, m.base.And(m.remedy)); err != nil {
		return false, err
	}
	odd, err := m.surprises(ctx, d, sequences)
	if err != nil {
		return false, err
	}
	if err := m.fast.Rebase(ctx, run.Variant{}); err != nil {
		return false, err
	}
	for _, steps := range odd {
		s := &model.Scenario{Data: d.Data, Steps: steps}
		if worse, err := m.worse(ctx, s); err != nil || worse {
			return false, err
		}
	}
	return true, nil
}

// surprises lists the sequences whose answers are not as predicted, up to a number.
func (m *mender) surprises(ctx context.Context, d *gen.Dataset, sequences [][]model.Step) ([][]model.Step, error) {
	var odd [][]model.Step
	for _, chunk := range chunks(sequences, together) {
		for len(chunk) > 0 {
			statuses, err := m.fast.Fast(ctx, d.Data, d.State, chunk)
			if err != nil {
				return nil, err
			}
			next := len(chunk)
			for i, status := range statuses {
				if status == run.Unrun {
					next = max(i, 1)
					break
				}
				m.checks++
				if status == run.Surprise {
					odd = append(odd, chunk[i])
				}
			}
			if len(odd) >= looksCloser {
				return odd, nil
			}
			chunk = chunk[next:]
		}
	}
	return odd, nil
}

// worse reports whether a scenario shows a divergence with the remedy that it does not show
// without it, one that should be gone, or loses something that the rules allow.
func (m *mender) worse(ctx context.Context, s *model.Scenario) (bool, error) {
	before, err := m.fast.Careful(ctx, s, m.base)
	if errors.Is(err, run.ErrInvalid) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	after, err := m.fast.Careful(ctx, s, m.base.And(m.remedy))
	if errors.Is(err, run.ErrInvalid) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	had, has := judge.Judge(m.Contract, s, before), judge.Judge(m.Contract, s, after)
	return m.added(s, had, has) || m.lost(s, before, after, had), nil
}

// added reports whether a verdict has what another has not, or what should be gone.
func (m *mender) added(s *model.Scenario, had, has *judge.Verdict) bool {
	for i := range has.Divergences {
		d := &has.Divergences[i]
		if d.Class == judge.Lockout && d.Cell.Command != model.Select && mixed(&s.Steps[d.Step]) {
			continue
		}
		old := slices.ContainsFunc(had.Divergences, func(o judge.Divergence) bool { return o.Cell == d.Cell && o.Step == d.Step && o.Class <= d.Class })
		if !old || slices.ContainsFunc(m.leaks, func(k leak) bool { return k.target == d.Target() }) {
			return true
		}
	}
	return false
}

// mixed reports whether a statement may insert and update where the rules let the session
// only insert: without the privilege of the other half it fails as a whole.
func mixed(step *model.Step) bool {
	shape := step.Op.Shape
	return shape != nil && (shape.Command == model.Upsert || shape.Command == model.Merge) && step.Session.Writes[shape.Table.ID].From == nil
}
