package model

import (
	"errors"
	"strings"
)

// AppendRecord appends the text of ROW(columns…)::text as Postgres' record_out
// writes it (manual, "Composite Types": quotes around empty values and values with
// commas, parentheses, quotes, backslashes or white space; NULL is nothing).
// mask selects the columns; nil means all.
func AppendRecord(b []byte, row Row, mask []bool) []byte {
	b = append(b, '(')
	first := true
	for i := range row {
		if mask != nil && !mask[i] {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		if !row[i].Null {
			b = appendField(b, row[i].Text)
		}
	}
	return append(b, ')')
}

func appendField(b []byte, text string) []byte {
	if text != "" && !strings.ContainsAny(text, "\"\\(), \t\n\r\v\f") {
		return append(b, text...)
	}
	b = append(b, '"')
	for i := 0; i < len(text); i++ {
		if text[i] == '"' || text[i] == '\\' {
			b = append(b, text[i])
		}
		b = append(b, text[i])
	}
	return append(b, '"')
}

// ParseRecord reads record text back into n values.
func ParseRecord(text string, n int) (Row, error) {
	if len(text) < 2 || text[0] != '(' || text[len(text)-1] != ')' {
		return nil, errors.New("parse record: no parentheses")
	}
	row := make(Row, 0, n)
	body := text[1 : len(text)-1]
	for i := 0; ; {
		value, next, err := parseField(body, i)
		if err != nil {
			return nil, err
		}
		row = append(row, value)
		if next >= len(body) {
			break
		}
		i = next + 1 // the comma
		if i == len(body) {
			row = append(row, Value{Null: true})
			break
		}
	}
	if n == 0 && len(row) == 1 && row[0].Null {
		return Row{}, nil
	}
	if len(row) != n {
		return nil, errors.New("parse record: wrong number of columns")
	}
	return row, nil
}

func parseField(s string, i int) (Value, int, error) {
	start, quoted := i, false
	var b strings.Builder
	for i < len(s) && s[i] != ',' {
		switch s[i] {
		case '"':
			quoted = true
			end, err := parseQuoted(s, i+1, &b)
			if err != nil {
				return Value{}, 0, err
			}
			i = end
		case '\\':
			if i+1 >= len(s) {
				return Value{}, 0, errors.New("parse record: backslash at the end")
			}
			b.WriteByte(s[i+1])
			i += 2
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	if i == start && !quoted {
		return Value{Null: true}, i, nil
	}
	return Value{Text: b.String()}, i, nil
}

// parseQuoted reads up to the closing quote and returns the index after it.
func parseQuoted(s string, i int, b *strings.Builder) (int, error) {
	for i < len(s) {
		switch {
		case s[i] == '"' && i+1 < len(s) && s[i+1] == '"', s[i] == '\\' && i+1 < len(s):
			b.WriteByte(s[i+1])
			i += 2
		case s[i] == '"':
			return i + 1, nil
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return 0, errors.New("parse record: open quote")
}
