package run

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// alters finds what makes, changes or drops something that outlives the rows of a run, also in text that
// a function runs. Temporary tables go with their connection.
var alters = regexp.MustCompile(`(?i)\b(create|alter|drop)\s+(or\s+replace\s+)?((unlogged|unique|foreign|constraint|recursive)\s+)?` +
	`(table|schema|index|view|materialized|sequence|function|procedure|trigger|policy|rule|type|domain|extension)\b|\b(grant|revoke)\s`)

// altersSchema reports whether a path, or a function of the schema, may change the schema by what it says.
func altersSchema(c *model.Contract) bool {
	return slices.ContainsFunc(c.Schema.Texts, func(t model.Text) bool { return t.Kind == "function" && alters.MatchString(t.Body) }) ||
		slices.ContainsFunc(c.Paths, func(p *model.Path) bool { return slices.ContainsFunc(p.Run, alters.MatchString) })
}

// shapeText tells one state of a database's schema from another: its tables, views, functions and
// policies, with their privileges.
const shapeText = `SELECT md5(coalesce(string_agg(x, ' ' ORDER BY x), '')) FROM (
SELECT concat_ws(',', oid, relname, relnamespace, relowner, relnatts, relchecks, relhasrules, relhastriggers, relrowsecurity, relforcerowsecurity, relacl, reloptions)
  FROM pg_catalog.pg_class WHERE relpersistence <> 't' AND oid >= 16384
UNION ALL SELECT concat_ws(',', oid, nspname, nspowner, nspacl) FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_'
UNION ALL SELECT concat_ws(',', oid, xmin) FROM pg_catalog.pg_proc WHERE oid >= 16384
UNION ALL SELECT concat_ws(',', oid, xmin) FROM pg_catalog.pg_policy
UNION ALL SELECT concat_ws(',', oid, xmin) FROM pg_catalog.pg_trigger
UNION ALL SELECT concat_ws(',', oid, xmin) FROM pg_catalog.pg_rewrite WHERE oid >= 16384
UNION ALL SELECT concat_ws(',', oid, xmin) FROM pg_catalog.pg_constraint WHERE oid >= 16384
UNION ALL SELECT concat_ws(',', oid, xmin) FROM pg_catalog.pg_enum
UNION ALL SELECT concat_ws(',', attrelid, attnum, attacl, attnotnull, atthasdef) FROM pg_catalog.pg_attribute WHERE attrelid >= 16384 AND attnum > 0
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = attrelid AND c.relpersistence = 't')
) list(x)`

func (m *Committer) shape(ctx context.Context) (string, error) {
	rows, _, err := m.super.exec(ctx, shapeText, nil)
	if err != nil {
		return "", fmt.Errorf("read the scratch database's schema: %w", err)
	}
	return rows[0][0].Text, nil
}

// anew goes on in another database where a run changed the schema of this one: a table that a path
// made for a tenant would be there already when it is called again.
func (m *Committer) anew(ctx context.Context) error {
	if m.Again == nil || !m.altered || m.Services != nil {
		return nil
	}
	now, err := m.shape(ctx)
	if err != nil {
		return err
	}
	if now == m.shaped {
		m.altered = false
		return nil
	}
	database, err := m.Again(ctx)
	if err != nil {
		return err
	}
	m.drain()
	old, left := m.super, m.database
	m.database = database
	if m.super, err = m.open(ctx, "", ""); err != nil {
		m.super, m.database = old, left // so that this is tried again
		return err
	}
	_ = old.conn.Close(ctx)
	_ = m.server.DropDatabase(ctx, left) // else whoever made it does, later
	m.dirty, m.called, m.altered = false, false, false
	clear(m.touched)
	return m.learn(ctx)
}

// learn notes what a new scratch database has.
func (m *Committer) learn(ctx context.Context) error {
	var err error
	if m.apart, err = m.empties(ctx); err != nil {
		return err
	}
	m.shaped, err = m.shape(ctx)
	return err
}
