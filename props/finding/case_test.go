package finding_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// values is texts that YAML readers are known to take for something else, and any others.
func values() *rapid.Generator[model.Value] {
	tricky := []string{
		"1", "01", "1.50", "1e3", "0x1f", "1_000", "-3", "true", "null", "~", "no", "y", "", " ", " x", "x ", "#x", "x #y", "a: b", "a:", ":a", "- a", "-", "?",
		"it's", `say "hi"`, `back\slash`, "two\nlines", "two\nlines\n", "\ttab", "&a", "*a", "!!str x", "{a: 1}", "[1]", "@x", "`x`", "%x", "|", ">", "é", "\u2028", "\u00a0", "😀",
		"2020-01-01", "2020-01-01 00:00:00+00", "12:30:45", ".inf", ".nan", "<<", "=", "...", "---", "\r", "a\r\nb", "\x01",
	}
	return rapid.OneOf(
		rapid.Map(rapid.SampledFrom(tricky), text),
		rapid.Map(rapid.String(), func(s string) model.Value { return text(strings.ReplaceAll(s, "\x00", "")) }),
		rapid.Map(rapid.Int64Range(0, 99), func(n int64) model.Value { return text(string(rune('0'+n%10)) + "x") }),
	)
}

func scenario(t *rapid.T) *model.Scenario {
	nullable := rapid.OneOf(values(), rapid.Just(null))
	s := &model.Scenario{Committed: rapid.Bool().Draw(t, "committed")}
	rows := func(cells ...*rapid.Generator[model.Value]) []model.Row {
		var out []model.Row
		for range rapid.IntRange(0, 3).Draw(t, "rows") {
			row := model.Row{}
			for _, g := range cells {
				row = append(row, g.Draw(t, "value"))
			}
			out = append(out, row)
		}
		return out
	}
	one := func(s string) *rapid.Generator[model.Value] { return rapid.Just(text(s)) }
	s.Data = [][]model.Row{
		append([]model.Row{{text("1"), text("Acme")}}, rows(one("2"), nullable)...),
		append([]model.Row{{text("7"), text("1"), text("x"), text("f"), null, null}}, rows(values(), one("1"), values(), one("t"), nullable, rapid.Just(null))...),
		rows(one("5"), nullable, nullable),
	}
	return s
}

func TestCaseRoundTrip(t *testing.T) {
	c := contract(desk())
	list := shapes(c)
	rapid.Check(t, func(rt *rapid.T) {
		s := scenario(rt)
		for range rapid.IntRange(1, 3).Draw(rt, "steps") {
			s.Steps = append(s.Steps, step(rt, c, list(nil)))
		}
		k := finding.FromScenario(c, s)
		k.Contract = "../x y.yaml"
		src := k.Format()
		read, err := finding.ParseCase("case.yaml", src)
		if err != nil {
			rt.Fatalf("%v\n%s", err, src)
		}
		got, err := read.Scenario(c, list)
		if err != nil {
			rt.Fatalf("%v\n%s", err, src)
		}
		same := cmp.Comparer(func(a, b *model.Shape) bool { return a == b })
		session := cmp.Comparer(func(a, b *model.Session) bool { return a == b })
		if diff := cmp.Diff(s, got, same, session); diff != "" {
			rt.Fatalf("(-wrote +read)\n%s\n%s", diff, src)
		}
		if read.Contract != k.Contract {
			rt.Fatalf("contract %q", read.Contract)
		}
		if again := finding.FromScenario(c, got); string((&finding.Case{Contract: k.Contract, Committed: again.Committed, Rows: again.Rows, Steps: again.Steps}).Format()) != string(src) {
			rt.Fatalf("the text changes when written again:\n%s", src)
		}
	})
}

func step(t *rapid.T, c *model.Contract, list []*model.Shape) model.Step {
	st := model.Step{Session: rapid.SampledFrom(c.Sessions).Draw(t, "session"), Tenant: text("1"), User: null, Fresh: rapid.Bool().Draw(t, "fresh")}
	if st.Session.User != nil {
		st.User = text("7")
	}
	if rapid.Bool().Draw(t, "by hand") {
		st.Op.Raw = "SELECT " + rapid.OneOf(values()).Draw(t, "text").Text + ";"
		return st
	}
	st.Op.Shape = rapid.SampledFrom(list).Draw(t, "shape")
	for range st.Op.Shape.Params {
		st.Op.Args = append(st.Op.Args, rapid.OneOf(values(), rapid.Just(null)).Draw(t, "argument"))
	}
	return st
}

