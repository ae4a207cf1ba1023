package sql

import (
	"errors"
	"slices"
)

// Uses is what an expression reads. Where only Postgres can evaluate a part of
// it, that part is counted generously.
type Uses struct {
	Columns   []int    // of the base table, ascending
	Relations []int    // IDs of the relations in sub-selects, ascending; views have negative ones
	Vars      []string // in order of first appearance
	Atoms     []string // in order of first appearance
}

// Inspect says what a condition reads. It fails with *Error for a mistake in
// it, such as a name that does not exist, in whatever part.
func Inspect(e Expr, s *Scope) (Uses, error) {
	c := &compiler{scope: s}
	c.cond(e)
	return c.inspected()
}

// InspectQuery is Inspect for a query of one output.
func InspectQuery(q *Query, s *Scope) (Uses, error) {
	c := &compiler{scope: s}
	c.query(q, true)
	return c.inspected()
}

func (c *compiler) inspected() (Uses, error) {
	slices.Sort(c.uses.Columns)
	slices.Sort(c.uses.Relations)
	err := c.outcome()
	if IsNotInGo(err) {
		err = nil
	}
	return c.uses.Uses, err
}

// Names checks an expression's names and constants, also in parts that only
// Postgres can evaluate: nil or an *Error.
func Names(e Expr, s *Scope) error {
	_, err := Inspect(e, s)
	return err
}

// NamesQuery is Names for a query of one output.
func NamesQuery(q *Query, s *Scope) error {
	_, err := InspectQuery(q, s)
	return err
}

// IsMistake reports whether err is an *Error, and gives it.
func IsMistake(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// uses collects Uses.
type uses struct{ Uses }

func (u *uses) column(i int)         { u.Columns = added(u.Columns, i) }
func (u *uses) relation(id int)      { u.Relations = added(u.Relations, id) }
func (u *uses) variable(name string) { u.Vars = added(u.Vars, name) }
func (u *uses) atom(name string)     { u.Atoms = added(u.Atoms, name) }

func added[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}
