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
	return w.fixed.super, w.fixed.context, w.fixed.everything, w.masks(id).text, w.contexts.args(id)
}