const byHand = `contract: rlsfuzz.yaml
rows:
  accounts:
    - {id: 1}
    - {id: 2, name: Beta}
  users:
    - {id: 7, active: yes}
    - {id: 8, account_id: 2, email: b@example.com}
  help.tickets:
    - {account_id: 2, subject: secret}
steps:
  - session: agent
    tenant: 1
    sql: |
      SELECT subject
      FROM help.tickets
    expect: {count: 0}
  - {session: member, tenant: 2, fresh: true, cut: 2, undone: true, prepared: true, sql: SELECT 1, expect: {rows: [[1], {x: 2}, 3], sqlstate: '00000'}}
`

func TestCaseByHand(t *testing.T) {
	c := contract(desk())
	k, err := finding.ParseCase("leak.yaml", []byte(byHand))
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.Scenario(c, shapes(c))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]model.Row{
		{{text("1"), null}, {text("2"), text("Beta")}},
		{
			{text("7"), text("1"), text("email"), text("t"), null, null},
			{text("8"), text("2"), text("b@example.com"), text("t"), null, null},
		},
		{{text("1004"), text("2"), text("secret")}},
	}
	want[2][0][0] = s.Data[2][0][0] // any number will do
	if diff := cmp.Diff(want, s.Data); diff != "" {
		t.Errorf("rows (-want +got)\n%s", diff)
	}
	if s.Data[2][0][0].Null {
		t.Error("a NOT NULL key was left NULL")
	}
	if st := s.Steps[0]; st.User != text("7") || st.Op.Raw != "SELECT subject\nFROM help.tickets\n" || st.Fresh {
		t.Errorf("first step: %+v", st)
	}
	if st := s.Steps[1]; !st.Fresh || st.Cut != 2 || !st.Undone || !st.Prepared || st.Tenant != text("2") {
		t.Errorf("second step: %+v", st)
	}
	if again := string(finding.FromScenario(c, s).Format()); !strings.Contains(again, "fresh: true\n    cut: 2\n    undone: true\n    prepared: true\n") {
		t.Errorf("written again:\n%s", again)
	}
	if e := k.Steps[1].Expect; len(e.Rows) != 3 || e.Rows[1].Fields[0].Column != "x" || e.SQLState != "00000" {
		t.Errorf("expect: %+v", e)
	}
}

func TestFillHook(t *testing.T) {
	c := contract(desk())
	k, err := finding.ParseCase("leak.yaml", []byte(byHand))
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	k.Fill = func(t *model.Table, row map[string]model.Value) {
		asked = append(asked, t.Name)
		for _, name := range []string{"id", "email", "active"} {
			if _, ok := row[name]; !ok && t.Column(name) >= 0 {
				row[name] = text("filled")
			}
		}
	}
	s, err := k.Scenario(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"users", "users", "tickets"}, asked); diff != "" {
		t.Errorf("asked (-want +got)\n%s", diff)
	}
	if got := s.Data[1][0][2]; got != text("filled") {
		t.Errorf("email = %v", got)
	}
}

