package model

// rights reports whether the role has the privileges that the statement needs.
func (a *attempt) rights() bool {
	s := a.op.Shape
	if a.id.Rights == nil {
		a.unknown = true
		return false
	}
	r := &a.id.Rights[s.Table.ID]
	if !r.Usage {
		return false
	}
	if s.Where.Match != Every && !all(r.Select, s.Where.Columns) || !all(r.Select, s.Returning) {
		return false
	}
	switch s.Command {
	case Select:
		return a.readRights(r)
	case Insert:
		return all(r.Insert, s.Columns)
	case Update:
		return all(r.Update, s.Columns)
	case Delete:
		return r.Delete
	case Upsert, Merge:
		ok := all(r.Insert, s.Columns) && all(r.Select, s.Table.Key)
		return ok && (s.Nothing || all(r.Update, s.Table.Assigned(s.Columns)))
	case Call: // of a path, which has no shape
	}
	return false
}

func (a *attempt) readRights(r *Privilege) bool {
	s := a.op.Shape
	ok := all(r.Select, s.Columns)
	if len(s.Columns) == 0 || s.Form == Count {
		ok = some(r.Select)
	}
	switch s.Form {
	case Locking:
		ok = ok && some(r.Update)
	case Join:
		o := &a.id.Rights[s.Other.Target.ID]
		ok = ok && o.Usage && all(r.Select, s.Other.Columns) && all(o.Select, s.Other.Targets) && all(o.Select, s.OtherCols)
	case Exists:
		o := &a.id.Rights[s.Child.ID]
		ok = ok && o.Usage && all(r.Select, s.Other.Targets) && all(o.Select, s.Other.Columns)
	default: // the columns are all that it reads
	}
	return ok
}

func all(have []bool, columns []int) bool {
	for _, c := range columns {
		if !have[c] {
			return false
		}
	}
	return true
}

func some(have []bool) bool {
	for _, ok := range have {
		if ok {
			return true
		}
	}
	return false
}
