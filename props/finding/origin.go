package finding

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
)

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

// shown is a value for people: in quotes, or NULL.
func shown(v model.Value) string {
	if v.Null {
		return "NULL"
	}
	return "'" + v.Text + "'"
}

// origin names the row that has the value of an argument: of the table that the path draws it
// from, else of the hidden rows that make the difference, else of any table. It is empty where
// none has it.
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

// holder names a column of a row. The value in it is left out: it was said just before.
func (t *teller) holder(row model.Row, column int) string {
	label := t.label(row)
	if name := noun.Singular(t.table.Name); len(t.table.Key) == 1 && t.table.Key[0] == column {
		label = strings.Replace(label, name+" "+row[column].Text, noun.A(name), 1)
	}
	return t.table.Columns[column].Name + " of " + label
}

// holding is the first column of a row that has a value; -1 when none has.
func holding(row model.Row, v model.Value) int {
	for i := range row {
		if row[i] == v {
			return i
		}
	}
	return -1
}
