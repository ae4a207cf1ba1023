package finding

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// callTexts is the SQL of a call, its values written into it, by transaction.
func callTexts(id *model.Identity, st *model.Step) [][]string {
	var out [][]string
	for _, tx := range st.Transactions() {
		var list []string
		for i := range tx.Statements {
			s := &tx.Statements[i]
			values := make([]model.Value, len(s.Params))
			for k, p := range s.Params {
				if v, err := id.Value(p, st.Op.Args); err == nil {
					values[k] = v
				} else {
					values[k].Null = true
				}
			}
			list = append(list, sql.Bind(strings.TrimRight(s.Text, "; \t\r\n"), values))
		}
		out = append(out, list)
	}
	return out
}

// does is a step's statements in words or SQL.
func (t *teller) does(st *model.Step) string {
	p := st.Op.Path
	if p == nil {
		return Statement(&st.Op)
	}
	return p.Name + ": " + strings.Join(t.calls(st), "; ")
}

// calls is the statements of a call.
func (t *teller) calls(st *model.Step) []string {
	id, ok := t.c.BindStep(st, t.state)
	if !ok {
		return nil
	}
	if st.Runs() {
		return []string{command(id, st)}
	}
	var out []string
	for _, tx := range callTexts(id, st) {
		out = append(out, tx...)
	}
	return out
}

// interferes says what a path told of rows that its session may not see.
func (t *teller) interferes(who string) string {
	p := t.d.Cell.Path
	w := t.d.Worlds
	rows := t.hidden()
	st := &t.f.Scenario.Steps[t.d.Step]
	switch {
	case t.d.Class == judge.Existence:
		return fmt.Sprintf("%s learns from %s that %s is there", t.sees(st), p.Name, rows)
	case st.Observed():
		return fmt.Sprintf("%s made through %s, for %s to see, what depends on %s", who, p.Name, t.looker(st), rows)
	case t.d.Left:
		return fmt.Sprintf("%s found through %s what an earlier session left, and it depends on %s", who, p.Name, rows)
	case w.Kind == judge.Content:
		return fmt.Sprintf("%s received through %s what depends on %s", who, p.Name, rows)
	case w.Kind == judge.Count:
		return fmt.Sprintf("%s learns from %s how many rows such as %s there are", who, p.Name, rows)
	case w.Kind == judge.Column:
		return fmt.Sprintf("%s received through %s what depends on hidden columns of %s", who, p.Name, rows)
	}
	return fmt.Sprintf("%s learns from %s whether %s is there", who, p.Name, rows)
}

// hidden names the fewest hidden rows that make a difference.
func (t *teller) hidden() string {
	var labels []string
	for _, h := range t.d.Worlds.Hidden {
		labels = append(labels, t.of(h.Table).label(h.Row))
	}
	if len(labels) == 0 {
		return "rows that it may not see"
	}
	return list(labels)
}

// of is the teller for rows of another table.
func (t *teller) of(table *model.Table) *teller {
	o := *t
	o.table = table
	return &o
}

// failing says what a path did that had to fail.
func (t *teller) failing(who string) string {
	p := t.d.Cell.Path
	if t.d.Rule == judge.MustFail {
		return fmt.Sprintf("%s ran %s without a tenant, and it did not fail", who, p.Name)
	}
	return fmt.Sprintf("%s ran %s with a wildcard, and it returned rows", who, p.Name)
}

// origins says for each argument of a call which row it may come from: what the caller
// had to know.
func (t *teller) origins(st *model.Step) []string {
	var out []string
	for i, v := range st.Op.Args {
		text := fmt.Sprintf("$%d = %s", i+1, shown(v))
		if from := t.origin(st, i, v); from != "" {
			text += ", which is " + from
		}
		out = append(out, text)
	}
	return out
}

func shown(v model.Value) string {
	if v.Null {
		return "NULL"
	}
	return "'" + v.Text + "'"
}