func TestCaseMistakes(t *testing.T) {
	_, f := leak()
	whole := string(finding.CaseOf(f, finding.Material{Contract: f.Contract}).Format())
	step := "steps:\n  - {session: member, tenant: 1, sql: SELECT 1}\n"
	for _, test := range []struct {
		name, src, want string
	}{
		{"empty", "", "c.yaml:1:1: the case is empty"},
		{"cut off", whole[:len(whole)-20], "the case is cut off"},
		{"cut off early", whole[:len(whole)/2], "the case is cut off"},
		{"no steps", "rows: {}\n", "c.yaml:2:1: the case has no steps"},
		{"not a mapping", "- a\n", "c.yaml:1:1: a case should be a mapping"},
		{"unknown key", "row: {}\n" + step, "c.yaml:1:1: unknown key row; known are contract, found, committed, explored, rows, steps\n  1 | row: {}\n    | ^"},
		{"unknown key of a step", "steps:\n  - session: a\n    query: b\n", "c.yaml:3:5: unknown key query"},
		{"no session", "steps:\n  - sql: SELECT 1\n", "c.yaml:2:5: the step has no session"},
		{"no sql", "steps:\n  - session: member\n", "c.yaml:2:5: the step has no sql"},
		{"observer of a statement", "steps:\n  - {session: m, sql: x, observer: {session: a}}\n", "observer is for the call of a path"},
		{"observer without a session", "steps:\n  - {session: m, call: x, observer: {tenant: 1}}\n", "the observer has no session"},
		{"unknown key of an observer", "steps:\n  - {session: m, call: x, observer: {who: a}}\n", "unknown key who; known are session, tenant, user"},
		{"a list as value", "rows:\n  a:\n    - {id: [1]}\n" + step, "c.yaml:3:12: id should be a single value"},
		{"rows as a list", "rows: [1]\n" + step, "c.yaml:1:7: rows should be a mapping"},
		{"flag", "committed: maybe\n" + step, "c.yaml:1:12: committed should be true or false"},
		{"count", "steps:\n  - {session: m, sql: x, expect: {count: few}}\n", "count should be a number of rows"},
		{"state", "steps:\n  - {session: m, sql: x, expect: {sqlstate: 42}}\n", "an SQLSTATE has five characters"},
		{"twice", step + step, "c.yaml:3:"},
		{"not YAML", "steps: [\n", "c.yaml:1:"},
		{"quote left open", "rows:\n  a:\n    - {id: 'x}\n", "c.yaml:3:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, err := finding.ParseCase("c.yaml", []byte(test.src))
			var mistake *finding.CaseError
			if !errors.As(err, &mistake) {
				t.Fatalf("case %+v, error %v", k, err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
		})
	}
}

// TestEveryCut cuts a written case at each byte: no piece of it may pass for a case.
func TestEveryCut(t *testing.T) {
	_, f := leak()
	whole := finding.CaseOf(f, finding.Material{Contract: f.Contract}).Format()
	for n := range len(whole) - 1 {
		k, err := finding.ParseCase("c.yaml", whole[:n])
		if err == nil {
			t.Fatalf("cut at %d of %d: %+v\n%s", n, len(whole), k, whole[:n])
		}
	}
}

func TestStale(t *testing.T) {
	head := "found: {key: abc}\nrows:\n  accounts:\n    - {id: 1}\n"
	step := "steps:\n  - {session: member, tenant: 1, sql: SELECT 1}\n"
	for _, test := range []struct {
		name, src, want string
	}{
		{"table", head + "  gone:\n    - {id: 1}\n" + step, "c.yaml:5:3: the schema has no table gone"},
		{"column", head + "  users:\n    - {id: 7, nick: x}\n" + step, "c.yaml:6:15: table users has no column nick"},
		{"new column", head + "  users:\n    - {id: 7, account_id: 1}\n" + step, "column email of table users is new and NOT NULL"},
		{"session", head + "steps:\n  - {session: boss, tenant: 1, sql: SELECT 1}\n", "the contract has no session boss"},
		{"no tenant", "rows: {}\nsteps:\n  - {session: member, sql: SELECT 1}\n", "a session member needs tenant"},
		{"no user", head + "steps:\n  - {session: agent, tenant: 1, sql: SELECT 1}\n", "a session agent of tenant 1 needs a user: no row of users fits"},
		{"another user", head + "steps:\n  - {session: agent, tenant: 1, user: 9, sql: SELECT 1}\n", "no user 9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, err := finding.ParseCase("c.yaml", []byte(test.src))
			if err != nil {
				t.Fatal(err)
			}
			s, err := k.Scenario(contract(desk()), nil)
			var stale *finding.Stale
			if !errors.As(err, &stale) {
				t.Fatalf("scenario %+v, error %v", s, err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
		})
	}
}

func TestExpect(t *testing.T) {
	trace := &model.StepTrace{Count: 2, Rows: []model.Row{{text("1"), text("a")}, {text("2"), null}}}
	refused := &model.StepTrace{Err: &model.Failure{Code: "42501", Message: "permission denied"}}
	for _, test := range []struct {
		expect string
		trace  *model.StepTrace
		why    string
	}{
		{"{count: 2}", trace, ""},
		{"{count: 1}", trace, "expected 1 row, got 2"},
		{"{rows: [[2, null], [1, a]]}", trace, ""},
		{"{rows: [2, 1]}", trace, ""},
		{"{rows: [{name: a}, {id: 2}]}", trace, ""},
		{"{rows: [{name: b}, {id: 2}]}", trace, "expected a row {name: b}, which did not come"},
		{"{rows: [1]}", trace, "1 row more than expected, such as (2,)"},
		{"{rows: []}", trace, "2 rows more than expected, such as (1,a)"},
		{"{sqlstate: '42501'}", refused, ""},
		{"{sqlstate: '42501'}", trace, "expected SQLSTATE 42501, got success"},
		{"{count: 0}", refused, "expected success, got ERROR 42501: permission denied"},
	} {
		k, err := finding.ParseCase("c.yaml", []byte("steps:\n  - {session: m, sql: x, expect: "+test.expect+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		held, why := k.Steps[0].Expect.Holds(test.trace, []string{"id", "name"})
		if held != (test.why == "") || why != test.why {
			t.Errorf("%s: %v, %q; want %q", test.expect, held, why, test.why)
		}
	}
}

func TestKey(t *testing.T) {
	c, f := leak()
	base := finding.Key(c, f.Scenario, f.Divergence)
	if len(base) != 12 {
		t.Fatalf("key %q", base)
	}
	worded := *f.Divergence
	worded.Rule, worded.Did = "another wording", "SELECT 99"
	if got := finding.Key(c, f.Scenario, &worded); got != base {
		t.Error("the key depends on wording")
	}
	other := *f.Divergence
	other.Cross = false
	if got := finding.Key(c, f.Scenario, &other); got == base {
		t.Error("the key does not depend on the scope")
	}
	s := *f.Scenario
	s.Steps = append([]model.Step{}, s.Steps...)
	s.Steps[0].Fresh = true
	if got := finding.Key(c, &s, f.Divergence); got == base {
		t.Error("the key does not depend on the connection")
	}
	s.Steps[0].Fresh, s.Steps[0].Observer = false, model.Observer{Session: c.Sessions[0], Tenant: text("1"), User: null}
	if got := finding.Key(c, &s, f.Divergence); got == base {
		t.Error("the key does not depend on the observer")
	}
	wider := contract(desk())
	users := wider.Schema.Tables[1]
	users.Columns = append(users.Columns, model.Column{Name: "nick", Type: words})
	data := append([][]model.Row{}, f.Scenario.Data...)
	data[1] = []model.Row{append(append(model.Row{}, data[1][0]...), null)}
	if got := finding.Key(wider, &model.Scenario{Data: data, Steps: f.Scenario.Steps}, f.Divergence); got != base {
		t.Error("a new nullable column changes the key")
	}
}

// TestMangled changes bytes of a case: reading it never panics, and a mistake has a place.
func TestMangled(t *testing.T) {
	_, f := leak()
	whole := append(finding.CaseOf(f, finding.Material{Contract: f.Contract}).Format(), byHand...)
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.IntRange(0, len(whole)-1).Draw(rt, "from")
		src := append([]byte{}, whole[from:rapid.IntRange(from, len(whole)).Draw(rt, "to")]...)
		for range rapid.IntRange(0, 4).Draw(rt, "changes") {
			if len(src) > 0 {
				src[rapid.IntRange(0, len(src)-1).Draw(rt, "at")] = rapid.SampledFrom([]byte("{}[]:,-#'\"|>&*!%@` \n\t\\~?x1")).Draw(rt, "byte")
			}
		}
		k, err := finding.ParseCase("c.yaml", src)
		var mistake *finding.CaseError
		if (k == nil) == (err == nil) || err != nil && (!errors.As(err, &mistake) || mistake.Pos.Line < 1 || mistake.Pos.Column < 1) {
			rt.Fatalf("case %v, error %v\n%s", k, err, src)
		}
	})
}
