package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Change runs statements of the superuser in the scratch database, all of them or none,
// and what they do stays.
func (w *Worker) Change(ctx context.Context, statements []string) error {
	if err := w.ready(ctx); err != nil {
		return err
	}
	for _, text := range slices.Concat([]string{"BEGIN"}, statements, []string{"COMMIT"}) {
		if err := w.wire.exec(ctx, text); err != nil {
			return fmt.Errorf("change the scratch database: %w", err)
		}
	}
	return nil
}

// Change runs statements of the superuser in the scratch database, all of them or none,
// and what they do stays.
func (m *Committer) Change(ctx context.Context, statements []string) error {
	if err := m.ready(ctx); err != nil {
		return err
	}
	if err := m.super.conn.PgConn().Exec(ctx, strings.Join(statements, ";\n")).Close(); err != nil {
		return fmt.Errorf("change the scratch database: %w", err)
	}
	var err error
	m.shaped, err = m.shape(ctx)
	return err
}