// origin finds the row that has the value of an argument: one of the table that the path names for
// it, else one that makes the difference.
func (t *teller) origin(st *model.Step, arg int, v model.Value) string {
	if v.Null || v.Text == "" {
		return ""
	}
	if st.Session.User != nil && v == st.User {
		return "the caller's own key"
	}
	if p := st.Op.Path; len(p.Run)+len(p.Command) > 0 && arg < len(p.Args) && p.Args[arg].Variable == "" && !p.Args[arg].Constant {
		ref := p.Args[arg].Column
		for _, row := range t.state.Rows(ref.Table) {
			if row[ref.Column] == v {
				return t.of(t.c.Schema.Tables[ref.Table]).holder(row, ref.Column)
			}
		}
	}
	if w := t.d.Worlds; w != nil {
		for _, h := range w.Hidden {
			if c := holding(h.Row, v); c >= 0 {
				return t.of(h.Table).holder(h.Row, c)
			}
		}
	}
	for _, table := range t.c.Schema.Tables {
		for _, row := range t.state.Rows(table.ID) {
			if c := holding(row, v); c >= 0 {
				return t.of(table).holder(row, c)
			}
		}
	}
	return ""
}

// holder says where a row has a value; the value itself is said already.
func (t *teller) holder(row model.Row, column int) string {
	label := t.label(row)
	if name := noun.Singular(t.table.Name); len(t.table.Key) == 1 && t.table.Key[0] == column {
		label = strings.Replace(label, name+" "+row[column].Text, noun.A(name), 1)
	}
	return t.table.Columns[column].Name + " of " + label
}

func holding(row model.Row, v model.Value) int {
	for i := range row {
		if row[i] == v {
			return i
		}
	}
	return -1
}

// unlogged says what is wrong with the entry of a run.
func (t *teller) unlogged(who string) string {
	p := t.d.Cell.Path
	if t.d.Rule == judge.MustLog {
		return fmt.Sprintf("%s ran %s, and no entry in %s says so", who, p.Name, t.d.Of.Label())
	}
	col := t.d.Column
	return fmt.Sprintf("%s ran %s, and its entry in %s has %s = %s", who, p.Name, t.d.Of.Label(), t.d.Of.Columns[col].Name, shown(t.d.Rows[0][col]))
}

// logs is what the contract says of the log of a path.
func (t *teller) logs() string {
	which := ""
	switch a := t.d.Cell.Path.Audit; {
	case a.Given:
		which = " that gives rows"
	case a.When >= 0:
		which = " with $" + strconv.Itoa(a.When+1)
	}
	out := fmt.Sprintf("each run of %s%s leaves an entry in %s", t.f.Path, which, t.d.Of.Label())
	if t.d.Rule != judge.MustLog {
		out += ": " + t.d.Rule
	}
	return out
}

// allowsPath is what the contract says of what a path may tell.
func (t *teller) allowsPath() string {
	if t.d.Class == judge.Audit {
		return t.logs()
	}
	switch t.d.Rule {
	case judge.MustFail:
		return t.f.Path + " must fail without a tenant"
	case judge.RefuseWildcards:
		return t.f.Path + " must refuse %, _, the empty text and NULL, or return nothing"
	}
	st := &t.f.Scenario.Steps[t.d.Step]
	what := "what " + t.f.Session + " receives may depend only on "
	if st.Observed() {
		look := st.Observer.Step()
		what = "what " + t.f.Session + " makes for " + st.Observer.Session.Name + " to see may depend only on "
		st = &look
	}
	id, ok := t.c.BindStep(st, t.state)
	if !ok || t.d.Worlds == nil || len(t.d.Worlds.Hidden) == 0 {
		return what + "rows that it may see"
	}
	var parts []string
	for _, h := range t.d.Worlds.Hidden {
		rule := "none"
		if r := id.Session.Sees[h.Table.ID].Rule; r != nil {
			rule = r.Text
		}
		if part := h.Table.Label() + ": " + rule; len(parts) == 0 || parts[len(parts)-1] != part {
			parts = append(parts, part)
		}
	}
	return what + "what it may see, of " + strings.Join(parts, ", of ")
}

// wasDone says what happened to the hidden rows.
func wasDone(v gen.Variant) string {
	switch v {
	case gen.Remove:
		return "was deleted"
	case gen.Change:
		return "got other values"
	case gen.Multiply:
		return "was copied"
	case gen.Half:
		return "was deleted or copied"
	case gen.Rekey:
		return "got another unique value"
	case gen.Columns:
		return "got other values in columns that the session may not see"
	case gen.Mixed:
		return "was changed in every way"
	}
	return v.String()
}
