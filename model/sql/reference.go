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
	_, stmts, failure := parsePlain(src)
	if failure != nil {
		return nil, failure
	}
	var out []Reference
	seen := map[Reference]bool{}
	for _, s := range stmts {
		h := census{ctes: map[string]bool{}}
		nodes(reflect.ValueOf(s.GetStmt()), h.meet)
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

// census finds relations and functions in whole statements, also those inside of function
// calls and FROM.
type census struct {
	found []Reference
	ctes  map[string]bool
}

func (h *census) meet(p reflect.Value) bool {
	v := p.Elem()
	switch v.Type().Name() {
	case "RangeVar":
		h.found = append(h.found, Reference{Schema: v.FieldByName("Schemaname").String(), Name: v.FieldByName("Relname").String()})
	case "FuncCall":
		names := nameList(v.FieldByName("Funcname"))
		switch n := len(names); n {
		case 0:
		case 1:
			h.found = append(h.found, Reference{Name: names[0], Call: true})
		default:
			h.found = append(h.found, Reference{Schema: names[n-2], Name: names[n-1], Call: true})
		}
	case "CommonTableExpr":
		h.ctes[v.FieldByName("Ctename").String()] = true
	}
	return false
}
