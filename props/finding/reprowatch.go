package finding

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// mostWatched bounds the rows that a script looks at.
const mostWatched = 20

// watched is one thing that decides whether there is a leak, most often a row. It is decided in
// one of four ways, of which the others are empty: where (the superuser compares the row before
// and after), look (the session asks an expression), log, other.
type watched struct {
	label string
	where string // condition that finds the row, over alias t
	look  string // boolean expression; true is a leak
	from  string // FROM and WHERE of look; may be empty
	early bool   // the session looks before the statement too, which removes the row
	log   string // condition that finds the entries of the path's log, which are counted before and after
	other string // condition over psql's variables and the counts, such as the SQLSTATE; true is a leak
}

// watch lists what decides, by the class of the divergence, and makes the table that keeps it.
func (r *repro) watch() {
	switch {
	case r.d.Worlds != nil:
		r.watches = append(r.watches, watched{label: r.hidden()})
	case r.d.Class == judge.Audit:
		r.watchLog()
	case r.d.Rule == judge.MustFail:
		r.watches = append(r.watches, watched{label: r.f.Path, other: ":'rlsfuzz_state' = '00000'"})
	case r.d.Rule == judge.RefuseWildcards:
		r.watches = append(r.watches, watched{label: r.f.Path, other: ":'rlsfuzz_state' = '00000' AND :'rlsfuzz_count'::int > 0"})
	case len(r.tokens()) > 0:
		r.watchTokens()
	case r.d.Class == judge.Lockout && len(r.d.Rows) == 0:
		r.watchRefusal()
	case r.d.Became != nil:
		r.watchChanges()
	default:
		r.watchReads()
	}
	r.section("what decides")
	r.text("CREATE TABLE rlsfuzz_repro.watch (n int, label text, before text, after text, leaked boolean);")
	for i, w := range r.watches {
		r.line("INSERT INTO rlsfuzz_repro.watch (n, label) VALUES (%d, %s);", i+1, sql.Constant(w.label))
		if w.look != "" || w.other != "" {
			r.line("\\set rlsfuzz_%d f\n\\set rlsfuzz_early_%d f", i+1, i+1)
		}
	}
}

// watchChanges watches each row that the step changed.
func (r *repro) watchChanges() {
	labels := r.changedLabels()
	for i, old := range r.d.Rows[:min(len(r.d.Rows), mostWatched)] {
		row := old
		if row == nil {
			row = r.d.Became[i]
		}
		where := r.condition(row, r.telling(row))
		r.watches = append(r.watches, watched{label: labels[i], where: where})
	}
}

// watchReads has the session look for each row that it should not see, or should.
func (r *repro) watchReads() {
	st := &r.f.Scenario.Steps[r.d.Step]
	early := st.Op.Shape != nil && st.Op.Shape.Command != model.Select && len(st.Op.Shape.Returning) > 0 && r.d.Class != judge.Lockout
	counted := "count(*) > 0"
	switch {
	case r.d.Class == judge.Lockout:
		counted = "count(*) = 0"
	case r.d.Column >= 0:
		counted = "count(t." + model.Quote(r.table.Columns[r.d.Column].Name) + ") > 0"
	}
	for _, row := range r.d.Rows[:min(len(r.d.Rows), mostWatched)] {
		if row == nil {
			continue
		}
		if r.gets(r.d.Step) {
			var got model.Row
			for _, c := range st.Op.Shape.Columns {
				got = append(got, row[c])
			}
			look := fmt.Sprintf("position(%s IN coalesce(current_setting('rlsfuzz.received', true), '')) > 0", sql.Constant(string(model.AppendRecord(nil, got, nil))))
			r.watches = append(r.watches, watched{label: r.label(row), look: look})
			continue
		}
		columns := r.readable(r.deciding(row))
		from := " FROM " + r.table.SQL() + " t WHERE " + r.condition(row, columns)
		r.watches = append(r.watches, watched{label: r.label(row), look: counted, from: from, early: early})
	}
	if len(r.watches) == 0 { // rows that no table has: that the statement returned some must do
		r.watches = append(r.watches, watched{label: "rows of " + r.table.Label(), other: ":'rlsfuzz_state' = '00000' AND :'rlsfuzz_count'::int > 0"})
	}
}

// watchRefusal decides a lockout from a write: it is refused, or reaches no more rows than when
// it was found.
func (r *repro) watchRefusal() {
	reached := 0
	fields := strings.Fields(r.d.Did)
	if len(fields) > 0 && !strings.HasPrefix(r.d.Did, "ERROR") {
		reached, _ = strconv.Atoi(fields[len(fields)-1]) // 0 when it is no number
	}
	other := fmt.Sprintf(":'rlsfuzz_state' = '42501' OR :'rlsfuzz_state' = '00000' AND :'rlsfuzz_count'::int <= %d", reached)
	r.watches = append(r.watches, watched{label: r.f.Command + " of " + r.table.Label(), other: other})
}

// watchTokens searches what the session received for the tokens of the rows.
func (r *repro) watchTokens() {
	for _, row := range r.d.Rows[:min(len(r.d.Rows), mostWatched)] {
		for _, token := range tokensOf(row) {
			look := fmt.Sprintf("position(%s IN coalesce(current_setting('rlsfuzz.received', true), '')) > 0", sql.Constant(token))
			label := r.teller
			if r.d.Of != nil {
				label = r.of(r.d.Of)
			}
			r.watches = append(r.watches, watched{label: label.label(row), look: look})
		}
	}
}

// tokens lists the canaries that decide; none for other classes.
func (r *repro) tokens() []string {
	if !r.d.Token() {
		return nil
	}
	var out []string
	for _, row := range r.d.Rows {
		out = append(out, tokensOf(row)...)
	}
	return out
}

