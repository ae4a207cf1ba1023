package judge_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

var (
	byID      = model.Where{Match: model.Equal, Columns: []int{id}}
	shown     = []int{id, account, name, state}
	whole     = []int{id, account, name, state, secret}
	denied    = &model.Failure{Code: "42501", Message: `new row violates row-level security policy for table "items"`}
	collision = &model.Failure{Code: "23505", Message: "duplicate key value violates unique constraint"}

	one   = row("1", "1", mineToken, "new", "s1")
	two   = row("2", "1", oldToken, "old", "s2")
	three = row("3", "2", foreignToken, "new", "s3")
	nine  = row("9", "2", "n", "new", "s")
)

// result is what a test compares of a divergence.
type result struct {
	Class  string
	Cell   judge.Cell
	Cross  bool
	Column int
	Rows   []model.Row
	Became []model.Row
	NoRows bool // the divergence is not about rows
}

// trial is one statement with a bug behind it, and the same with the bug mended.
type trial struct {
	name    string
	session string // member if empty
	shape   model.Shape
	args    []string
	bug     answer
	fixed   answer
	want    []result

	reversed bool // the server returns every list of rows the other way round
}

func read(columns ...int) model.Shape { return model.Shape{Command: model.Select, Columns: columns} }

func cell(table int, c model.Command) judge.Cell { return judge.Cell{Table: table, Command: c} }

func hidden(cross bool, rows ...model.Row) []result {
	return []result{{Class: "read", Cell: cell(items, model.Select), Cross: cross, Column: -1, Rows: rows}}
}

