package run

import (
	"bytes"
	"context"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// copyFields splits a line of COPY … TO STDOUT in text format into its values, as a
// DataRow has them (manual, COPY, "Text Format").
func copyFields(line []byte) [][]byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	var out [][]byte
	for _, field := range bytes.Split(line, []byte("\t")) {
		if string(field) == `\N` {
			out = append(out, nil)
			continue
		}
		out = append(out, unescape(field))
	}
	return out
}

func unescape(field []byte) []byte {
	out := make([]byte, 0, len(field))
	for i := 0; i < len(field); i++ {
		if field[i] != '\\' || i+1 == len(field) {
			out = append(out, field[i])
			continue
		}
		i++
		if at := bytes.IndexByte([]byte("bfnrtv"), field[i]); at >= 0 {
			out = append(out, "\b\f\n\r\t\v"[at])
		} else {
			out = append(out, field[i])
		}
	}
	return out
}

// copyOut runs COPY … TO STDOUT in text format and returns its lines as rows.
func (s *session) copyOut(ctx context.Context, text string) ([]model.Row, int, error) {
	return s.copied(ctx, text, copyFields)
}

// copyLines runs COPY … TO STDOUT in any format and returns its lines as they are.
func (s *session) copyLines(ctx context.Context, text string) ([]model.Row, int, error) {
	return s.copied(ctx, text, func(line []byte) [][]byte { return [][]byte{bytes.TrimSuffix(line, []byte("\n"))} })
}

func (s *session) copied(ctx context.Context, text string, split func([]byte) [][]byte) ([]model.Row, int, error) {
	var out bytes.Buffer
	tag, err := s.conn.PgConn().CopyTo(ctx, &out, text)
	if err != nil {
		return nil, 0, err
	}
	var kept []model.Row
	for _, line := range bytes.SplitAfter(out.Bytes(), []byte("\n")) {
		if len(line) > 0 {
			kept = append(kept, copyRow(split(line)))
		}
	}
	return kept, int(tag.RowsAffected()), nil
}