// tokensOf lists the canaries in the values of a row, each once.
func tokensOf(row model.Row) []string {
	var out []string
	for _, v := range row {
		for _, w := range strings.FieldsFunc(v.Text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
			if strings.HasPrefix(w, model.TokenPrefix) && len(w) >= model.TokenLength && !slices.Contains(out, w[:model.TokenLength]) {
				out = append(out, w[:model.TokenLength])
			}
		}
	}
	return out
}

// snapshot notes how the superuser finds the watched rows. A row that was written
// anew has another ctid, even if its values are the same.
func (r *repro) snapshot(when string) {
	for i, w := range r.watches {
		if w.log != "" {
			r.line("UPDATE rlsfuzz_repro.watch SET %s = (SELECT count(*)::text FROM %s WHERE %s) WHERE n = %d;", when, r.d.Of.SQL(), w.log, i+1)
		}
		if w.where != "" {
			r.line("UPDATE rlsfuzz_repro.watch SET %s = (SELECT coalesce(string_agg(t.ctid::text || ' ' || (t.*)::text, '; ' ORDER BY t.ctid), '') FROM %s t WHERE %s) WHERE n = %d;",
				when, r.table.SQL(), w.where, i+1)
		}
	}
}

// look has the session look, before or after the step's statement. An error means that it sees
// nothing: no leak, or a lockout.
func (r *repro) look(after bool) {
	for i, w := range r.watches {
		if w.look == "" || !after && !w.early {
			continue
		}
		name, blind := strconv.Itoa(i+1), "f"
		if !after {
			name = "early_" + name
		}
		if r.d.Class == judge.Lockout {
			blind = "t"
		}
		r.text("SAVEPOINT rlsfuzz_look;")
		r.line("\\set rlsfuzz_%s %s", name, blind)
		r.line("SELECT %s AS rlsfuzz_%s%s \\gset", w.look, name, w.from)
		r.text("\\if :ERROR\nROLLBACK TO SAVEPOINT rlsfuzz_look;\n\\endif")
	}
}

// keep writes the answers into the table.
func (r *repro) keep() {
	for i, w := range r.watches {
		answer := "before IS DISTINCT FROM after"
		switch {
		case w.other != "":
			answer = w.other
		case w.look != "":
			answer = fmt.Sprintf(":'rlsfuzz_%d' OR :'rlsfuzz_early_%d'", i+1, i+1)
		}
		r.line("UPDATE rlsfuzz_repro.watch SET leaked = (%s) WHERE n = %d;", answer, i+1)
	}
}

// telling lists the columns by which a row is found: its key, else all columns of sure.
func (r *repro) telling(row model.Row) []int {
	sure := r.sure(row)
	if len(r.table.Key) > 0 && !slices.ContainsFunc(r.table.Key, func(i int) bool { return !slices.Contains(sure, i) }) {
		return r.table.Key
	}
	return sure
}

// deciding is telling, and the columns that the rule and the row's tenants depend on: with
// other values there, a row of the same key may well be visible.
func (r *repro) deciding(row model.Row) []int {
	columns := slices.Clone(r.telling(row))
	add := func(list []int) {
		for _, i := range list {
			if !slices.Contains(columns, i) && slices.Contains(r.sure(row), i) {
				columns = append(columns, i)
			}
		}
	}
	session := r.f.Scenario.Steps[r.d.Step].Session
	if rule := session.Sees[r.table.ID].Rule; rule != nil {
		add(rule.Columns)
	}
	for _, p := range r.c.Belongs[r.table.ID].Paths {
		if p.Key != nil {
			add(p.Key.Columns)
		} else if p.Column >= 0 {
			add([]int{p.Column})
		}
	}
	return columns
}

// sure lists the columns of a row that compare exactly and are the same in each run of the
// script. A value that a default made, such as a time, is not, unless the case gives it.
func (r *repro) sure(row model.Row) []int {
	known := slices.ContainsFunc(r.state.Rows(r.table.ID), func(o model.Row) bool { return slices.Equal(o, row) })
	var out []int
	for i := range r.table.Columns {
		c := &r.table.Columns[i]
		drifts := c.Generated || c.Drifts()
		if c.Comparable() && (known || !drifts || r.set(i)) {
			out = append(out, i)
		}
	}
	return out
}

// set reports whether a step gives the column a value itself.
func (r *repro) set(column int) bool {
	for i := range r.f.Scenario.Steps {
		s := r.f.Scenario.Steps[i].Op.Shape
		if s != nil && s.Table == r.table && s.Command != model.Select && slices.Contains(s.Columns, column) {
			return true
		}
	}
	return false
}

// readable keeps the columns that the session has the privilege to read.
func (r *repro) readable(columns []int) []int {
	rights := r.ids[r.d.Step].Rights
	if rights == nil {
		return columns
	}
	var out []int
	for _, i := range columns {
		if rights[r.table.ID].Select[i] {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		return columns
	}
	return out
}

// condition finds a row by columns, over alias t; by all of its text where there are none.
func (r *repro) condition(row model.Row, columns []int) string {
	if len(columns) == 0 {
		return "ROW(t.*)::text = " + sql.Constant(string(model.AppendRecord(nil, row, nil)))
	}
	parts := make([]string, len(columns))
	for n, i := range columns {
		c := &r.table.Columns[i]
		name := "t." + model.Quote(c.Name)
		if row[i].Null {
			parts[n] = name + " IS NULL"
		} else {
			parts[n] = name + " = " + constantOf(c.Type, row[i])
		}
	}
	return strings.Join(parts, " AND ")
}
