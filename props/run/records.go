package run

import (
	"fmt"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// records sorts the superuser's observation into tables.
func (w *Worker) records(kept []model.Row) ([][]model.Row, error) {
	return recordsIn(w.Contract.Schema, w.reach, kept)
}

// recordsIn is Records where only the tables of a reach were read.
func recordsIn(s *model.Schema, r *reach, kept []model.Row) ([][]model.Row, error) {
	out, err := Records(s, kept)
	for i, t := range s.Tables {
		if err == nil && watched(t) && !r.has(t) {
			out[i] = t.Seed
		}
	}
	return out, err
}

// Records sorts rows of (table number, record text) into tables.
func Records(s *model.Schema, kept []model.Row) ([][]model.Row, error) {
	out := make([][]model.Row, len(s.Tables))
	for _, r := range kept {
		n := 0
		for _, d := range []byte(r[0].Text) {
			n = n*10 + int(d-'0')
		}
		row, err := model.ParseRecord(r[1].Text, len(s.Tables[n].Columns))
		if err != nil {
			return nil, fmt.Errorf("read table %s: %w", s.Tables[n].Label(), err)
		}
		out[n] = append(out[n], row)
	}
	return out, nil
}