func TestJudgeWrites(t *testing.T) {
	update := func(column int) model.Shape {
		return model.Shape{Command: model.Update, Columns: []int{column}, Where: byID}
	}
	wrote := func(class string, c model.Command, cross bool, column int, old, new model.Row) []result {
		return []result{{Class: class, Cell: cell(items, c), Cross: cross, Column: column, Rows: []model.Row{old}, Became: []model.Row{new}}}
	}
	gone := row("1", "2", mineToken, "new", "s1")
	taken := row("3", "1", foreignToken, "new", "s3")
	renamed := row("3", "2", "x", "new", "s3")
	exposed := row("1", "1", mineToken, "new", "x")
	trials := []trial{
		{
			name: "a row leaves its tenant", shape: update(account), args: []string{"2", "1"},
			bug:   answer{count: 1, items: []model.Row{gone, two, three}},
			fixed: answer{err: denied, sees: "1"},
			want:  wrote("move", model.Update, true, -1, one, gone),
		},
		{
			name: "a row is taken from a tenant", shape: update(account), args: []string{"1", "3"},
			bug:   answer{count: 1, items: []model.Row{one, two, taken}, sees: "13"},
			fixed: answer{sees: "1"},
			want: append(wrote("move", model.Update, true, -1, three, taken),
				result{Class: "write", Cell: cell(items, model.Update), Cross: true, Column: -1, Rows: []model.Row{three}, Became: []model.Row{nil}}),
		},
		{
			name: "a new row for another tenant", shape: model.Shape{Command: model.Insert, Columns: whole}, args: []string{"9", "2", "n", "new", "s"},
			bug:   answer{count: 1, items: []model.Row{one, two, three, nine}, sees: "1"},
			fixed: answer{err: denied, sees: "1"},
			want:  wrote("write", model.Insert, true, -1, nil, nine),
		},
		{
			name: "a foreign row is changed", shape: update(name), args: []string{"x", "3"},
			bug:   answer{count: 1, items: []model.Row{one, two, renamed}, sees: "1"},
			fixed: answer{sees: "1"},
			want:  wrote("write", model.Update, true, -1, three, renamed),
		},
		{
			name: "a foreign row is deleted", shape: model.Shape{Command: model.Delete, Where: byID}, args: []string{"3"},
			bug:   answer{count: 1, items: []model.Row{one, two}, lines: []model.Row{row("1", "1", "1"), row("2", "2", "3")}, sees: "1"},
			fixed: answer{sees: "1"},
			want:  wrote("write", model.Delete, true, -1, three, nil),
		},
		{
			name: "a foreign row is deleted, and its line with it", shape: model.Shape{Command: model.Delete, Where: byID}, args: []string{"3"},
			bug:   answer{count: 1, items: []model.Row{one, two}, lines: []model.Row{row("1", "1", "1")}, sees: "1"},
			fixed: answer{sees: "1"},
			want:  wrote("write", model.Delete, true, -1, three, nil), // of the line nothing more
		},
		{
			name: "only the tag tells", shape: model.Shape{Command: model.Update, Columns: []int{state}}, args: []string{"new"},
			bug:   answer{count: 3, items: []model.Row{one, row("2", "1", oldToken, "new", "s2"), three}, sees: "12"},
			fixed: answer{count: 2, items: []model.Row{one, row("2", "1", oldToken, "new", "s2"), three}, sees: "12"},
			want:  wrote("write", model.Update, true, -1, three, nil),
		},
		{
			name: "a column that it may not write", shape: update(secret), args: []string{"x", "1"},
			bug:   answer{count: 1, items: []model.Row{exposed, two, three}, sees: "1"},
			fixed: answer{err: denied, sees: "1"},
			want:  wrote("write", model.Update, false, secret, one, exposed),
		},
		{
			name: "a column that a trigger sets", shape: update(name), args: []string{"x", "1"},
			bug:   answer{count: 1, items: []model.Row{row("1", "1", "x", "new", "by a trigger"), two, three}, sees: "1"},
			fixed: answer{count: 1, items: []model.Row{row("1", "1", "x", "new", "s1"), two, three}, sees: "1"},
		},
		{
			name: "a cascade reaches another tenant's line", shape: model.Shape{Command: model.Delete, Where: byID}, args: []string{"1"},
			bug:   answer{count: 1, items: []model.Row{two, three}, lines: []model.Row{row("1", "1", "1")}},
			fixed: answer{count: 1, items: []model.Row{two, three}, lines: []model.Row{row("2", "2", "3")}},
			want: []result{{
				Class: "write", Cell: cell(lines, model.Delete), Cross: true, Column: -1,
				Rows: []model.Row{row("2", "2", "3")}, Became: []model.Row{nil},
			}},
		},
	}
	run(t, trials)
}

// TestJudgeTag tells of more rows by the command tag alone: they are another tenant's only if the
// session's own cannot be all of them.
func TestJudgeTag(t *testing.T) {
	s := newShop(t)
	table := s.contract.Schema.Tables[items]
	s.contract.Sessions[0].Writes[items].From = condition(t, table, "account_id = $tenant AND state IS DISTINCT FROM 'old'")
	shape := model.NewShape(model.Shape{Command: model.Update, Table: table, Columns: []int{state}}, nil)
	for count, cross := range map[int]bool{2: false, 3: true} {
		scenario, trace := s.step("member", model.Op{Shape: shape, Args: row("new")}, answer{count: count, items: []model.Row{one, two, three}, sees: "1"})
		v := judge.Judge(s.contract, scenario, trace)
		if len(v.Divergences) != 1 || v.Divergences[0].Class != judge.Write || len(v.Divergences[0].Rows) != 2 || v.Divergences[0].Cross != cross {
			t.Errorf("UPDATE %d where one row may be changed: want one divergence, about two rows, cross-tenant %t, got %+v", count, cross, v.Divergences)
		}
	}
}

