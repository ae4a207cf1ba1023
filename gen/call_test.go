package gen_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// TestCallsDrawFromOneRow calls routines of the shop whose arguments mean columns: by their
// names, by what their text compares them with, or as keys of a document.
func TestCallsDrawFromOneRow(t *testing.T) {
	bigint := model.Type{Name: "bigint", Base: "int8", Kind: sql.Int}
	text := model.Type{Name: "text", Base: "text", Kind: sql.Text}
	jsonb := model.Type{Name: "jsonb", Base: "jsonb"}
	list := model.Type{Name: "bigint[]", Base: "int8", Array: true}
	arg := func(name string, t model.Type) model.RoutineArg { return model.RoutineArg{Name: name, Type: t} }
	tests := []struct {
		name    string
		routine model.Routine
		columns []int // of invoices, for each argument
		shape   []string
	}{
		{"by name", model.Routine{Args: []model.RoutineArg{arg("p_number", text), arg("invoice_id", bigint)}, Source: "select from invoices"}, []int{2, 0}, []string{"%", "%"}},
		{"by comparison", model.Routine{Args: []model.RoutineArg{arg("term", text)}, Source: "SELECT * FROM invoices i WHERE i.number ILIKE '%' || term || '%'"}, []int{2}, []string{"%"}},
		{"by comparison as text", model.Routine{Args: []model.RoutineArg{arg("p", text)}, Source: "SELECT * FROM invoices WHERE id::text LIKE p || '%'"}, []int{0}, []string{"%"}},
		{"unnamed", model.Routine{Args: []model.RoutineArg{arg("", bigint)}, Source: "SELECT memo FROM invoices WHERE id = $1"}, []int{0}, []string{"%"}},
		{"list", model.Routine{Args: []model.RoutineArg{arg("invoice_id", list)}, Source: "select from invoices where id = any(invoice_id)"}, []int{0}, []string{`{"%"}`}},
		{"document", model.Routine{Args: []model.RoutineArg{arg("body", jsonb), arg("invoice_id", bigint)}, Source: "SELECT body ->> 'number' FROM invoices"}, []int{2, 0}, []string{`{"number": "%"}`, "%"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, calls := shopCalls(&test.routine)
			found := 0
			for _, call := range calls {
				if call.Kind != gen.Other && call.Kind != gen.Own {
					continue
				}
				found++
				if !fromOneRow(d, call.Step.Op.Args, test.columns, test.shape) {
					t.Errorf("%s: no invoice has all of %v", call.Kind, call.Step.Op.Args)
				}
			}
			if found < 2 {
				t.Errorf("%d calls, want one of an own row and one of another tenant's", found)
			}
		})
	}
}

// TestCallsFillDocuments calls routines that go through the records of a document: with one of an own
// row, one of another tenant's, and one of each. What is compared is the row's, and what is only set is
// another value.
func TestCallsFillDocuments(t *testing.T) {
	for _, test := range []struct {
		name, source, key string
		sets              bool
	}{
		{"records", "SELECT i.number FROM jsonb_to_recordset(body) AS r(id bigint, memo text) JOIN invoices i ON i.id = r.id AND i.memo = r.memo", "", false},
		{"elements under a key", "SELECT i.number FROM jsonb_array_elements(body -> 'List') l, invoices i WHERE i.id = (l ->> 'id')::bigint AND i.memo = l ->> 'memo'", "List", false},
		{"records that are written", "INSERT INTO invoices SELECT r.id, $2, r.memo FROM jsonb_to_recordset($1) AS r(id bigint, memo text) ON CONFLICT (id) DO UPDATE SET memo = excluded.memo", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, calls := shopCalls(&model.Routine{Args: []model.RoutineArg{{Name: "body", Type: model.Type{Name: "jsonb", Base: "jsonb"}}}, Source: test.source})
			got := map[gen.Kind]int{}
			for _, call := range calls {
				if call.Kind != gen.Own && call.Kind != gen.Other && call.Kind != gen.Both || call.Count == 0 {
					continue
				}
				doc := call.Step.Op.Args[0].Text
				if test.key != "" {
					doc = strings.TrimSuffix(strings.TrimPrefix(doc, `{"`+test.key+`": `), "}")
				}
				var records []struct {
					ID   json.Number
					Memo string
				}
				if err := json.Unmarshal([]byte(doc), &records); err != nil {
					t.Fatalf("%s: %v", call.Step.Op.Args[0].Text, err)
				}
				got[call.Kind] = max(got[call.Kind], len(records))
				for _, r := range records {
					if found := slices.ContainsFunc(d.State.Rows(invoices), func(row model.Row) bool {
						return row[0].Text == r.ID.String() && (row[4].Text == r.Memo) != test.sets
					}); !found {
						t.Errorf("%s: no invoice is %v", call.Kind, r)
					}
				}
			}
			if diff := cmp.Diff(map[gen.Kind]int{gen.Own: 1, gen.Other: 1, gen.Both: 2}, got); diff != "" {
				t.Errorf("records in a document (-want +got)\n%s", diff)
			}
		})
	}
}

