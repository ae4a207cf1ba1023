package props_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const guardSchema = `
CREATE ROLE guard_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE goods (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text NOT NULL);
CREATE TABLE staff (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, name text NOT NULL);
CREATE FUNCTION firm() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
CREATE FUNCTION check_firm(wanted int) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN IF WHEN THEN RAISE EXCEPTION 'wrong firm' USING ERRCODE = '42501'; END IF; END $$;
CREATE FUNCTION goods_of(f int) RETURNS SETOF goods LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN PERFORM check_firm(f); RETURN QUERY SELECT * FROM goods g WHERE ROWS ORDER BY id; END $$;
CREATE FUNCTION staff_of(f int) RETURNS SETOF staff LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN PERFORM check_firm(f); RETURN QUERY SELECT * FROM staff g WHERE ROWS ORDER BY id; END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION goods_of, staff_of TO guard_app;
`

const guardContract = `
schema: schema.sql
tenant: {table: firms, key: id}
tables: {goods: {tenant: firm}, staff: {tenant: firm}}
sessions:
  app:
    login: guard_app
    settings: {app.firm: $tenant}
    sees: {"*": own}
    writes: {"*": none}
`

// TestGuards has two functions ask a third one whether to go on. What they give too much is its doing
// where it says yes too often, and theirs where they go by nothing that it was asked about.
func TestGuards(t *testing.T) {
	t.Parallel()
	const lent = "function F runs with the rights of its owner (SECURITY DEFINER) and lets it through"
	for _, test := range []struct {
		name, when, rows string
		want             []string
	}{
		{name: "sound", when: "wanted IS DISTINCT FROM firm()", rows: "g.firm = f"},
		{name: "the guard", when: "firm() IS NULL", rows: "g.firm = f", want: []string{"function check_firm answers wrongly; 2 functions that leak ask it"}},
		{name: "the functions", when: "wanted IS DISTINCT FROM firm()", rows: "g.firm >= f", want: []string{strings.Replace(lent, "F", "goods_of", 1), strings.Replace(lent, "F", "staff_of", 1)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := written(t, strings.NewReplacer("WHEN", test.when, "ROWS", test.rows).Replace(guardSchema), guardContract)
			cfg.SkipRandom = true
			if d := cmp.Diff(test.want, causes(ran(t, cfg))); d != "" {
				t.Errorf("causes (-want +got):\n%s", d)
			}
		})
	}
}