func TestJudgeReads(t *testing.T) {
	var trials []trial
	for _, form := range []model.Form{model.Plain, model.CTE, model.SubSelect, model.Locking, model.Cursor, model.Copy} {
		shape := read(shown...)
		shape.Form = form
		trials = append(trials, trial{
			name: "rows of a query: " + form.String(), shape: shape,
			bug:   answer{rows: []model.Row{one[:4], three[:4]}, sees: "1"},
			fixed: answer{rows: []model.Row{one[:4]}, sees: "1"},
			want:  hidden(true, three),
		})
	}
	trials = append(
		trials,
		trial{
			name: "a foreign row", shape: read(id),
			bug: answer{sees: "13"}, fixed: answer{sees: "1"},
			want: hidden(true, three),
		},
		trial{
			name: "a deleted row of its own tenant", shape: read(id),
			bug: answer{sees: "12"}, fixed: answer{sees: "1"},
			want: hidden(false, two),
		},
		trial{
			name: "both, in the order of the data", shape: read(id),
			bug: answer{sees: "123"}, fixed: answer{sees: "1"},
			want: hidden(true, two, three),
		},
		trial{
			name: "a row that looks the same", shape: read(state),
			bug:   answer{rows: []model.Row{row("new"), row("new")}, sees: "1"},
			fixed: answer{rows: []model.Row{row("new")}, sees: "1"},
			want:  hidden(true, three),
		},
		trial{
			name: "a count", shape: model.Shape{Command: model.Select, Form: model.Count, Where: byID}, args: []string{"3"},
			bug:   answer{rows: []model.Row{row("1")}, sees: "1"},
			fixed: answer{rows: []model.Row{row("0")}, sees: "1"},
			want:  hidden(true, three),
		},
		trial{
			name: "a hidden column", shape: read(id, secret),
			bug:   answer{rows: []model.Row{row("1", "s1")}, sees: "1"},
			fixed: answer{err: denied, sees: "1"},
			want:  []result{{Class: "read", Cell: cell(items, model.Select), Column: secret, Rows: []model.Row{one}}},
		},
		trial{
			name: "what RETURNING brings back", shape: model.Shape{Command: model.Update, Columns: []int{name}, Returning: []int{id, state}}, args: []string{"x"},
			bug: answer{
				count: 2, rows: []model.Row{row("1", "new"), row("2", "old")}, sees: "1",
				items: []model.Row{row("1", "1", "x", "new", "s1"), row("2", "1", "x", "old", "s2"), three},
			},
			fixed: answer{count: 1, rows: []model.Row{row("1", "new")}, items: []model.Row{row("1", "1", "x", "new", "s1"), two, three}, sees: "1"},
			want:  hidden(false, row("2", "1", "x", "old", "s2")),
		},
		trial{
			name: "a query that is not evaluated", shape: model.Shape{Command: model.Select, Form: model.Totals, Columns: []int{state}},
			bug:   answer{rows: []model.Row{row("new", "2", "new", "new")}, expected: []model.Row{row("new", "1", "new", "new")}, sees: "1"},
			fixed: answer{rows: []model.Row{row("new", "1", "new", "new")}, expected: []model.Row{row("new", "1", "new", "new")}, sees: "1"},
			want:  hidden(true, two, three),
		},
	)
	run(t, trials)
}

func TestJudgeOpen(t *testing.T) {
	stranger := func(class string, c model.Command, old, new []model.Row) []result {
		return []result{{Class: class, Cell: judge.Cell{Session: 1, Table: items, Command: c}, Cross: true, Column: -1, Rows: old, Became: new}}
	}
	run(t, []trial{
		{
			name: "a stranger reads", session: "stranger", shape: read(id),
			bug: answer{sees: "1"}, fixed: answer{},
			want: stranger("open", model.Select, []model.Row{one}, nil),
		},
		{
			name: "a stranger writes", session: "stranger", shape: model.Shape{Command: model.Insert, Columns: whole}, args: []string{"9", "2", "n", "new", "s"},
			bug:   answer{count: 1, items: []model.Row{one, two, three, nine}},
			fixed: answer{err: denied},
			want:  stranger("open", model.Insert, []model.Row{nil}, []model.Row{nine}),
		},
	})
}

