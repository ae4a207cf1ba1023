package props_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var selected = regexp.MustCompile(`condition_app select m\d+`)

// TestConditions proves that the walk by itself has a row of each tenant that meets the condition of
// a policy, whatever its shape, and finds the leak behind it. The twin asks for the tenant, too.
func TestConditions(t *testing.T) {
	t.Parallel()
	conditions := []struct{ columns, condition string }{
		{`a text NOT NULL`, `a LIKE 'public%'`},
		{`a text NOT NULL`, `a ILIKE '%@corp.example'`},
		{`a text, c int`, `a LIKE 'x%' AND c > 0`},
		{`a text, b text`, `a LIKE '%x' AND b LIKE 'y%'`},
		{`a text`, `a LIKE 'ab%' AND a LIKE '%yz' AND length(a) > 20`},
		{`a text`, `a ~ '^qq[0-9]+\.txt$'`},
		{`a text`, `a SIMILAR TO '(pub|open)-%'`},
		{`a text, b text, c int, d boolean`, `a LIKE 'x%' AND b IN ('k', 'l') AND c > 100 AND d`},
		{`a text, b text`, `a = 'p' AND (b LIKE 'q!_%' ESCAPE '!' OR b LIKE 'r%' AND b LIKE '%s')`},
		{`d daterange`, `upper(d) - lower(d) > 20`},
		{`d tstzrange`, `lower(d) > now()`},
		{`d daterange`, `upper(d) < current_date - 3650`},
		{`d daterange`, `d @> current_date AND upper_inf(d)`},
		{`d date`, `d < current_date - interval '20 years'`},
		{`d daterange NOT NULL CHECK (NOT isempty(d) AND upper(d) - lower(d) <= 30), f boolean NOT NULL`, `f AND upper(d) - lower(d) > 20`},
		{`j jsonb NOT NULL CHECK (j ? 'color')`, `j @> '{"public": true}'`},
		{`j jsonb`, `j @> '{"public": true}' AND j ->> 'kind' = 'note'`},
		{`e mood NOT NULL, es mood[] NOT NULL`, `e = 'c,d' AND '{e}' = ANY (es)`},
		{`es text[]`, `es @> ARRAY['a', 'b'] AND cardinality(es) > 1`},
		{`es mood[] NOT NULL, p pair NOT NULL`, `'sad' = ANY (es) AND (p).m = 'Happy Day'`},
		{`a text, up text GENERATED ALWAYS AS (upper(a)) STORED`, `up LIKE 'A%'`},
		{`a text UNIQUE`, `a LIKE 'x%'`},
		{`a text`, `shown(a)`},
		{`es text[]`, `es @> ARRAY['a', 'b', 'c', 'd']`},
		{`p pair NOT NULL`, `(p).m = 'Happy Day' AND (p).street = 'Elm'`},
	}
	var tables, policies, twins strings.Builder
	var all []string
	for i, k := range conditions {
		fmt.Fprintf(&tables, "CREATE TABLE m%02d (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenants, %s);\n", i, k.columns)
		fmt.Fprintf(&tables, "ALTER TABLE m%02d ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON m%02d USING (tenant = me());\n", i, i)
		fmt.Fprintf(&policies, "CREATE POLICY q ON m%02d FOR SELECT USING (%s);\n", i, k.condition)
		fmt.Fprintf(&twins, "CREATE POLICY q ON m%02d FOR SELECT USING (tenant = me() AND (%s));\n", i, k.condition)
		all = append(all, fmt.Sprintf("condition_app select m%02d", i))
	}
	const head = `
CREATE ROLE condition_app LOGIN;
CREATE TYPE mood AS ENUM ('sad', 'c,d', 'Happy Day', '{e}'); CREATE TYPE pair AS (street text, m mood);
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.tenant', true), '')::int $$;
CREATE FUNCTION shown(a text) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT a LIKE 'shown:%' $$;
CREATE TABLE tenants (id int PRIMARY KEY); ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON tenants USING (id = me());
`
	const contract = `
schema: schema.sql
tenant: {table: tenants, key: id}
sessions:
  condition_app: {login: condition_app, settings: {app.tenant: $tenant}, sees: {"*": {may: own}}, writes: none}
`
	const grant = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO condition_app;\n"
	for _, k := range []struct {
		name, policies string
		want           []string
	}{{"leak", policies.String(), all}, {"twin", twins.String(), nil}} {
		t.Run(k.name, func(t *testing.T) {
			cfg := written(t, head+tables.String()+k.policies+grant, contract)
			cfg.SkipRandom, cfg.Raw = true, true
			r := ran(t, cfg)
			var got []string
			for _, b := range r.Blocks {
				got = append(got, selected.FindString(b.String()))
			}
			slices.Sort(got)
			got = slices.Compact(got) // with a tenant, and without
			if d := cmp.Diff(k.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
