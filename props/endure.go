package props

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// defaultPatience is how long a search waits for a server that does not answer.
const defaultPatience = 5 * time.Second

// attempts is how often work is tried that trouble keeps from its end, each time with
// everything made anew.
const attempts = 4

// troubles counts what the surroundings did to a search. Its workers share it.
type troubles struct {
	patience time.Duration
	restart  bool                                 // a private server that died is started again
	note     func(kind postgres.Trouble, e error) // of each; may be nil

	mu     sync.Mutex
	counts map[postgres.Trouble]int
}

func newTroubles(cfg *Config) *troubles {
	t := &troubles{patience: cfg.Patience, restart: cfg.Restart, counts: map[postgres.Trouble]int{}}
	if t.patience == 0 {
		t.patience = defaultPatience
	}
	return t
}

func (t *troubles) add(kind postgres.Trouble, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[kind]++
	if t.note != nil {
		t.note(kind, err)
	}
}

// all is how often each kind was met.
func (t *troubles) all() map[postgres.Trouble]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// StuckError says that work could not be done, however often it was tried, although the
// server answered each time: the work itself may be what brings the trouble.
type StuckError struct {
	Kind postgres.Trouble
	Err  error
}

// Error names the trouble.
func (e *StuckError) Error() string {
	return fmt.Sprintf("%s, %d times in a row, though the server answers: %s", e.Kind, attempts, firstLine(e.Err))
}

// Unwrap gives what was met last.
func (e *StuckError) Unwrap() error { return e.Err }

// endure does work, and again from its beginning where trouble of the surroundings kept it
// from its end: it waits for the server, and makes the lab's connections and databases
// anew. An error is no trouble, or ends the search: a *GoneError or a *StuckError.
func (l *lab) endure(ctx context.Context, work func() error) error {
	var said []string // the SQLSTATEs that statements ended with
	for n := 1; ; n++ {
		err := work()
		kind := postgres.TroubleOf(err)
		if kind == "" || ctx.Err() != nil || settled(err) {
			return err
		}
		l.troubles.add(kind, err)
		if n == attempts {
			return &StuckError{kind, err}
		}
		if kind.OfStatement() {
			said = l.heard(err, said)
			pause(ctx, time.Duration(n)*100*time.Millisecond) // whoever is in the way may be gone then
			continue
		}
		said = nil
		if err := l.revive(ctx, kind, err); err != nil {
			return err
		}
	}
}

// settled reports whether an error is endure's own: there is nothing left to try.
func settled(err error) bool {
	var gone *GoneError
	var stuck *StuckError
	return errors.As(err, &gone) || errors.As(err, &stuck)
}

// heard notes how a statement ended. What it ends with each time is its own answer.
func (l *lab) heard(err error, before []string) []string {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || len(before) > 0 && before[0] != pg.Code {
		return nil
	}
	before = append(before, pg.Code)
	if len(before) == attempts-1 {
		own := run.Own{pg.Code: true}
		maps.Copy(own, l.own)
		l.own = own
		l.accept()
	}
	return before
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// accept hands the lab's workers what is known of statements' own answers.
func (l *lab) accept() {
	if l.fast != nil {
		l.fast.Accept(l.own)
	}
	if l.committer != nil {
		l.committer.Own = l.own
	}
}

// revive waits until the server answers, and makes the lab anew. The error is why it
// cannot be: a *GoneError, or ctx's.
func (l *lab) revive(ctx context.Context, kind postgres.Trouble, met error) error {
	until := time.Now().Add(l.troubles.patience)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := l.Server.Revive(ctx, l.troubles.restart)
		if err == nil && l.fast != nil {
			err = l.renew(ctx)
		}
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, postgres.ErrEnded), time.Now().After(until):
			return &GoneError{errors.Join(met, err)}
		}
		if k := postgres.TroubleOf(err); k != "" && k != kind { // each kind once
			kind = k
			l.troubles.add(k, err)
		}
		pause(ctx, wait)
	}
}

// renew makes the lab's connections and databases anew. What it knows stays known.
func (l *lab) renew(ctx context.Context) error {
	if l.committer != nil {
		l.committer.Close()
		l.committer = nil
	}
	old := l.databases
	l.databases = nil
	db, err := l.database(ctx)
	if err != nil {
		l.databases = append(l.databases, old...)
		return err
	}
	if err := l.fast.Move(ctx, l.Server, db); err != nil {
		l.databases = append(l.databases, old...)
		return err
	}
	l.drop(old)
	return nil
}
