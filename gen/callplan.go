package gen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/payload"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// callPlan is where the arguments of a path come from.
type callPlan struct {
	path   *model.Path
	args   []argPlan    // those of a call, then the values in JSON ones
	table  *model.Table // whose row the arguments are drawn from; nil when none is
	counts []int        // numbers of arguments that a call may have, the fullest first
	lasts  bool         // it may leave something behind
	mixes  []uint       // which arguments may be another tenant's while the others are the caller's

	splices  bool   // it may put queries together from texts
	searches search // what it may look for in texts
}

// argPlan is where one argument comes from: a column, else constants.
type argPlan struct {
	column    model.ColumnRef // Table -1: none
	constants []model.Value
	objects   bool         // the constants are names of tables or schemas
	variable  string       // of the session
	user      bool         // it may be the caller's own key
	names     bool         // it names a row of some tenant
	payload   *payloadPlan // what a JSON document holds; nil for others
	key       string       // of a document, where it is a value of that
	row       bool         // the whole row, as a composite value
	array     bool         // a list of one value
	json      bool
	text      bool // wildcards fit
	sets      bool // the column is only set to it
}

// newCalls plans the calls of a session.
func (p *Plan) newCalls(s *model.Session) []*callPlan {
	var out []*callPlan
	for _, path := range p.Contract.Paths {
		if path.User(s) != nil && path.Untried == "" && path.Channel == nil {
			out = append(out, p.newCall(path, s))
		}
	}
	return out
}

func (p *Plan) newCall(path *model.Path, s *model.Session) *callPlan {
	called := p.called(path)
	c := &callPlan{path: path, args: make([]argPlan, len(path.Args)), lasts: p.lasts(path), splices: slices.ContainsFunc(called, splices)}
	for _, text := range slices.Concat(path.Run, called) {
		c.searches = max(c.searches, searches(text))
	}
	if path.Routine != nil {
		p.routine(c, path.Routine)
	} else {
		p.written(c)
	}
	for i := range c.args {
		a := &c.args[i]
		if a.column.Table >= 0 && s.User != nil {
			a.user = p.names(a.column, s.User.Table)
		}
		a.names = a.column.Table >= 0 && !a.row && p.tells(a.column)
	}
	c.mixes = c.mixtures()
	return c
}

// written takes the arguments of a path as the contract says them.
func (p *Plan) written(c *callPlan) {
	path := c.path
	c.counts = []int{len(path.Args)}
	for i, a := range path.Args {
		arg := &c.args[i]
		arg.column = model.ColumnRef{Table: -1, Column: -1}
		switch {
		case a.Variable != "":
			arg.variable = a.Variable
		case a.Constant:
			arg.constants = texts(a.Text)
		default:
			arg.column, arg.sets = a.Column, a.Sets
			t := p.Contract.Schema.Tables[a.Column.Table]
			arg.text = textual(&t.Columns[a.Column.Column].Type)
			if c.table == nil {
				c.table = t
			}
		}
	}
	for _, text := range path.Run {
		for _, call := range sql.Calls(text) {
			p.sets(c, &call)
		}
	}
}

// sets marks the arguments of a path that a routine, which it calls, only sets columns to.
func (p *Plan) sets(c *callPlan, call *sql.Call) {
	for _, m := range p.Contract.Schema.Routines {
		if m.Name != call.Name || call.Schema != "" && m.Schema != call.Schema || len(call.Args) > len(m.Args) {
			continue
		}
		r := &routineReading{Plan: p, m: m, source: strings.ToLower(p.source(m))}
		for i, text := range call.Args {
			tokens := sql.Tokens(text)
			if len(tokens) < 2 || tokens[0].Text != "$" {
				continue
			}
			if n, err := strconv.Atoi(tokens[1].Text); err == nil && n > 0 && n <= len(c.args) && r.sets(i) {
				c.args[n-1].sets = true
			}
		}
	}
}