// TestPieces calls a routine that looks for a piece of a text with a piece of another tenant's, and
// one that compares the whole text not.
func TestPieces(t *testing.T) {
	for _, test := range []struct {
		source string
		want   bool
	}{
		{"SELECT * FROM invoices WHERE number ILIKE '%' || term || '%'", true},
		{"SELECT * FROM invoices WHERE strpos(number, term) > 0", true},
		{"SELECT * FROM invoices i WHERE position(lower(term) IN lower(i.number)) > 0", true},
		{"SELECT * FROM invoices i WHERE to_tsvector('simple', i.number) @@ plainto_tsquery('simple', term)", true},
		{"SELECT * FROM invoices WHERE number = term AND number <> 'like'", false},
	} {
		text := model.Type{Name: "text", Base: "text", Kind: sql.Text}
		d, calls := shopCalls(&model.Routine{Args: []model.RoutineArg{{Name: "term", Type: text}}, Source: test.source})
		pieces := 0
		for _, call := range calls {
			if call.Kind != gen.Part {
				continue
			}
			pieces++
			piece := call.Step.Op.Args[0].Text
			within := slices.ContainsFunc(d.State.Rows(invoices), func(row model.Row) bool {
				return len(piece) < len(row[2].Text) && strings.Contains(row[2].Text, piece)
			})
			if !within {
				t.Errorf("%s: %q is no piece of a number", test.source, piece)
			}
		}
		if got := pieces > 0; got != test.want {
			t.Errorf("%s: called with a piece: %t, want %t", test.source, got, test.want)
		}
	}
}

// shopCalls lists the calls that the walk tries of a routine, by the members of one session of the shop.
func shopCalls(r *model.Routine) (*gen.Dataset, []gen.Call) {
	c := shop()
	job := c.Sessions[1]
	r.Name = "f"
	path := &model.Path{Name: "function f", Routine: r, Users: []model.PathUser{{Session: job, Rules: job, Vars: job.Vars, Sees: job.Sees}}}
	for range r.Args {
		path.Args = append(path.Args, model.PathArg{Column: model.ColumnRef{Table: -1, Column: -1}})
	}
	c.Paths = []*model.Path{path}
	p := gen.NewPlan(c, nil)
	d := p.Dataset(&stream{7}, gen.Options{Cast: 1 << 10})
	var out []gen.Call
	for i := range d.Cast {
		if d.Cast[i].Session == job {
			out = append(out, p.Calls(d, &d.Cast[i])...)
		}
	}
	return d, out
}

func fromOneRow(d *gen.Dataset, args []model.Value, columns []int, shape []string) bool {
	for _, row := range d.State.Rows(invoices) {
		all := true
		for i, c := range columns {
			all = all && args[i].Text == strings.ReplaceAll(shape[i], "%", row[c].Text)
		}
		if all {
			return true
		}
	}
	return false
}

