package finding

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// root reads the keys of a case.
func (p *caseParser) root(k *Case, n ast.Node) error {
	entries, err := p.mapping(n, "a case")
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch e.key {
		case "contract":
			err = p.text(e, &k.Contract)
		case "found":
			k.Found, err = p.found(e)
		case "committed":
			err = p.flag(e, &k.Committed)
		case "explored":
			err = p.flag(e, &k.Explored)
		case "rows":
			k.Rows, err = p.rows(e)
		case "steps":
			k.Steps, err = p.steps(e)
		default:
			err = p.unknown(e, "contract, found, committed, explored, rows, steps")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unknown is the mistake that a key has a name which is none of the known ones.
func (p *caseParser) unknown(e entry, known string) error {
	return p.at(e.pos, "unknown key %s; known are %s", e.key, known)
}

func (p *caseParser) found(e entry) (*Found, error) {
	entries, err := p.mapping(e.value, e.key)
	if err != nil {
		return nil, err
	}
	f := &Found{}
	for _, e := range entries {
		var names []string
		var value *string
		for _, to := range f.entries() {
			names = append(names, to.name)
			if to.name == e.key {
				value = to.value
			}
		}
		if value == nil {
			return nil, p.unknown(e, strings.Join(names, ", "))
		}
		if err := p.text(e, value); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (p *caseParser) rows(e entry) ([]Rows, error) {
	if _, ok := e.value.(*ast.NullNode); ok {
		return nil, nil
	}
	tables, err := p.mapping(e.value, "rows")
	if err != nil {
		return nil, err
	}
	var out []Rows
	for _, t := range tables {
		list, err := p.sequence(t.value, "the rows of "+t.key)
		if err != nil {
			return nil, err
		}
		rows := Rows{Table: t.key, Pos: t.pos}
		for _, n := range list {
			r, err := p.record(n, "a row of "+t.key)
			if err != nil {
				return nil, err
			}
			rows.Records = append(rows.Records, r)
		}
		out = append(out, rows)
	}
	return out, nil
}

// record reads a row. what is what a message calls it.
func (p *caseParser) record(n ast.Node, what string) (Record, error) {
	r := Record{Pos: place(n)}
	entries, err := p.mapping(n, what)
	if err != nil {
		return r, err
	}
	for _, e := range entries {
		v, err := p.scalar(e.value, e.key)
		if err != nil {
			return r, err
		}
		r.Fields = append(r.Fields, Field{Column: e.key, Value: v, Pos: e.pos})
	}
	return r, nil
}

func (p *caseParser) steps(e entry) ([]Step, error) {
	list, err := p.sequence(e.value, "steps")
	if err != nil {
		return nil, err
	}
	var out []Step
	for _, n := range list {
		st, err := p.step(n)
		if err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	return out, nil
}

// step reads a step, which needs a session, and either sql or call.
func (p *caseParser) step(n ast.Node) (Step, error) {
	st := Step{Pos: place(n), Tenant: model.Value{Null: true}, User: model.Value{Null: true}, untold: true}
	entries, err := p.mapping(n, "a step")
	if err != nil {
		return st, err
	}
	for _, e := range entries {
		switch e.key {
		case "session":
			err = p.text(e, &st.Session)
		case "tenant":
			st.Tenant, err = p.scalar(e.value, e.key)
			st.untold = false
		case "user":
			st.User, err = p.scalar(e.value, e.key)
		case "fresh":
			err = p.flag(e, &st.Fresh)
		case "cut":
			err = p.transactions(e, &st.Cut)
		case "from":
			err = p.transactions(e, &st.From)
		case "undone":
			err = p.flag(e, &st.Undone)
		case "prepared":
			err = p.flag(e, &st.Prepared)
		case "sql":
			err = p.text(e, &st.SQL)
		case "call":
			err = p.text(e, &st.Call)
		case "args":
			st.Args, err = p.values(e)
		case "observer":
			st.Observer, err = p.observer(e)
		case "expect":
			st.Expect, err = p.expect(e)
		default:
			err = p.unknown(e, "session, tenant, user, fresh, cut, from, undone, prepared, sql, call, args, observer, expect")
		}
		if err != nil {
			return st, err
		}
	}
	switch {
	case st.Session == "":
		return st, p.at(st.Pos, "the step has no session")
	case strings.TrimSpace(st.SQL) == "" && st.Call == "":
		return st, p.at(st.Pos, "the step has no sql and no call")
	case st.SQL != "" && st.Call != "":
		return st, p.at(st.Pos, "the step has both sql and call")
	case st.Observer != nil && st.Call == "":
		return st, p.at(st.Observer.Pos, "observer is for the call of a path: a step with sql has none")
	}
	return st, nil
}

func (p *caseParser) observer(e entry) (*Observer, error) {
	o := &Observer{Pos: e.pos, Tenant: model.Value{Null: true}, User: model.Value{Null: true}}
	entries, err := p.mapping(e.value, e.key)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		switch e.key {
		case "session":
			err = p.text(e, &o.Session)
		case "tenant":
			o.Tenant, err = p.scalar(e.value, e.key)
		case "user":
			o.User, err = p.scalar(e.value, e.key)
		default:
			err = p.unknown(e, "session, tenant, user")
		}
		if err != nil {
			return nil, err
		}
	}
	if o.Session == "" {
		return nil, p.at(o.Pos, "the observer has no session")
	}
	return o, nil
}

func (p *caseParser) values(e entry) ([]model.Value, error) {
	list, err := p.sequence(e.value, e.key)
	if err != nil {
		return nil, err
	}
	var out []model.Value
	for _, n := range list {
		v, err := p.scalar(n, "an element of "+e.key)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (p *caseParser) expect(e entry) (*Expect, error) {
	entries, err := p.mapping(e.value, e.key)
	if err != nil {
		return nil, err
	}
	x := &Expect{}
	for _, e := range entries {
		switch e.key {
		case "count":
			x.Count, err = p.count(e)
		case "sqlstate":
			err = p.text(e, &x.SQLState)
			if err == nil && len(x.SQLState) != 5 {
				err = p.at(place(e.value), "an SQLSTATE has five characters, such as '42501'")
			}
		case "rows":
			x.HasRows = true
			x.Rows, err = p.expected(e)
		default:
			err = p.unknown(e, "rows, count, sqlstate")
		}
		if err != nil {
			return nil, err
		}
	}
	return x, nil
}

func (p *caseParser) count(e entry) (*int, error) {
	var text string
	if err := p.text(e, &text); err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return nil, p.at(place(e.value), "count should be a number of rows")
	}
	return &n, nil
}

// expected reads rows as mappings, as lists of values, or as single values.
func (p *caseParser) expected(e entry) ([]Record, error) {
	list, err := p.sequence(e.value, e.key)
	if err != nil {
		return nil, err
	}
	var out []Record
	for _, n := range list {
		switch n := n.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			r, err := p.record(n, "a row")
			if err != nil {
				return nil, err
			}
			out = append(out, r)
			continue
		case *ast.SequenceNode:
			values, err := p.values(entry{key: "a row", value: n})
			if err != nil {
				return nil, err
			}
			out = append(out, listed(values, place(n)))
			continue
		default:
		}
		v, err := p.scalar(n, "a row")
		if err != nil {
			return nil, err
		}
		out = append(out, listed([]model.Value{v}, place(n)))
	}
	return out, nil
}

// listed is a row whose values are given without the names of their columns.
func listed(values []model.Value, pos Pos) Record {
	r := Record{Pos: pos}
	for _, v := range values {
		r.Fields = append(r.Fields, Field{Value: v, Pos: pos})
	}
	return r
}
