package model

import "hash/maphash"

const fieldsStart = 0x9e3779b97f4a7c15

// FieldsSum hashes some of a row's values; the sums of several rows are added.
func FieldsSum(row Row, columns []int) uint64 {
	h := uint64(fieldsStart)
	for _, c := range columns {
		h = foldValue(h, &row[c])
	}
	return h
}

// GivenSum is [FieldsSum] without the generated columns of a table, whose values the model does not
// know.
func (t *Table) GivenSum(row Row, columns []int) uint64 {
	h := uint64(fieldsStart)
	for _, c := range columns {
		if !t.Columns[c].Generated {
			h = foldValue(h, &row[c])
		}
	}
	return h
}

func foldValue(h uint64, v *Value) uint64 {
	if v.Null {
		return h*0x100000001b3 + 1
	}
	return h*0x100000001b3 + maphash.String(sumSeed, v.Text)
}

// FoldField adds one received value to a row's hash, which starts at FieldsStart.
func FoldField(h uint64, text []byte, null bool) uint64 {
	if null {
		return h*0x100000001b3 + 1
	}
	return h*0x100000001b3 + maphash.Bytes(sumSeed, text)
}

// FieldsStart is the hash of no values.
func FieldsStart() uint64 { return fieldsStart }
