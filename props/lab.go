package props

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/program"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// lab is one worker's place to try scenarios: a scratch database for rolled-back
// runs and, once it is needed, another for committed ones.
type lab struct {
	*Target
	fast      *run.Worker
	committer *run.Committer
	databases []string
	memo      map[string]*judge.Verdict
	unjudged  map[string]int        // why scenarios of the search could not be judged, and how often
	errors    map[judge.Cell]string // what ended the statements of a cell, where it was no denial
	live      map[string]bool       // calls of which is known whether hidden rows might show: see liveKey
	tried     map[judge.Cell]*tried // what the calls of paths showed
	proven    map[string]bool       // the same, of the walk and earlier rounds; shared and no longer changed
	refuted   map[string]int        // pairs of calls that differed rolled back, and not on real connections: see pairKey
	runs      int                   // scenarios that ran carefully or committed: distinct ones
	telling   map[judge.Cell]bool   // cells of paths whose outputs are known to depend on hidden rows
	programs  *run.Programs
	brief     *brief          // while a run of a program is reduced
	quick     bool            // one finding is all that is asked for, least or not
	off       map[string]bool // keys of causes that are switched off in all that it runs rolled back
	troubles  *troubles
	novel     []scene   // of the present batch
	doubted   []suspect // functions that may carry what the walk showed
	own       run.Own   // what statements are known to raise by themselves
}

