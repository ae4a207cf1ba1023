package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// catalogs is Postgres' own tables in which temporary tables, and objects that an
// experiment changes, leave dead rows.
var catalogs = []string{
	"pg_catalog.pg_attrdef", "pg_catalog.pg_attribute", "pg_catalog.pg_class", "pg_catalog.pg_constraint", "pg_catalog.pg_depend", "pg_catalog.pg_index",
	"pg_catalog.pg_policy", "pg_catalog.pg_proc", "pg_catalog.pg_rewrite", "pg_catalog.pg_sequence", "pg_catalog.pg_statistic", "pg_catalog.pg_trigger", "pg_catalog.pg_type",
}

// vacuum is the statement that clears the dead rows of some tables and of the catalogs.
func vacuum(tables []string) string {
	return "VACUUM " + strings.Join(slices.Concat(tables, catalogs), ", ")
}

// tidyEvery is after how many resets of a scratch database its dead rows are cleared: by
// then a table takes some pages more than it needs, and clearing takes a hundredth of the
// time that the scenarios took.
const tidyEvery = 500

// tidy clears the dead rows that scenarios leave: every scan would take longer from hour to
// hour.
func (m *Committer) tidy(ctx context.Context) error {
	if m.resets++; m.resets%tidyEvery != 0 {
		return nil
	}
	tables := slices.Clone(m.apart)
	for _, t := range m.order {
		tables = append(tables, t.SQL())
	}
	if _, _, err := m.super.exec(ctx, vacuum(tables), nil); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	return nil
}