// TestCallsSetOtherValues calls a routine that writes what it is given: never the value that the
// row has, which would show nothing.
func TestCallsSetOtherValues(t *testing.T) {
	for _, source := range []string{
		"UPDATE invoices SET memo = f.memo WHERE id = invoice_id",
		"UPDATE invoices SET memo = $2 WHERE id = $1",
	} {
		c := shop()
		job := c.Sessions[1]
		routine := &model.Routine{Name: "f", Source: source, Args: []model.RoutineArg{
			{Name: "invoice_id", Type: model.Type{Name: "bigint", Base: "int8", Kind: sql.Int}},
			{Name: "memo", Type: model.Type{Name: "text", Base: "text", Kind: sql.Text}},
		}}
		unknown := model.PathArg{Column: model.ColumnRef{Table: -1, Column: -1}}
		c.Paths = []*model.Path{{
			Name: "function f", Routine: routine, Args: []model.PathArg{unknown, unknown},
			Users: []model.PathUser{{Session: job, Rules: job, Vars: job.Vars, Sees: job.Sees}},
		}}
		p := gen.NewPlan(c, nil)
		memo := c.Schema.Tables[invoices].Column("memo")
		d := p.Dataset(&stream{7}, gen.Options{Cast: 1 << 10})
		named := 0
		for i := range d.Cast {
			for _, call := range p.Calls(d, &d.Cast[i]) {
				for _, row := range d.State.Rows(invoices) {
					args := call.Step.Op.Args
					if row[0] != args[0] {
						continue
					}
					if named++; row[memo] == args[1] {
						t.Errorf("%s: %s: invoice %s has the memo %s already", source, call.Kind, args[0].Text, args[1].Text)
					}
				}
			}
		}
		if named == 0 {
			t.Errorf("%s: no call is about an invoice", source)
		}
	}
}

