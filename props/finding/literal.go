package finding

import (
	"regexp"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

var digits = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)

// constantOf writes a value of a type as SQL: bare where it is a whole number.
func constantOf(t model.Type, v model.Value) string {
	switch {
	case v.Null:
		return "NULL"
	case !t.Array && (t.Base == "int2" || t.Base == "int4" || t.Base == "int8") && digits.MatchString(v.Text):
		return v.Text
	}
	return sql.Constant(v.Text)
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
