package props

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// seals lists what of a database must not act in scratch ones, in the order in which it is switched off:
// what it is, and the statement that does it.
//
// Event triggers would fire at rlsfuzz's own statements, and may refuse them. Functions of extensions that
// take a connection string or an address, and wrappers of foreign tables, connect to other databases
// (manual: Event Triggers, dblink, CREATE FOREIGN DATA WRAPPER).
const seals = `
SELECT 'event trigger ' || evtname, format('ALTER EVENT TRIGGER %I DISABLE', evtname)
FROM pg_event_trigger WHERE evtenabled <> 'D'
UNION ALL
SELECT 'foreign tables of ' || fdwname, format('ALTER FOREIGN DATA WRAPPER %I NO HANDLER', fdwname)
FROM pg_foreign_data_wrapper WHERE fdwhandler <> 0
UNION ALL
SELECT 'functions of the extension ' || e.extname,
	format('CREATE OR REPLACE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', n.nspname, p.proname,
		pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
		'BEGIN RAISE feature_not_supported USING MESSAGE = ''rlsfuzz: scratch databases connect to nothing else''; END')
FROM pg_extension e
JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
JOIN pg_proc p ON p.oid = d.objid
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'c'
WHERE e.extname = 'dblink' AND p.proname IN ('dblink', 'dblink_exec', 'dblink_connect', 'dblink_connect_u')
	OR e.extname = 'http' AND p.proname = 'http'
ORDER BY 1, 2`

// seal keeps a database from reaching others: a schema may bring the address of a real one, and what its
// paths and triggers do there is neither rolled back nor rlsfuzz's to do. It also switches event triggers off.
func (t *Target) seal(ctx context.Context, conn *pgx.Conn) error {
	type one struct{ What, Text string }
	rows, err := conn.Query(ctx, seals)
	if err != nil {
		return fmt.Errorf("look for what connects to other databases: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[one])
	if err != nil {
		return fmt.Errorf("look for what connects to other databases: %w", err)
	}
	var fires, connects []string
	for _, o := range list {
		if _, err := conn.Exec(ctx, o.Text); err != nil {
			return fmt.Errorf("switch off %s: %w", o.What, err)
		}
		if name, is := strings.CutPrefix(o.What, "event trigger "); is {
			fires = append(fires, name)
		} else {
			connects = append(connects, o.What)
		}
	}
	if len(connects) > 0 {
		t.Notes = append(t.Notes, "scratch databases connect to nothing else: these fail: "+strings.Join(slices.Compact(connects), ", "))
	}
	if len(fires) > 0 {
		t.Notes = append(t.Notes, "event triggers are off, which rlsfuzz's own statements would fire: "+strings.Join(fires, ", "))
	}
	return nil
}
