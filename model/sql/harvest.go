package sql

import (
	"cmp"
	"reflect"
	"slices"
)

// harvest collects what an Opaque must know of the grammar's nodes.
type harvest struct {
	leaves []leaf          // in the order of the nodes' fields
	names  map[string]bool // aliases and names of outputs
	ctes   map[string]bool // common table expressions
	query  bool            // there is a sub-select
	wild   bool            // there is something in FROM whose columns are not known
}

// leaf is a column, a parameter or a table.
type leaf struct {
	node any
	at   int32 // where it is in the text that was parsed
	part Part
}

func (h *harvest) visit(v reflect.Value) { nodes(v, h.meet) }

// meet notes a node; it reports whether its inside is of no interest.
func (h *harvest) meet(p reflect.Value) bool {
	v := p.Elem()
	switch v.Type().Name() {
	case "ColumnRef", "ParamRef":
		h.leaf(p)
		return true
	case "RangeVar":
		h.leaf(p)
		h.visit(v.FieldByName("Alias"))
		return true
	case "LockingClause":
		return true
	case "Alias":
		h.name(&h.names, v.FieldByName("Aliasname").String())
		h.list(v.FieldByName("Colnames"))
	case "CommonTableExpr":
		h.name(&h.names, v.FieldByName("Ctename").String())
		h.name(&h.ctes, v.FieldByName("Ctename").String())
		h.list(v.FieldByName("Aliascolnames"))
	case "ResTarget":
		h.name(&h.names, v.FieldByName("Name").String())
	case "SelectStmt":
		h.query = true
	case "RangeFunction", "RangeTableFunc", "JsonTable":
		h.wild = true
	}
	return false
}

func (h *harvest) leaf(p reflect.Value) {
	h.leaves = append(h.leaves, leaf{node: p.Interface(), at: int32(p.Elem().FieldByName("Location").Int())})
}

func (h *harvest) name(into *map[string]bool, s string) {
	if s == "" {
		return
	}
	if *into == nil {
		*into = map[string]bool{}
	}
	(*into)[s] = true
}

// list notes the strings of a list of names.
func (h *harvest) list(v reflect.Value) {
	for _, name := range nameList(v) {
		h.name(&h.names, name)
	}
}

func (h *harvest) sort() {
	slices.SortStableFunc(h.leaves, func(a, b leaf) int { return cmp.Compare(a.at, b.at) })
}

// location is where a node says that it is; -1 when it does not say.
func location(node any) int32 {
	v := reflect.ValueOf(node)
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() != reflect.Struct {
		return -1
	}
	if f := v.FieldByName("Location"); f.IsValid() && f.Kind() == reflect.Int32 {
		return int32(f.Int())
	}
	if v.NumField() == 1 { // the wrapper of a sum type
		return location(v.Field(0).Interface())
	}
	return -1
}

// leafLen is the length of the column, parameter or table at the start of s.
func leafLen(s string) int {
	n := 0
	for {
		_, l := scanName(s[n:])
		if l == 0 && n == 0 { // a parameter
			return 1 + nameLen(s[1:])
		}
		n += l
		if n == len(s) || s[n] != '.' {
			return n
		}
		n++
	}
}
