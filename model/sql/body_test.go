package sql_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

func TestSteps(t *testing.T) {
	tests := []struct {
		name, body string
		want       []sql.Step
	}{
		{
			"queries into variables, a write, a result",
			`DECLARE
			  slip payslips; -- ; in a comment
			  company bigint := current_setting('app.company')::bigint;
			BEGIN
			  SELECT p.* INTO STRICT slip FROM payslips p WHERE p.id = which;
			  SELECT count(*), max(id) INTO n, m FROM payslips;
			  IF NOT FOUND THEN RETURN; END IF;
			  INSERT INTO log (company_id, what) VALUES (slip.company_id, 'a; b') RETURNING id INTO logged;
			  RETURN QUERY SELECT CASE WHEN true THEN 1 ELSE 2 END;
			END`,
			[]sql.Step{
				{Text: "SELECT current_setting('app.company')::bigint", Into: "company"},
				{Text: "SELECT p.* FROM payslips p WHERE p.id = which", Into: "slip"},
				{Text: "SELECT count(*), max(id) FROM payslips"},
				{Text: "SELECT NOT FOUND"},
				{Text: "INSERT INTO log (company_id, what) VALUES (slip.company_id, 'a; b') RETURNING id ", Into: "logged"},
				{Text: "SELECT CASE WHEN true THEN 1 ELSE 2 END"},
			},
		},
		{
			"loops, labels, handlers, and text that is made at run time",
			`<<outer>> BEGIN
			  FOR r IN SELECT id FROM tickets WHERE account_id = a LOOP
			    PERFORM close(r.id);
			    r.state := 'closed';
			  END LOOP;
			  FOR i IN 1..3 LOOP EXECUTE 'DELETE FROM tickets'; END LOOP;
			  OPEN c FOR SELECT 1;
			EXCEPTION WHEN no_data_found THEN
			  RAISE EXCEPTION 'none of %', a;
			END`,
			[]sql.Step{
				{Text: "SELECT id FROM tickets WHERE account_id = a"},
				{Text: "SELECT close(r.id)"},
				{Text: "SELECT 'closed'"},
				{Text: "SELECT 1"},
			},
		},
		{
			"statements of SQL",
			`BEGIN ATOMIC UPDATE tickets SET state = 'closed' WHERE id = $1; SELECT 1; END`,
			[]sql.Step{
				{Text: "UPDATE tickets SET state = 'closed' WHERE id = $1"},
				{Text: "SELECT 1"},
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if d := cmp.Diff(test.want, sql.Steps(test.body)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestParseChange(t *testing.T) {
	tests := []struct{ text, table, where, sets string }{
		{"SELECT a, b FROM t WHERE t.id = x ORDER BY a LIMIT 1", "", "t.id = x", ""},
		{"UPDATE t SET a = 1, b = y FROM u WHERE u.id = t.id", "t", "u.id = t.id", "a=1 b=y "},
		{"DELETE FROM t USING u WHERE u.id = z", "t", "u.id = z", ""},
		{"INSERT INTO t VALUES (1, DEFAULT, x)", "t", "", "0=1 2=x "},
		{"INSERT INTO t (c, d) SELECT u.id, 'a' FROM u WHERE u.id = x", "t", "u.id = x", "d='a' "},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			c, err := sql.ParseChange(test.text)
			if err != nil {
				t.Fatal(err)
			}
			var table, where, sets string
			if c.Table != nil {
				table = c.Table.Name
			}
			if c.Query.Where != nil {
				where, _ = sql.Print(c.Query.Where, sql.PrintOptions{})
			}
			for _, s := range c.Sets {
				name, value := s.Column, ""
				if name == "" {
					name = string(rune('0' + s.At))
				}
				value, _ = sql.Print(s.Value, sql.PrintOptions{})
				sets += name + "=" + value + " "
			}
			if d := cmp.Diff([]string{test.table, test.where, test.sets}, []string{table, where, sets}); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	for _, bad := range []string{"", "SELECT 1; SELECT 2", "DROP TABLE t", "UPDATE"} {
		if c, err := sql.ParseChange(bad); err == nil {
			t.Errorf("%q: %+v", bad, c)
		}
	}
}
