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

// watched is one thing that decides whether there is a leak, most often a row: by a difference
// between before and after the step in what the superuser finds (where, log), by what the session
// is told (look), or by a condition over all of that (other). What does not apply is empty.
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
	other := fmt.Sprintf(":'rlsfuzz_state' = '%s' OR :'rlsfuzz_state' = '00000' AND :'rlsfuzz_count'::int <= %d", model.InsufficientPrivilege, reached)
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