func TestJudgeCanary(t *testing.T) {
	insert := model.Shape{Command: model.Insert, Columns: whole}
	told := func(detail string) *model.Failure {
		return &model.Failure{Code: "23505", Message: "duplicate key", Detail: "Key (name)=(" + detail + ") already exists."}
	}
	caught := func(c model.Command, r model.Row, cross bool) []result {
		return []result{{Class: "canary", Cell: cell(items, c), Cross: cross, Column: -1, Rows: []model.Row{r}}}
	}
	ours := []string{"9", "1", "n", "new", "s"}
	run(t, []trial{
		{
			name: "an error's detail", shape: insert, args: ours,
			bug: answer{err: told(foreignToken), sees: "1"}, fixed: answer{err: told(mineToken), sees: "1"},
			want: caught(model.Insert, three, true),
		},
		{
			name: "a notice", shape: read(id), args: nil,
			bug:   answer{rows: []model.Row{row("1")}, notices: []string{"looking at " + oldToken}, sees: "1"},
			fixed: answer{rows: []model.Row{row("1")}, notices: []string{"looking at " + mineToken}, sees: "1"},
			want:  caught(model.Select, two, false),
		},
		{
			name: "what it sent itself is no news", shape: insert, args: []string{"9", "1", foreignToken, "new", "s"},
			bug: answer{err: told(foreignToken), sees: "1"}, fixed: answer{err: told("n"), sees: "1"},
		},
		{
			name: "one class for one leak", shape: read(shown...),
			bug:   answer{rows: []model.Row{one[:4], three[:4]}, notices: []string{foreignToken}, sees: "13"},
			fixed: answer{rows: []model.Row{one[:4]}, sees: "1"},
			want:  hidden(true, three),
		},
	})
}

func TestJudgeLockout(t *testing.T) {
	insert := model.Shape{Command: model.Insert, Columns: whole}
	ours := []string{"9", "1", "n", "new", "s"}
	added := answer{count: 1, items: []model.Row{one, two, three, row("9", "1", "n", "new", "s")}, sees: "19"}
	locked := func(c model.Command, rows ...model.Row) []result {
		return []result{{Class: "lockout", Cell: cell(items, c), Column: -1, Rows: rows, NoRows: rows == nil}}
	}
	run(t, []trial{
		{
			name: "an allowed row is missing", shape: read(id),
			bug: answer{}, fixed: answer{sees: "1"},
			want: locked(model.Select, one),
		},
		{
			name: "an allowed row is refused", shape: insert, args: ours,
			bug: answer{err: denied, sees: "1"}, fixed: added,
			want: locked(model.Insert),
		},
		{
			name: "the application's own refusal is no lockout", shape: insert, args: ours,
			bug: answer{err: collision, sees: "1"}, fixed: added,
		},
		{
			name: "an allowed row is passed over", shape: model.Shape{Command: model.Delete}, args: nil,
			bug:   answer{sees: "1"},
			fixed: answer{count: 2, items: []model.Row{three}, lines: []model.Row{row("2", "2", "3")}},
			want:  locked(model.Delete),
		},
	})
}

// TestJudgeBound takes a refusal for no lockout where the rule of the command is an
// upper bound, and for one where only another command's is.
func TestJudgeBound(t *testing.T) {
	for _, k := range []struct {
		name string
		mark func(*model.Writes)
		want int
	}{
		{name: "insert is a bound", mark: func(w *model.Writes) { w.MayInsert = true }},
		{name: "update is a bound", mark: func(w *model.Writes) { w.MayUpdate = true }, want: 1},
	} {
		t.Run(k.name, func(t *testing.T) {
			s := newShop(t)
			shape := model.Shape{Command: model.Insert, Columns: whole, Table: s.contract.Schema.Tables[items]}
			for _, session := range s.contract.Sessions {
				k.mark(&session.Writes[items])
			}
			op := model.Op{Shape: model.NewShape(shape, nil), Args: row("9", "1", "n", "new", "s")}
			scenario, trace := s.step("", op, answer{err: denied, sees: "1"})
			if v := judge.Judge(s.contract, scenario, trace); len(v.Divergences) != k.want {
				t.Errorf("%d divergences, want %d: %+v", len(v.Divergences), k.want, v.Divergences)
			}
		})
	}
}

