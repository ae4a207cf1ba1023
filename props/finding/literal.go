package finding

import (
	"regexp"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// literal writes text as an SQL string, whatever standard_conforming_strings is.
func literal(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

var digits = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)

// constantOf writes a value: bare where it is a whole number of a column of integers.
func constantOf(t model.Type, v model.Value) string {
	switch {
	case v.Null:
		return "NULL"
	case !t.Array && (t.Base == "int2" || t.Base == "int4" || t.Base == "int8") && digits.MatchString(v.Text):
		return v.Text
	}
	return literal(v.Text)
}

// Statement is the text of a statement with its arguments in the place of the
// parameters, without a semicolon.
func Statement(op *model.Op) string {
	text := op.Raw
	if op.Shape != nil {
		text = op.Shape.Text
	}
	return sql.Bind(strings.TrimRight(text, "; \t\r\n"), op.Args)
}