// called is the texts of the routines that a path calls.
func (p *Plan) called(path *model.Path) []string {
	var out []string
	for _, r := range p.Contract.Schema.Routines {
		named := r == path.Routine || slices.ContainsFunc(path.Run, func(text string) bool { return sql.Mentions(text, r.Name) })
		if named {
			out = append(out, p.source(r))
		}
	}
	if r := path.Routine; r != nil && !slices.Contains(p.Contract.Schema.Routines, r) {
		out = append(out, p.source(r))
	}
	return out
}

// splices reports whether SQL may run text that it makes.
func splices(text string) bool { return sql.Mentions(text, "execute") }

// search is what a path may look for in texts.
type search uint8

const (
	forWhole  search = iota // a whole text, at most
	forPieces               // any piece of one
	forWords
)

// searches tells what SQL looks for in texts. A word is a piece too.
func searches(text string) search {
	found := forWhole
	tokens := sql.Tokens(text)
	for i, t := range tokens {
		word, next := strings.ToLower(t.Text), ""
		if i+1 < len(tokens) {
			next = strings.ToLower(tokens[i+1].Text)
		}
		switch {
		case t.Kind == sql.Str:
		case slices.Contains(forPiece, word), word == "similar" && next == "to", next == "(" && slices.Contains(findsPiece, word):
			found = max(found, forPieces)
		case next == "(" && slices.Contains(findsWord, word):
			found = forWords
		}
	}
	return found
}

// forPiece is the operators and words with which SQL looks for a piece of a text, findsPiece the
// functions, and findsWord those for words (manual, Pattern Matching; String Functions; Text Search
// Functions; pg_trgm).
var (
	forPiece   = []string{"like", "ilike", "~~", "~~*", "~", "~*", "^@"}
	findsPiece = []string{"position", "strpos", "starts_with", "regexp_match", "regexp_matches", "regexp_like"}
	findsWord  = []string{"to_tsquery", "plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery", "similarity", "word_similarity"}
)

// source is the text of a routine; of an aggregate, that of the functions that it is made of.
func (p *Plan) source(m *model.Routine) string {
	if m.Aggregate == nil {
		return m.Source
	}
	var out []string
	for _, r := range p.Contract.Schema.Routines {
		if r != m && sql.Mentions(m.Source, r.Name) {
			out = append(out, r.Source)
		}
	}
	return strings.Join(out, "\n")
}

func isJSON(t *model.Type) bool { return t.Base == "json" || t.Base == "jsonb" }

func textual(t *model.Type) bool {
	return slices.Contains([]string{"text", "varchar", "bpchar", "citext", "name"}, t.Base) && !t.Array
}

// routine finds out what the arguments of a routine mean: columns of one table, by their
// names, types, and what the routine's text compares them with.
func (p *Plan) routine(c *callPlan, m *model.Routine) {
	for n := len(m.Args); n >= m.Least(); n-- {
		c.counts = append(c.counts, n)
	}
	source := p.source(m)
	r := &routineReading{Plan: p, m: m, text: source, source: strings.ToLower(source), shapes: make([]*payload.Shape, len(m.Args))}
	for i := range m.Args {
		if a := &m.Args[i]; isJSON(&a.Type) {
			r.shapes[i] = payload.Read(source, a.Name, r.number(i))
		}
	}
	c.table = r.best()
	for i := range m.Args {
		c.args[i] = r.arg(i, c.table)
		c.args[i].sets = r.sets(i)
	}
	r.payloads(c)
}

// names reports whether a column names a row of a table: its key, or a reference to it.
func (p *Plan) names(ref model.ColumnRef, t *model.Table) bool {
	of := p.Contract.Schema.Tables[ref.Table]
	if of == t {
		return len(t.Key) == 1 && t.Key[0] == ref.Column
	}
	for i := range of.ForeignKeys {
		k := &of.ForeignKeys[i]
		if k.Target == t && len(k.Columns) == 1 && k.Columns[0] == ref.Column {
			return true
		}
	}
	return false
}