// TestJudgeAdmitted takes what a session does not get for no lockout where its user is none that it
// may have: who left the tenant.
func TestJudgeAdmitted(t *testing.T) {
	for _, k := range []struct {
		name, user string
		want       int
	}{{"of the tenant", "1", 1}, {"of another tenant", "2", 0}} {
		t.Run(k.name, func(t *testing.T) {
			s := newShop(t)
			s.contract.Sessions[0].User = &model.UserSource{Table: s.contract.Schema.Tables[lines]}
			shape := read(id)
			shape.Table = s.contract.Schema.Tables[items]
			scenario, trace := s.step("", model.Op{Shape: model.NewShape(shape, nil)}, answer{})
			scenario.Steps[0].User = model.Value{Text: k.user}
			if v := judge.Judge(s.contract, scenario, trace); len(v.Divergences) != k.want {
				t.Errorf("%d divergences, want %d: %+v", len(v.Divergences), k.want, v.Divergences)
			}
		})
	}
}

// TestJudgeBetween takes what a cascade does to another tenant's row for allowed where the session
// might do it by itself.
func TestJudgeBetween(t *testing.T) {
	for _, k := range []struct {
		name, deletes string
		want          int
	}{{"it may delete the row", "item_id = 3", 0}, {"it may delete another", "item_id = 1", 1}} {
		t.Run(k.name, func(t *testing.T) {
			s := newShop(t)
			s.contract.Sessions[0].Writes[lines].Delete = condition(t, s.contract.Schema.Tables[lines], k.deletes)
			shape := model.Shape{Command: model.Delete, Where: byID, Table: s.contract.Schema.Tables[items]}
			op := model.Op{Shape: model.NewShape(shape, nil), Args: row("1")}
			scenario, trace := s.step("", op, answer{count: 1, items: []model.Row{two, three}, lines: []model.Row{row("1", "1", "1")}})
			if v := judge.Judge(s.contract, scenario, trace); len(v.Divergences) != k.want {
				t.Errorf("%d divergences, want %d: %+v", len(v.Divergences), k.want, v.Divergences)
			}
		})
	}
}

// TestJudgeMove renames an item whose tenants its line tells: where the line becomes another
// tenant's in the same step, the item has not moved.
func TestJudgeMove(t *testing.T) {
	s := newShop(t)
	tables := s.contract.Schema.Tables
	line := &model.ForeignKey{Columns: []int{id}, Target: tables[lines], Targets: []int{id}}
	s.contract.Belongs[items] = model.Belonging{How: model.Owned, Paths: []model.TenantPath{{Column: -1, Key: line}}}
	s.contract.Sessions[0].Writes[items].From = &model.Rule{Text: "none", Kind: model.RuleNone}
	shape := model.Shape{Command: model.Update, Columns: []int{name}, Where: byID, Table: tables[items]}
	op := model.Op{Shape: model.NewShape(shape, nil), Args: row("x", "1")}
	scenario, trace := s.step("", op, answer{
		count: 1, items: []model.Row{row("1", "1", "x", "new", "s1"), two, three}, lines: []model.Row{row("1", "2", "1"), row("2", "2", "3")},
	})
	written := 0
	for _, d := range judge.Judge(s.contract, scenario, trace).Divergences {
		switch {
		case d.Class == judge.Move:
			t.Errorf("a row of %s has moved", tables[d.Cell.Table].Label())
		case d.Class == judge.Write:
			written++
		}
	}
	if written == 0 {
		t.Error("nothing was written: the test shows nothing")
	}
}

