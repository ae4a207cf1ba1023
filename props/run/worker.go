package run

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

// Worker runs scenarios rolled back on one connection to one scratch database. It is
// not safe for concurrent use.
type Worker struct {
	Contract *model.Contract
	Matrix   *Matrix
	// Known holds (session, table) pairs that are known to show too much or too little:
	// what the session sees there no longer makes a run a surprise.
	Known map[[2]int]bool
	// Base is a change of the schema with which every run begins, and which its end undoes. Its
	// field Roles is not looked at.
	Base Variant

	super     string
	dial      func(context.Context) (*pgx.Conn, error)
	wire      *wire
	alone     *sync.RWMutex // where runs may make roles; nil elsewhere
	own       Own
	contexts  *contexts
	predict   model.Predictor
	order     []*model.Table
	replica   bool
	deferred  string // constraints that are checked at the end of a transaction
	fixed     fixedTexts
	each      []uint64 // of visible, used again
	reaches   *reaches
	reach     *reach // of the present flush
	untouched []int  // by Table.ID: bytes that were loaded since the table was touched
	dead      int    // rows that rolled-back checks left since the last housekeeping, in units of their cost
	waste     int    // how often such units were scanned since then, about
	stats     Stats
	sequences []sequence
	known     Reached // by others
	news      Reached // by this worker, since Explore; nil: nobody wants to know
	novel     []Novel // of the last flush
}

// Stats counts what a worker did.
type Stats struct {
	Flushes  int // round trips of pipelines
	Careful  int // careful runs
	Looks    int // observations of all tables, as the superuser or as a session
	Steps    int // statements of scenarios that ran
	Allowed  int // of these, the ones that neither row security nor a constraint refused
	Restarts int // connections made anew
}

// fixedTexts is the statements that every flush uses.
type fixedTexts struct {
	super, context string
	reset, forget  string   // of what a rollback leaves
	replan         string   // makes plans void; empty where none has a session's values in it
	loads          []string // by Table.ID
	touches        []string // by Table.ID; empty: not possible
	given          [][]bool // by Table.ID, as model.Table.Given
}

// NewWorker connects to a scratch database.
func NewWorker(ctx context.Context, server *postgres.Server, database string, c *model.Contract) (*Worker, error) {
	w, err := newWorker(ctx, server.Superuser(), c, func(ctx context.Context) (*pgx.Conn, error) {
		return server.Connect(ctx, database, "")
	})
	if err == nil && changesRoles(c) {
		w.alone = server.Alone()
	}
	return w, err
}

// apart waits for those whose roles a run would meet, and gives what ends that they wait for it.
func (w *Worker) apart() (end func()) {
	if w.alone == nil {
		return func() {}
	}
	w.alone.RLock()
	return w.alone.RUnlock
}

// Divide names sets of tables that many scenarios have in common, by Table.ID, so that
// these share their statements.
func (w *Worker) Divide(parts [][]bool) { w.reaches = newReaches(w.Contract.Schema, parts) }

