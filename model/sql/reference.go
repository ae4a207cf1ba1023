package sql

import "reflect"

// Reference is a relation or a function that statements name.
type Reference struct {
	Schema string // empty where it is not written
	Name   string
	Call   bool // of a function or a procedure
}

// References lists what the statements of a text name, each once, in the order of the
// grammar: relations, without common table expressions, and functions. Variables are
// allowed as in rules. A mistake is an *Error with its offset in src.
func References(src string) ([]Reference, error) {
	p, failure := plainText(src)
	if failure != nil {
		return nil, failure
	}
	stmts, failure := parseText(p.text, 0, len(src))
	if failure != nil {
		return nil, failure
	}
	var out []Reference
	seen := map[Reference]bool{}
	for _, s := range stmts {
		h := census{ctes: map[string]bool{}}
		h.visit(reflect.ValueOf(s.GetStmt()))
		for _, r := range h.found {
			cte := !r.Call && r.Schema == "" && h.ctes[r.Name]
			if !cte && !seen[r] {
				seen[r] = true
				out = append(out, r)
			}
		}
	}
	return out, nil
}

// census walks the grammar's nodes as harvest does, for whole statements: it wants
// relations and functions, also those inside of function calls and FROM.
type census struct {
	found []Reference
	ctes  map[string]bool
}

func (h *census) visit(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			h.visit(v.Elem())
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			h.visit(v.Index(i))
		}
	case reflect.Struct:
		h.meet(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				h.visit(v.Field(i))
			}
		}
	}
}

func (h *census) meet(v reflect.Value) {
	switch v.Type().Name() {
	case "RangeVar":
		h.found = append(h.found, Reference{Schema: v.FieldByName("Schemaname").String(), Name: v.FieldByName("Relname").String()})
	case "FuncCall":
		n := &harvest{}
		var names []string
		list := v.FieldByName("Funcname")
		for i := range list.Len() {
			n.names = nil
			n.list(list.Index(i))
			for name := range n.names {
				names = append(names, name)
			}
		}
		switch len(names) {
		case 0:
		case 1:
			h.found = append(h.found, Reference{Name: names[0], Call: true})
		default:
			h.found = append(h.found, Reference{Schema: names[len(names)-2], Name: names[len(names)-1], Call: true})
		}
	case "CommonTableExpr":
		h.ctes[v.FieldByName("Ctename").String()] = true
	}
}
