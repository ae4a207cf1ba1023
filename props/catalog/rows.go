package catalog

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// readRows reads the rows of every table in one round trip, as the text of the
// types' output functions. Tables without a page on disk are not asked.
func (r *reader) readRows(ctx context.Context, _ Options) error {
	tables := make([]*model.Table, 0, len(r.filled))
	for oid, t := range r.tables {
		if r.filled[oid] {
			tables = append(tables, t)
		}
	}
	if len(tables) == 0 {
		return nil
	}
	var text strings.Builder
	for _, t := range tables {
		names := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			names[i] = model.Quote(c.Name)
		}
		fmt.Fprintf(&text, "SELECT %s FROM ONLY %s;\n", strings.Join(names, ", "), t.SQL())
	}
	results := r.conn.PgConn().Exec(ctx, text.String())
	for i := 0; results.NextResult(); i++ {
		t, reader := tables[i], results.ResultReader()
		for reader.NextRow() {
			t.Seed = append(t.Seed, row(reader.Values()))
		}
		if _, err := reader.Close(); err != nil {
			break // Close of results returns it too
		}
		sortRows(t)
	}
	return results.Close()
}

func row(values [][]byte) model.Row {
	out := make(model.Row, len(values))
	for i, v := range values {
		out[i] = model.Value{Text: string(v), Null: v == nil}
	}
	return out
}

// sortRows orders rows by their key, then by everything: where rows lie on disk
// depends on who else was at work on the server.
func sortRows(t *model.Table) {
	order := slices.Clone(t.Key)
	for i := range t.Columns {
		order = append(order, i)
	}
	slices.SortStableFunc(t.Seed, func(a, b model.Row) int {
		for _, i := range order {
			if c := compare(t.Columns[i].Type.Kind, a[i], b[i]); c != 0 {
				return c
			}
		}
		return 0
	})
}

func compare(k model.Kind, a, b model.Value) int {
	switch {
	case a.Null && b.Null:
		return 0
	case a.Null:
		return 1
	case b.Null:
		return -1
	case k == sql.Int:
		x, errX := strconv.ParseInt(a.Text, 10, 64)
		y, errY := strconv.ParseInt(b.Text, 10, 64)
		if errX == nil && errY == nil && x != y {
			if x < y {
				return -1
			}
			return 1
		}
	}
	return strings.Compare(a.Text, b.Text)
}

// readSequences reads the state of every sequence that a reset must put back.
func (r *reader) readSequences(ctx context.Context, _ Options) error {
	found, err := query[model.Sequence](ctx, r, `
SELECT n.nspname::text, c.relname::text, 0::bigint, false
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C"`)
	if err != nil || len(found) == 0 {
		return err
	}
	var text strings.Builder
	for _, q := range found {
		fmt.Fprintf(&text, "SELECT last_value, is_called FROM %s;\n", q.SQL())
	}
	results, err := r.conn.PgConn().Exec(ctx, text.String()).ReadAll()
	if err != nil {
		return err
	}
	for i, result := range results {
		values := result.Rows[0]
		found[i].Called = string(values[1]) == "t"
		if found[i].Last, err = strconv.ParseInt(string(values[0]), 10, 64); err != nil {
			return fmt.Errorf("read sequence %s: %w", found[i].SQL(), err)
		}
	}
	r.schema.Sequences = found
	return nil
}