func newWorker(ctx context.Context, super string, c *model.Contract, dial func(context.Context) (*pgx.Conn, error)) (*Worker, error) {
	w := &Worker{Contract: c, Matrix: NewMatrix(c), super: super, dial: dial, reaches: newReaches(c.Schema, nil)}
	w.predict.Contract = c
	w.reach = w.reaches.of(nil)
	w.order, w.replica = c.Schema.LoadOrder()
	for _, t := range c.Schema.Tables {
		w.replica = w.replica || len(t.Triggers) > 0
	}
	if err := w.connect(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

// connectionSettings make a connection fast and what it prints predictable.
var connectionSettings = []string{
	"SET plan_cache_mode = force_generic_plan", "SET jit = off", "SET track_activities = off", "SET statement_timeout = '20s'",
	"SET client_min_messages = notice", "SET datestyle = 'ISO, MDY'", "SET intervalstyle = postgres", "SET timezone = 'UTC'",
	"SET bytea_output = hex",
}

// deferredConstraints lists, as SET CONSTRAINTS takes them, what is checked at the end of a transaction:
// keys, exclusions and constraint triggers.
const deferredConstraints = `SELECT coalesce(string_agg(DISTINCT quote_ident(n.nspname) || '.' || quote_ident(c.conname), ', '), '')
FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace WHERE c.condeferred`

// connect makes the connection, anew where there was one.
func (w *Worker) connect(ctx context.Context) error {
	if w.wire != nil {
		w.wire.close()
		w.stats.Restarts++
	}
	conn, err := w.dial(ctx)
	if err != nil {
		return fmt.Errorf("connect to scratch database: %w", err)
	}
	base := map[string]string{}
	for _, d := range w.Contract.Schema.Defaults {
		base[d.Name] = ""
	}
	for _, s := range w.Contract.Sessions {
		for i := range s.Settings {
			base[s.Settings[i].Name] = ""
		}
	}
	for name := range base {
		var v *string
		if err := conn.QueryRow(ctx, "SELECT current_setting($1, true)", name).Scan(&v); err != nil {
			return fmt.Errorf("read setting %s: %w", name, err)
		}
		if v == nil {
			delete(base, name)
		} else {
			base[name] = *v
		}
	}
	if err := conn.QueryRow(ctx, deferredConstraints).Scan(&w.deferred); err != nil {
		return fmt.Errorf("read deferred constraints: %w", err)
	}
	for _, set := range connectionSettings {
		if _, err := conn.Exec(ctx, set); err != nil {
			return fmt.Errorf("prepare connection: %w", err)
		}
	}
	if w.wire, err = newWire(conn); err != nil {
		return err
	}
	w.wire.own = w.own
	w.contexts = newContexts(w.Contract, w.super, base)
	w.fixed = fixedTexts{super: w.contexts.superuser(), context: w.contexts.text(), reset: resetText(w.Contract.Schema), forget: forgetText(w.Contract)}
	if len(w.Contract.Schema.Frozen) > 0 {
		w.fixed.replan = "DISCARD PLANS"
	}
	w.fixed.loads, w.fixed.touches = make([]string, len(w.Contract.Schema.Tables)), make([]string, len(w.Contract.Schema.Tables))
	w.untouched = make([]int, len(w.Contract.Schema.Tables))
	for i, t := range w.Contract.Schema.Tables {
		w.fixed.given = append(w.fixed.given, t.Given())
		w.fixed.loads[i] = load(t, nil)
		w.fixed.touches[i] = touch(t)
	}
	return nil
}

// Close ends the connection.
func (w *Worker) Close() { w.wire.close() }

// Stats returns what the worker did so far.
func (w *Worker) Stats() Stats {
	s := w.stats
	s.Flushes = w.wire.sent
	return s
}

// Stepped notes statements that ran, and how many of them were allowed.
func (w *Worker) Stepped(n, allowed int) {
	w.stats.Steps += n
	w.stats.Allowed += allowed
}

// ready repairs what an earlier failure left: a lost connection, an open transaction.
func (w *Worker) ready(ctx context.Context) error {
	if w.wire.broken != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.connect(ctx); err != nil {
			return err
		}
	}
	if err := w.wire.drain(ctx); err != nil {
		return err
	}
	if w.wire.status != 'I' {
		return w.wire.exec(ctx, "ROLLBACK")
	}
	return nil
}

// worth is how many looks at dead rows, for each table, cost about as much as a
// housekeeping: clearing a table, and planning its statements anew.
const worth = 160_000

// A dead row costs much less once its page is pruned.
const (
	deadCost   = 12
	prunedCost = 1
)

// spend notes that sequences ran over the dead rows that there are.
func (w *Worker) spend(sequences int) { w.waste += w.dead / deadCost * sequences }

// housekeeping clears the dead rows that rolled-back checks leave, which would slow
// every scan down. It waits until as much time was lost on them as it takes itself:
// that is the cheapest moment, whatever checks look like.
func (w *Worker) housekeeping(ctx context.Context) error {
	if w.waste < worth*max(4, len(w.order)) {
		return nil
	}
	w.dead, w.waste = 0, 0
	var empty, kept []string
	for _, t := range w.order {
		empty = append(empty, CopyName(t))
		if len(t.Seed) == 0 && watched(t) {
			empty = append(empty, t.SQL())
		} else {
			kept = append(kept, t.SQL())
		}
	}
	if err := w.wire.exec(ctx, "TRUNCATE "+strings.Join(empty, ", ")); err != nil {
		kept = append(kept, empty...) // a kept table refers to one of them
	}
	if err := w.wire.exec(ctx, vacuum(kept)); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	return nil
}

// name prepares a statement for a role; statements are not shared between roles,
// which would plan them anew at every change.
func (w *Worker) name(ctx context.Context, id *model.Identity, text string) (string, error) {
	plan := ""
	if id != nil {
		plan = id.Acts()
	}
	return w.wire.prepare(ctx, plan, text)
}

type maskKey struct {
	session int
	role    string
}

// maskPlan is what an identity's observation reads. What is generated follows from other columns,
// and is left out.
type maskPlan struct {
	text  string
	masks [][]bool // by Table.ID; nil: not read
	whole []bool   // by Table.ID: the mask is every column
	bound []bool   // by Table.ID: the rule is an upper bound, and fewer rows may show; nil for none
}

// masks plans the observation of an identity.
func (w *Worker) masks(id *model.Identity) *maskPlan {
	key := maskKey{id.Session.ID, id.Acts()}
	reach := w.reach
	if p := reach.mask[key]; p != nil {
		return p
	}
	p := &maskPlan{masks: make([][]bool, len(w.order)), whole: make([]bool, len(w.order))}
	p.text = observation(w.Contract.Schema, func(t *model.Table) ([]bool, bool) {
		mask, some := visibleMask(id, t)
		some = some && reach.has(t)
		if some {
			for i, given := range w.fixed.given[t.ID] {
				mask[i] = mask[i] && given
			}
			p.masks[t.ID], p.whole[t.ID] = mask, allTrue(mask)
			if !id.Session.Sees[t.ID].Exact {
				if p.bound == nil {
					p.bound = make([]bool, len(w.order))
				}
				p.bound[t.ID] = true
			}
		}
		return mask, some
	})
	reach.mask[key] = p
	return p
}

func allTrue(list []bool) bool {
	for _, v := range list {
		if !v {
			return false
		}
	}
	return true
}

// Rebase changes what every run begins with. Plans that were made on another base are
// forgotten: they do not notice that a role's attributes changed.
func (w *Worker) Rebase(ctx context.Context, base Variant) error {
	if err := w.ready(ctx); err != nil {
		return err
	}
	w.Base = base
	return w.wire.exec(ctx, "DISCARD PLANS")
}
