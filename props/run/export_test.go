package run

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// NewWorkerOn is NewWorker with connections of the test's own making.
func NewWorkerOn(ctx context.Context, super string, c *model.Contract, dial func(context.Context) (*pgx.Conn, error)) (*Worker, error) {
	return newWorker(ctx, super, c, dial)
}

// Texts are the statements that a plain run needs too.
func (w *Worker) Texts(id *model.Identity) (super, context, everything, look string, args []model.Value) {
	return w.fixed.super, w.fixed.context, w.reach.everything, w.masks(id).text, w.contexts.args(id)
}

// CopyTexts are the statements that fill the copies an operation's query runs over,
// with their arguments; none where Go evaluates the query itself.
func CopyTexts(id *model.Identity, op *model.Op) (texts []string, args [][]model.Value) {
	if op.Shape.Form.Evaluated() {
		return nil, nil
	}
	for _, t := range op.Shape.Tables() {
		sees := &id.Session.Sees[t.ID]
		if text, ok := fillCopy(t, sees); ok {
			texts, args = append(texts, text), append(args, ruleArgs(sees.Rule, id))
		}
	}
	return texts, args
}

// ConnectionSettings are the statements that set up a worker's connection.
func ConnectionSettings() []string { return connectionSettings }

// PID is the process of the worker's backend.
func (w *Worker) PID() uint32 { return w.wire.conn.PID }

// TxStatus is the transaction status of the worker's connection, as the server said last.
func (w *Worker) TxStatus() byte { return w.wire.status }

// Prepared is how many statements the worker's connection has prepared.
func (w *Worker) Prepared() int { return len(w.wire.prepared) }

// CopyFields splits a line of COPY … TO STDOUT.
func CopyFields(line []byte) [][]byte { return copyFields(line) }

// ReachOf is the tables that a scenario can touch, by Table.ID; nil: all.
func ReachOf(s *model.Schema, parts [][]bool, data [][]model.Row, steps []model.Step) []bool {
	return newReaches(s, parts).of(data, steps).tables
}

// NewOutage stands between a client and its server.
func NewOutage(cfg *pgx.ConnConfig, after int) (interface{ Close() }, error) {
	return newOutage(cfg, after)
}

// TidyEvery is after how many resets a committer clears the dead rows.
const TidyEvery = tidyEvery