// TestJudgeHandedOn takes a row that RETURNING brings back for allowed where the session saw such
// rows when the statement began, though what entitled it is gone by the end.
func TestJudgeHandedOn(t *testing.T) {
	for _, k := range []struct {
		name   string
		before []model.Row
		want   int
	}{{"it had the line", []model.Row{row("1", "1", "1")}, 0}, {"it never had it", nil, 1}} {
		t.Run(k.name, func(t *testing.T) {
			s := newShop(t)
			s.rows[lines] = k.before
			table := s.contract.Schema.Tables[items]
			s.contract.Sessions[0].Sees[items].Rule = condition(t, table, "EXISTS (SELECT 1 FROM lines l WHERE l.account_id = $tenant)")
			shape := model.Shape{Command: model.Update, Columns: []int{name}, Where: byID, Returning: []int{id, state}, Table: table}
			op := model.Op{Shape: model.NewShape(shape, nil), Args: row("x", "1")}
			scenario, trace := s.step("", op, answer{
				count: 1, rows: []model.Row{row("1", "new")}, lines: []model.Row{}, items: []model.Row{row("1", "1", "x", "new", "s1"), two, three},
			})
			if v := judge.Judge(s.contract, scenario, trace); len(v.Divergences) != k.want {
				t.Errorf("%d divergences, want %d: %+v", len(v.Divergences), k.want, v.Divergences)
			}
		})
	}
}

// run judges each trial with its bug and without it.
func run(t *testing.T, trials []trial) {
	t.Helper()
	for _, k := range trials {
		k.shape.Table = newShop(t).contract.Schema.Tables[items]
		t.Run(k.name, func(t *testing.T) {
			if d := cmp.Diff(k.want, divergences(t, &k, k.bug)); d != "" {
				t.Errorf("with the bug (-want +got):\n%s", d)
			}
			if got := divergences(t, &k, k.fixed); got != nil {
				t.Errorf("without the bug: %+v", got)
			}
			k.reversed = true
			if d := cmp.Diff(k.want, divergences(t, &k, k.bug)); d != "" {
				t.Errorf("with the bug, in the other order (-want +got):\n%s", d)
			}
		})
	}
}

// reverse turns round what the server returned.
func reverse(trace *model.Trace) {
	tables := func(list [][]model.Row) [][]model.Row {
		out := make([][]model.Row, len(list))
		for i, rows := range list {
			out[i] = slices.Clone(rows)
			slices.Reverse(out[i])
		}
		return out
	}
	trace.Initial = tables(trace.Initial)
	for i := range trace.Steps {
		st := &trace.Steps[i]
		st.After = tables(st.After)
		st.Rows = slices.Clone(st.Rows)
		slices.Reverse(st.Rows)
		for k := range st.Seen {
			slices.Reverse(st.Seen[k].Rows)
		}
	}
}

func divergences(t *testing.T, k *trial, a answer) []result {
	t.Helper()
	s := newShop(t)
	k.shape.Table = s.contract.Schema.Tables[items]
	op := model.Op{Shape: model.NewShape(k.shape, nil), Args: row(k.args...)}
	scenario, trace := s.step(k.session, op, a)
	if k.reversed {
		reverse(trace)
	}
	v := judge.Judge(s.contract, scenario, trace)
	if len(v.Unjudged) > 0 {
		t.Errorf("unjudged: %q", v.Unjudged)
	}
	var out []result
	for _, d := range v.Divergences {
		r := result{Class: d.Class.String(), Cell: d.Cell, Cross: d.Cross, Column: d.Column, Rows: d.Rows, Became: d.Became}
		if d.Class == judge.Lockout && len(d.Rows) == 0 {
			r.Rows, r.NoRows = nil, true
		}
		out = append(out, r)
	}
	return out
}
