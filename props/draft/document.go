package draft

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/payload"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// document is SQL for the i-th argument of a function where that is a JSON document, such as a
// webhook's or an import's: an object with the keys that the function's text looks up, or a list of one
// where the text goes through its elements. Each value is a further argument of the path, which are given
// too; given is how many the path has already. It is empty for other arguments, and where the text looks
// up no key.
func (b *binder) document(f *Function, i, given int) (string, []string) {
	a := f.Args[i]
	if a.Type != "json" && a.Type != "jsonb" {
		return "", nil
	}
	shape := payload.Read(f.Body, a.Name, i+1)
	if shape == nil {
		return "", nil
	}
	var args []string
	pairs := func(fields []payload.Field) []string {
		var out []string
		for _, k := range fields {
			args = append(args, b.part(f, k.Key, k.Beside))
			out = append(out, fmt.Sprintf("%s, $%d::text", sql.Constant(k.Key), given+len(args)))
		}
		return out
	}
	object := func(pairs []string) string {
		return "pg_catalog." + a.Type + "_build_object(" + strings.Join(pairs, ", ") + ")"
	}
	content := shape.Content
	if content == nil {
		return object(pairs(shape.Fields)), args
	}
	inner := object(pairs(content.Fields))
	if content.List {
		inner = "pg_catalog." + a.Type + "_build_array(" + inner + ")"
	}
	if content.Key == "" {
		return inner, args
	}
	return object(append(pairs(shape.Fields), sql.Constant(content.Key)+", "+inner)), args
}

// part is where the value of a key is drawn from: the column that it is compared with, or that
// has its name, else a text that the function may search. beside is the names that the function
// compares it with.
func (b *binder) part(f *Function, key string, beside []string) string {
	a := Arg{Name: key, Type: "text"}
	scalar := func(t *model.Type) bool { return !t.Array && t.Kind.Comparable() }
	single := func(t *model.Type) bool { return !t.Array } // a number, a time
	for _, fits := range []func(*model.Type) bool{scalar, single} {
		if c, rank := b.nearest(f, a, beside, fits); rank >= sameName {
			return c.place()
		}
	}
	arg, _ := b.argument(f, a, beside)
	return arg
}
