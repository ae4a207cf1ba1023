package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// Key names a finding: 12 hex digits of a hash of its class, session, table, command,
// column, scope and scenario. It stays the same when the schema or rlsfuzz change around the
// finding: names are hashed, not numbers, and no text that a release may word differently; a
// column that is NULL is not hashed, so that a new nullable column changes no key.
func Key(c *model.Contract, s *model.Scenario, d *judge.Divergence) string {
	k := keyer{sha256.New()}
	t := tableOf(c, d)
	texts := []string{"finding", d.Class.String(), scope(d.Cross), c.Sessions[d.Cell.Session].Name}
	if t != nil {
		texts = append(texts, t.Label(), d.Cell.Command.String(), columnName(t, d.Column))
	}
	if d.Cell.Path != nil {
		texts = append(texts, "path", d.Cell.Path.Name)
	}
	k.add(texts...)
	for i, rows := range s.Data {
		for _, row := range rows {
			k.row(c.Schema.Tables[i], row)
		}
	}
	for i := range s.Steps {
		k.step(&s.Steps[i])
	}
	if s.Committed {
		k.add("committed")
	}
	return hex.EncodeToString(k.Sum(nil))[:12]
}

// keyer hashes lists of texts, each with its length.
type keyer struct{ hash.Hash }

func (k keyer) add(texts ...string) {
	for _, t := range texts {
		k.Write([]byte(strconv.Itoa(len(t)) + ":" + t))
	}
	k.Write([]byte{';'})
}

// row hashes the values of a row by the names of their columns.
func (k keyer) row(t *model.Table, row model.Row) {
	texts := []string{"row", t.Label()}
	for i, v := range row {
		if !v.Null && !t.Columns[i].Generated {
			texts = append(texts, t.Columns[i].Name, v.Text)
		}
	}
	k.add(texts...)
}

// step hashes a step. What a step did not have in earlier versions is hashed only where it is set,
// so that keys of older findings stay.
func (k keyer) step(st *model.Step) {
	texts := []string{"step", st.Session.Name, valueKey(st.Tenant), valueKey(st.User), strconv.FormatBool(st.Fresh)}
	if st.Cut > 0 {
		texts = append(texts, "cut", strconv.Itoa(st.Cut))
	}
	if st.From > 0 {
		texts = append(texts, "from", strconv.Itoa(st.From))
	}
	if st.Undone {
		texts = append(texts, "undone")
	}
	if st.Prepared {
		texts = append(texts, "prepared")
	}
	if o := &st.Observer; st.Observed() {
		texts = append(texts, "observer", o.Session.Name, valueKey(o.Tenant), valueKey(o.User))
	}
	switch s := st.Op.Shape; {
	case s != nil:
		texts = append(texts, shapeKey(s)...)
	case st.Op.Path != nil:
		texts = append(texts, "call", st.Op.Path.Name)
	default:
		texts = append(texts, st.Op.Raw)
	}
	for _, a := range st.Op.Args {
		texts = append(texts, valueKey(a))
	}
	k.add(texts...)
}

// shapeKey is a shape by what it means, since its text may be written differently one day.
func shapeKey(s *model.Shape) []string {
	texts := []string{s.Command.String(), s.Form.String(), s.Table.Label(), strconv.Itoa(int(s.Where.Match)), strconv.FormatBool(s.Nothing)}
	for _, list := range [][]int{s.Columns, s.Where.Columns, s.Returning} {
		texts = append(texts, strconv.Itoa(len(list)))
		for _, c := range list {
			texts = append(texts, s.Table.Columns[c].Name)
		}
	}
	if s.Other != nil {
		texts = append(texts, s.Other.Name)
	}
	if s.Child != nil {
		texts = append(texts, s.Child.Label())
	}
	return texts
}

// valueKey tells NULL from the text null.
func valueKey(v model.Value) string {
	if v.Null {
		return "null"
	}
	return "=" + v.Text
}
