package props

import (
	"context"
	"crypto/sha256"
	"path/filepath"
	"time"

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
	memo      map[[sha256.Size]byte]*judge.Verdict // by memory
	unjudged  map[string]int                       // why scenarios of the search could not be judged, and how often
	errors    map[judge.Cell]string                // what ended the statements of a cell, where it was no denial
	live      map[string]bool                      // by kind of call (see liveKey): whether hidden rows might show in it
	tried     map[judge.Cell]*tried                // what the calls of paths showed
	proven    map[string]bool                      // as live, from the walk and earlier rounds; shared by all labs, not changed
	fresh     map[int]bool                         // by Path.ID: paths that give something new each time
	refuted   map[string]int                       // by pair of calls (see pairKey): how often it differed rolled back, and not on real connections
	runs      int                                  // distinct scenarios that ran carefully or committed
	telling   map[judge.Cell]bool                  // cells of paths whose outputs are known to depend on hidden rows
	programs  *run.Programs
	brief     *brief          // how little is looked at while a case is sought or reduced; nil: all
	overdue   func() bool     // whether the run is past its time by half; nil: it has no limit
	hurried   time.Duration   // how long each case may be reduced once it is
	quick     bool            // one finding is all that is asked for: it need not be the least
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
		Target: t, troubles: met, memo: map[[sha256.Size]byte]*judge.Verdict{}, unjudged: map[string]int{}, errors: map[judge.Cell]string{},
		live: map[string]bool{}, fresh: map[int]bool{}, refuted: map[string]int{}, tried: map[judge.Cell]*tried{},
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
	l.lend(m)
	if len(l.File.Services) == 0 {
		return m, nil
	}
	if err := m.StartServices(ctx, l.File.Services, filepath.Dir(l.File.Path), l.Target.Program); err != nil {
		m.Close()
		return nil, input(err)
	}
	return m, nil
}

// lend gives a committer what of the lab it uses.
func (l *lab) lend(m *run.Committer) {
	m.Programs, m.Own = l.programs, l.own
	m.Again = l.database
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
	if t.Cell.Path == nil && t.Column < 0 && t.Cell.Command == model.Select && (t.Class <= judge.Read || t.Class == judge.Lockout) {
		if l.fast.Known == nil {
			l.fast.Known = map[[2]int]bool{}
		}
		l.fast.Known[[2]int{t.Cell.Session, t.Cell.Table}] = true
	}
}