func (t *Target) newLab(ctx context.Context, met *troubles) (*lab, error) {
	l := t.bareLab(met)
	if err := l.endure(ctx, func() error { return l.open(ctx) }); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// bareLab is a lab that knows nothing, and has no database yet.
func (t *Target) bareLab(met *troubles) *lab {
	return &lab{
		Target: t, troubles: met, memo: map[string]*judge.Verdict{}, unjudged: map[string]int{}, errors: map[judge.Cell]string{},
		live: map[string]bool{}, refuted: map[string]int{}, tried: map[judge.Cell]*tried{},
		programs: run.NewPrograms(filepath.Dir(t.File.Path), program.Limits{Time: t.Program}, t.Functions),
	}
}

// open makes the scratch database for rolled-back runs.
func (l *lab) open(ctx context.Context) error {
	db, err := l.database(ctx)
	if err != nil {
		return err
	}
	w, err := run.NewWorker(ctx, l.Server, db, l.Contract)
	if err != nil {
		return err
	}
	w.Divide(l.Plan.Parts())
	l.fast = w
	return nil
}

func (l *lab) database(ctx context.Context) (string, error) {
	db, err := l.Target.Scratch(ctx)
	if err == nil {
		l.databases = append(l.databases, db)
	}
	return db, err
}

// close ends the connections and drops the databases.
func (l *lab) close() {
	if l.fast != nil {
		l.fast.Close()
	}
	if l.committer != nil {
		l.committer.Close()
	}
	l.drop(l.databases)
}

// dropWithin bounds how long the end of a lab waits for a server that may be gone.
const dropWithin = 10 * time.Second

// drop drops scratch databases. Those that it cannot drop go with the server, or are left
// to its Close.
func (l *lab) drop(databases []string) {
	ctx, cancel := context.WithTimeout(context.Background(), dropWithin)
	defer cancel()
	for _, db := range databases {
		_ = l.Server.DropDatabase(ctx, db)
	}
}

// commits is the lab's committer, made when first needed.
func (l *lab) commits(ctx context.Context) (*run.Committer, error) {
	if l.committer != nil {
		return l.committer, nil
	}
	db, err := l.database(ctx)
	if err != nil {
		return nil, err
	}
	m, err := l.newCommitter(ctx, db)
	if err != nil {
		return nil, err
	}
	l.committer = m
	return m, nil
}

// newCommitter makes a committer on a database, with the application's services beside it.
func (l *lab) newCommitter(ctx context.Context, db string) (*run.Committer, error) {
	m, err := run.NewCommitter(ctx, l.Server, db, l.Contract)
	if err != nil {
		return nil, err
	}
	m.Programs, m.Own = l.programs, l.own
	if len(l.File.Services) == 0 {
		return m, nil
	}
	if err := m.StartServices(ctx, l.File.Services, filepath.Dir(l.File.Path), l.Target.Program); err != nil {
		m.Close()
		return nil, input(err)
	}
	return m, nil
}

// memoLimit bounds the verdicts that are remembered.
const memoLimit = 20_000

// verdict runs a scenario carefully, or committed if it says so, and judges it.
// Equal scenarios run once. A scenario that cannot begin has no divergence.
func (l *lab) verdict(ctx context.Context, s *model.Scenario) (*judge.Verdict, error) {
	key := l.brief.key() + memoKey(s)
	if v, ok := l.memo[key]; ok {
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
	l.memo[l.brief.key()+memoKey(s)] = v
}

// interferences adds what second worlds show of a scenario's calls.
func (l *lab) interferences(ctx context.Context, s *model.Scenario, v *judge.Verdict) error {
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
		if reason != "" {
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
func (l *lab) under(ctx context.Context, s *model.Scenario, v run.Variant) (*judge.Verdict, error) {
	t, err := l.trace(ctx, s, v)
	if errors.Is(err, run.ErrInvalid) {
		return &judge.Verdict{Unjudged: []string{err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	return judge.Judge(l.Contract, s, t), nil
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
	db, err := l.Target.Scratch(ctx)
	if err != nil {
		return nil, nil, err
	}
	drop := func() { _ = l.Server.DropDatabase(context.Background(), db) }
	c, err := l.alter(ctx, db, v)
	if err != nil {
		drop()
		return nil, nil, err
	}
	return c, func() {
		c.Close()
		drop()
	}, nil
}

func (l *lab) alter(ctx context.Context, db string, v run.Variant) (*run.Committer, error) {
	conn, err := l.Server.Connect(ctx, db, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, text := range v.Before {
		if _, err := conn.Exec(ctx, text); err != nil {
			return nil, fmt.Errorf("change a scratch copy: %w", err)
		}
	}
	return l.newCommitter(ctx, db)
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
		b = append(b, st.Tenant.Text...)
		b = append(b, 0)
		b = append(b, st.User.Text...)
		b = append(b, 0)
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

// leak is a divergence with the scenario that shows it.
type leak struct {
	scenario *model.Scenario
	found    judge.Divergence
	target   judge.Target
	cause    Cause
	at       int // checks of the run before it was found
	runs     int // distinct scenarios that rapid ran to shrink it
}

// ahead runs the sequences that surprised carefully, all in one flush, and remembers what
// they showed. Those that cannot run together are left to run by themselves.
func (l *lab) ahead(ctx context.Context, d *gen.Dataset, sequences [][]model.Step, statuses []run.Status) error {
	var list []*model.Scenario
	var steps [][]model.Step
	for i, status := range statuses {
		if status == run.Unrun {
			break
		}
		s := &model.Scenario{Data: d.Data, Steps: sequences[i]}
		plain := !slices.ContainsFunc(s.Steps, func(st model.Step) bool { return st.Op.Path != nil || st.Fresh })
		if _, known := l.memo[memoKey(s)]; status == run.Surprise && plain && !known {
			list, steps = append(list, s), append(steps, s.Steps)
		}
	}
	if len(list) < 2 || l.quick { // one may be all that is asked for
		return nil
	}
	traces, err := l.fast.Carefuls(ctx, d.Data, d.State, steps)
	if errors.Is(err, run.ErrInvalid) {
		return nil
	}
	if err != nil {
		return err
	}
	for i, s := range list {
		v := judge.Judge(l.Contract, s, traces[i])
		if err := l.lockouts(ctx, s, v); err != nil {
			return err
		}
		l.remember(s, v)
	}
	return nil
}

// group runs sequences on a dataset the fast way, carefully where something
// surprises, and hands every unmuted divergence to see. see says whether to go on.
func (l *lab) group(ctx context.Context, d *gen.Dataset, all [][]model.Step, see func(i int, s *model.Scenario, v *judge.Verdict) bool) error {
	sequences, calls := apart(all)
	for first := 0; first < len(sequences.list); {
		statuses, err := l.fast.Fast(ctx, d.Data, d.State, sequences.list[first:])
		if err != nil {
			return err
		}
		for _, n := range l.fast.Novel() {
			l.novel = append(l.novel, scene{set: d, steps: sequences.list[first+n.Sequence], features: n.Features, key: n.Key})
		}
		if err := l.ahead(ctx, d, sequences.list[first:], statuses); err != nil {
			return err
		}
		next := len(sequences.list)
		for i, status := range statuses {
			if status == run.Unrun {
				next = first + i
				break
			}
			if status != run.Surprise {
				continue
			}
			s := &model.Scenario{Data: d.Data, Steps: sequences.list[first+i]}
			v, err := l.verdict(ctx, s)
			if err != nil {
				return err
			}
			l.count(v)
			l.came(d, s.Steps, v)
			for _, reason := range v.Unjudged {
				l.unjudged[reason]++
			}
			if !see(sequences.index[first+i], s, v) {
				return nil
			}
		}
		first = next
	}
	for i, steps := range calls.list {
		var err error
		each := func(s *model.Scenario, v *judge.Verdict) bool { return see(calls.index[i], s, v) }
		var more bool
		if pairs := gen.Pairs(steps); pairs != nil {
			more, err = l.pairs(ctx, d, pairs, pairVariants, each)
		} else {
			more, err = l.calls(ctx, d, steps, drawn(steps), each)
		}
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// indexed is some sequences with their numbers among all.
type indexed struct {
	list  [][]model.Step
	index []int
}

// apart divides sequences of statements over tables from calls of paths.
func apart(sequences [][]model.Step) (tables, calls indexed) {
	for i, steps := range sequences {
		to := &tables
		if len(steps) > 0 && steps[0].Op.Path != nil {
			to = &calls
		}
		to.list, to.index = append(to.list, steps), append(to.index, i)
	}
	return tables, calls
}

// count adds what was at stake in a careful run to the matrix.
func (l *lab) count(v *judge.Verdict) {
	for cell, text := range v.Errors {
		if old, ok := l.errors[cell]; !ok || text < old { // the same one, whoever came first
			l.errors[cell] = text
		}
	}
	for cell, text := range v.Unclear {
		if t := l.attempts(cell); t.unclear == "" || text < t.unclear {
			t.unclear = text
		}
	}
	for _, s := range v.Stakes {
		if s.Cell.Path != nil {
			l.fast.Matrix.CountPath(s.Cell.Session, s.Cell.Path.ID, s.Allowed, s.Forbidden)
			continue
		}
		l.fast.Matrix.Count(s.Cell.Session, s.Cell.Table, s.Cell.Command, s.Allowed, s.Forbidden)
	}
}

// ignore lets the fast way pass over what a session sees of a table, or what a path
// tells it, once that is known to differ.
func (l *lab) ignore(t judge.Target) {
	if t.Cell.Path != nil && (t.Class == judge.Interference || t.Class == judge.Open) {
		if l.telling == nil {
			l.telling = map[judge.Cell]bool{}
		}
		l.telling[t.Cell] = true
	}
	if t.Cell.Path == nil && t.Cell.Command == model.Select && (t.Class <= judge.Read || t.Class == judge.Lockout) {
		if l.fast.Known == nil {
			l.fast.Known = map[[2]int]bool{}
		}
		l.fast.Known[[2]int{t.Cell.Session, t.Cell.Table}] = true
	}
}
