package model

// referenced reports whether a foreign key refers to one of the columns.
func (a *attempt) referenced(t *Table, columns []int) bool {
	for _, o := range a.Contract.Schema.Tables {
		for i := range o.ForeignKeys {
			k := &o.ForeignKeys[i]
			if k.Target != t {
				continue
			}
			for _, c := range columns {
				if Contains(k.Targets, c) {
					return true
				}
			}
		}
	}
	return false
}

// cascade removes the rows that refer to a removed row by ON DELETE CASCADE, and those that refer
// to them. It is false where something else refers to one of them: then the delete is refused, or
// its outcome unknown.
func (a *attempt) cascade(st *State, t *Table, gone Row, depth int) (*State, bool) {
	for _, o := range a.Contract.Schema.Tables {
		for i := range o.ForeignKeys {
			k := &o.ForeignKeys[i]
			if k.Target != t || !refersAny(st, o, k, gone) {
				continue
			}
			if k.OnDelete != "c" || depth > 8 || len(o.Triggers) > 0 {
				a.unknown = a.unknown || k.OnDelete == "n" || k.OnDelete == "d" || k.Deferred || k.OnDelete == "c" || o == t
				return st, false
			}
			var below []Row
			st = st.Replace(o.ID, func(_ int, row Row) Row {
				if !refers(row, k, gone) {
					return row
				}
				below = append(below, row)
				return nil
			})
			for _, row := range below {
				a.unknown = a.unknown || a.anothers(o, row) // what Postgres does there is judged, not expected
				var ok bool
				if st, ok = a.cascade(st, o, row, depth+1); !ok {
					return st, false
				}
			}
		}
	}
	return st, true
}

// anothers reports whether a row has a tenant that is not the session's.
func (a *attempt) anothers(t *Table, row Row) bool {
	found := false
	a.Contract.Tenants(a.st, t, row, func(v Value) bool {
		mine := false
		a.Contract.SessionTenants(a.id, a.st, func(own Value) bool {
			mine = own.Text == v.Text
			return !mine
		})
		found = !mine
		return !found
	})
	return found
}

func refersAny(st *State, o *Table, k *ForeignKey, gone Row) bool {
	for _, row := range st.Rows(o.ID) {
		if refers(row, k, gone) {
			return true
		}
	}
	return false
}

func refers(row Row, k *ForeignKey, target Row) bool {
	for i, c := range k.Columns {
		if row[c].Null || row[c].Text != target[k.Targets[i]].Text {
			return false
		}
	}
	return true
}

// keyed finds the row with the same primary key, or -1.
func (a *attempt) keyed(row Row) int {
	t := a.op.Shape.Table
	for i, o := range a.st.Rows(t.ID) {
		if SameKey(t.Key, o, row) {
			return i
		}
	}
	return -1
}

// SameKey reports whether two rows agree on columns, none of them NULL.
func SameKey(columns []int, a, b Row) bool {
	for _, c := range columns {
		if a[c].Null || b[c].Null || a[c].Text != b[c].Text {
			return false
		}
	}
	return len(columns) > 0
}

// refuses reports whether a constraint refuses a new row, which next holds.
func (a *attempt) refuses(next *State, row Row) bool {
	t := a.op.Shape.Table
	for i := range t.Columns {
		if t.Columns[i].NotNull && row[i].Null {
			return true
		}
	}
	for i := range t.Checks {
		c := &t.Checks[i]
		if len(c.Values) > 0 && len(c.Columns) == 1 && !row[c.Columns[0]].Null && !containsText(c.Values, row[c.Columns[0]].Text) {
			return true
		}
		for _, pair := range c.Differ {
			if x, y := row[pair[0]], row[pair[1]]; !x.Null && !y.Null && x.Text == y.Text {
				return true
			}
		}
	}
	if a.collides(next, t.Key, row) {
		return true
	}
	for i := range t.Unique {
		u := &t.Unique[i]
		if a.collides(next, u.Columns, row) {
			if u.Partial {
				a.unknown = true
			}
			return true
		}
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if k.Deferred || k.Target == nil && !row[k.Columns[0]].Null {
			a.unknown = true
		} else if k.Target != nil && !Resolved(next, k, row) {
			return true
		}
	}
	return false
}

func (a *attempt) collides(st *State, columns []int, row Row) bool {
	if len(columns) == 0 {
		return false
	}
	for _, o := range st.Rows(a.op.Shape.Table.ID) {
		if &o[0] != &row[0] && SameKey(columns, o, row) {
			return true
		}
	}
	return false
}

// Resolved reports whether the row that a foreign key names is there. A key with a
// NULL names none (MATCH SIMPLE).
func Resolved(st *State, k *ForeignKey, row Row) bool {
	for _, c := range k.Columns {
		if row[c].Null {
			return true
		}
	}
	for _, o := range st.Rows(k.Target.ID) {
		if refers(row, k, o) {
			return true
		}
	}
	return false
}

func containsText(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