// oneOfMany is the kinds of calls of n arguments of which all but one, or all, are of one tenant.
func oneOfMany(n int) string {
	own, theirs := strings.Repeat("o", n), strings.Repeat("x", n)
	out := []string{own, theirs}
	for i := range n {
		out = append(out, own[:i]+"x"+own[i+1:], theirs[:i]+"o"+theirs[i+1:])
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// TestCallsMixTenants calls routines of several arguments: each combination of an own row and
// another tenant's, for columns of two tables and for one column twice.
func TestCallsMixTenants(t *testing.T) {
	id, line := model.ColumnRef{Table: invoices, Column: 0}, model.ColumnRef{Table: lines, Column: 0}
	number, memo := model.ColumnRef{Table: invoices, Column: 2}, model.ColumnRef{Table: invoices, Column: 4}
	tests := []struct {
		name string
		args []model.ColumnRef
		want string
	}{
		{"two tables", []model.ColumnRef{id, line}, "oo ox xo xx"},
		{"one column twice", []model.ColumnRef{id, id}, "oo ox xo xx"},
		{"a column that names no row", []model.ColumnRef{id, memo}, "oo xx"},
		{"such a column twice", []model.ColumnRef{memo, memo}, "oo ox xo xx"},
		{"a third one", []model.ColumnRef{id, line, number}, "ooo oox oxo oxx xoo xox xxo xxx"},
		{"a fourth one", []model.ColumnRef{id, line, number, id}, "oooo ooox ooxo oxoo oxxx xooo xoxx xxox xxxo xxxx"},
		{"many", slices.Repeat([]model.ColumnRef{id}, 40), oneOfMany(40)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := shop()
			job := c.Sessions[1]
			path := &model.Path{Name: "tie", Run: []string{"SELECT $1, $2"}, Users: []model.PathUser{{Session: job, Rules: job, Vars: job.Vars, Sees: job.Sees}}}
			for _, ref := range test.args {
				path.Args = append(path.Args, model.PathArg{Column: ref})
			}
			c.Paths = []*model.Path{path}
			p := gen.NewPlan(c, nil)
			d := p.Dataset(&stream{7}, gen.Options{Cast: 1 << 10})
			got := map[string]bool{}
			for i := range d.Cast {
				for _, call := range p.Calls(d, &d.Cast[i]) {
					if kind := p.KindOf(&call.Step, d.State); strings.Trim(kind, "ox") == "" {
						got[kind] = true
					}
				}
			}
			if diff := cmp.Diff(strings.Fields(test.want), slices.Sorted(maps.Keys(got))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestCallsLeaveOneArgumentBlank calls a routine of two arguments: each is blank alone, beside a
// row of another tenant, and both are.
func TestCallsLeaveOneArgumentBlank(t *testing.T) {
	c := shop()
	job := c.Sessions[1]
	number, id := model.ColumnRef{Table: invoices, Column: 2}, model.ColumnRef{Table: invoices, Column: 0}
	c.Paths = []*model.Path{{
		Name: "look up", Run: []string{"SELECT $1, $2"}, Args: []model.PathArg{{Column: number}, {Column: id}},
		Users: []model.PathUser{{Session: job, Rules: job, Vars: job.Vars, Sees: job.Sees}},
	}}
	p := gen.NewPlan(c, nil)
	d := p.Dataset(&stream{7}, gen.Options{Cast: 1 << 10})
	got := map[string]bool{}
	for i := range d.Cast {
		for _, call := range p.Calls(d, &d.Cast[i]) {
			var shape []string
			for _, v := range call.Step.Op.Args {
				switch {
				case v.Null:
					shape = append(shape, "NULL")
				case v.Text == "" || v.Text == "%":
					shape = append(shape, "'"+v.Text+"'")
				default:
					shape = append(shape, "row")
				}
			}
			got[strings.Join(shape, " ")] = true
		}
	}
	want := []string{"'%' row", "'' row", "NULL NULL", "NULL row", "row NULL", "row row"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestCallsEndTexts gives a routine that puts a query together what ends the text in it; others get
// no such argument.
func TestCallsEndTexts(t *testing.T) {
	for source, want := range map[string]bool{
		"BEGIN RETURN QUERY EXECUTE 'SELECT memo FROM invoices WHERE number = ''' || number || ''''; END": true,
		"SELECT memo FROM invoices WHERE number = f.number":                                               false,
	} {
		c := shop()
		job := c.Sessions[1]
		routine := &model.Routine{Name: "f", Source: source, Args: []model.RoutineArg{{Name: "number", Type: model.Type{Name: "text", Base: "text", Kind: sql.Text}}}}
		c.Paths = []*model.Path{{
			Name: "function f", Routine: routine, Args: []model.PathArg{{Column: model.ColumnRef{Table: -1, Column: -1}}},
			Users: []model.PathUser{{Session: job, Rules: job, Vars: job.Vars, Sees: job.Sees}},
		}}
		p := gen.NewPlan(c, nil)
		d := p.Dataset(&stream{7}, gen.Options{Cast: 1 << 10})
		got := false
		for i := range d.Cast {
			for _, call := range p.Calls(d, &d.Cast[i]) {
				got = got || strings.HasPrefix(call.Step.Op.Args[0].Text, "'")
			}
		}
		if got != want {
			t.Errorf("%s: %t, want %t", source, got, want)
		}
	}
}

// TestCallsKeepSecrets never draws a secret of a row that the caller may not see.
func TestCallsKeepSecrets(t *testing.T) {
	c := shop()
	stranger := c.Sessions[2]
	number := model.ColumnRef{Table: invoices, Column: 2}
	c.Secrets = []model.ColumnRef{number}
	c.Paths = []*model.Path{{
		Name: "redeem", Run: []string{"SELECT $1"}, Args: []model.PathArg{{Column: number}},
		Users: []model.PathUser{{Session: stranger, Rules: stranger, Vars: stranger.Vars, Sees: stranger.Sees}},
	}}
	p := gen.NewPlan(c, nil)
	d := p.Dataset(&stream{7}, gen.Options{Cast: 1 << 10})
	secrets := map[string]bool{}
	for _, row := range d.State.Rows(invoices) {
		secrets[row[2].Text] = true
	}
	var kinds []string
	for i := range d.Cast {
		for _, call := range p.Calls(d, &d.Cast[i]) {
			kinds = append(kinds, call.Kind.String())
			if secrets[call.Step.Op.Args[0].Text] {
				t.Errorf("%s: the secret %s was drawn", call.Kind, call.Step.Op.Args[0].Text)
			}
		}
	}
	if diff := cmp.Diff(4, len(kinds)); diff != "" { // what no row has, and what is blank
		t.Errorf("calls of %v (-want +got):\n%s", kinds, diff)
	}
}
