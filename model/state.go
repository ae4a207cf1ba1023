package model

import "hash/maphash"

// State is the rows of every table at one moment. It is immutable: steps make new
// states that share the tables they do not touch. It is a [sql.World].
type State struct {
	tables []relation
}

type relation struct {
	rows []Row
	sums []uint64 // hash of each row's record text
}

// NewState returns a state with the given rows, by Table.ID. Missing tables are empty.
func NewState(s *Schema, rows [][]Row) *State {
	st := &State{tables: make([]relation, len(s.Tables))}
	for i := range rows {
		r := &st.tables[i]
		r.rows = rows[i]
		r.sums = make([]uint64, len(rows[i]))
		for j, row := range rows[i] {
			r.sums[j] = RecordSum(row)
		}
	}
	return st
}

// Rows returns the rows of a table. The caller must not change them.
func (s *State) Rows(table int) []Row { return s.tables[table].rows }

// Sums returns the hash of each row's record text, parallel to Rows.
func (s *State) Sums(table int) []uint64 { return s.tables[table].sums }

// Len returns the number of rows of a table.
func (s *State) Len(table int) int { return len(s.tables[table].rows) }

// Total returns the number of rows of all tables.
func (s *State) Total() int {
	n := 0
	for i := range s.tables {
		n += len(s.tables[i].rows)
	}
	return n
}

// With returns a state in which the table holds rows.
func (s *State) With(table int, rows []Row) *State {
	next := &State{tables: make([]relation, len(s.tables))}
	copy(next.tables, s.tables)
	r := relation{rows: rows, sums: make([]uint64, len(rows))}
	for i, row := range rows {
		r.sums[i] = RecordSum(row)
	}
	next.tables[table] = r
	return next
}

// Append returns a state with one more row in the table.
func (s *State) Append(table int, row Row) *State {
	old := s.tables[table]
	next := &State{tables: make([]relation, len(s.tables))}
	copy(next.tables, s.tables)
	next.tables[table] = relation{
		rows: append(old.rows[:len(old.rows):len(old.rows)], row),
		sums: append(old.sums[:len(old.sums):len(old.sums)], RecordSum(row)),
	}
	return next
}

// Replace returns a state in which change says what becomes of each row of the
// table: the same row, another one, or nil for none.
func (s *State) Replace(table int, change func(i int, row Row) Row) *State {
	old := s.tables[table]
	r := relation{rows: make([]Row, 0, len(old.rows)), sums: make([]uint64, 0, len(old.rows))}
	for i, row := range old.rows {
		next := change(i, row)
		switch {
		case next == nil:
		case len(row) > 0 && &next[0] == &row[0]:
			r.rows = append(r.rows, row)
			r.sums = append(r.sums, old.sums[i])
		default:
			r.rows = append(r.rows, next)
			r.sums = append(r.sums, RecordSum(next))
		}
	}
	next := &State{tables: make([]relation, len(s.tables))}
	copy(next.tables, s.tables)
	next.tables[table] = r
	return next
}

var sumSeed = maphash.MakeSeed()

// Sum hashes text; sums are comparable within one process only.
func Sum(text []byte) uint64 { return maphash.Bytes(sumSeed, text) }

// RecordSum hashes a row's record text.
func RecordSum(row Row) uint64 {
	var scratch [256]byte
	return Sum(AppendRecord(scratch[:0], row, nil))
}
