package sql

// Relation is a table or view that rules may name.
type Relation struct {
	ID      int // for World; negative: it exists, and only Postgres can read it
	Schema  string
	Name    string
	Columns []RelColumn
}

// RelColumn is a column of a Relation.
type RelColumn struct {
	Name      string
	Kind      Kind     // of the elements, where Type ends in []
	Type      string   // as format_type prints it: uuid, character varying(20), public.status, text[]
	Labels    []string // of an enum; nil: literals are not checked
	Composite bool     // a row type: even IS NULL is for Postgres
}

// VarType says where a variable's value is and what it is.
type VarType struct {
	Slot   int      // index in Frame.Vars
	Kind   Kind     // of the elements, where Type ends in []
	Type   string   // as for RelColumn
	Labels []string // of an enum; nil: literals are not checked
}

// Scope gives the names of an expression their meaning.
type Scope struct {
	Base      *Relation // the row's table; nil when there is none
	BaseAlias string    // what qualifies its columns; empty: its name
	// Relations finds a relation for a sub-select; schema may be empty, nil means unknown.
	Relations func(schema, name string) *Relation
	Vars      map[string]VarType
	// Atoms are bare words: own, all, none. A column of that name in sight wins.
	Atoms map[string]func(*Frame) Tri
}

// column is a column's index; -1 when there is none of that name.
func (r *Relation) column(name string) int {
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return i
		}
	}
	return -1
}

// label is what qualifies the columns of the base table.
func (s *Scope) label() string {
	if s.BaseAlias != "" {
		return s.BaseAlias
	}
	return s.Base.Name
}

func (s *Scope) relation(t *Table) *Relation {
	if s.Relations == nil {
		return nil
	}
	return s.Relations(t.Schema, t.Name)
}
