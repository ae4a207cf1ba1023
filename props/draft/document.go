package draft

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// document is SQL for the i-th argument of a function where that is a JSON document, such as a
// webhook's: an object with the keys that the function's text looks up. Each value is a further
// argument of the path, which are given too; given is how many the path has already. It is empty
// for other arguments, and where the text looks up no key.
func (b *binder) document(f *Function, i, given int) (string, []string) {
	a := f.Args[i]
	if a.Type != "json" && a.Type != "jsonb" {
		return "", nil
	}
	name := `(?:\$` + strconv.Itoa(i+1) + `\b`
	if a.Name != "" {
		name += `|\b` + regexp.QuoteMeta(a.Name) + `"?`
	}
	name += `)`
	var pairs, args []string
	for _, key := range named(regexp.MustCompile(`(?i)`+name+`\s*->>\s*'([^']+)'`), f.Body) {
		arg := b.part(f, key, named(regexp.MustCompile(`(?i)(\w+)"?\s*=\s*\(*(?:\w+\.)?`+name+`\s*->>\s*'`+regexp.QuoteMeta(key)+`'`), f.Body))
		args = append(args, arg)
		pairs = append(pairs, fmt.Sprintf("%s, $%d::text", sql.Constant(key), given+len(args)))
	}
	if len(pairs) == 0 {
		return "", nil
	}
	return "pg_catalog." + a.Type + "_build_object(" + strings.Join(pairs, ", ") + ")", args
}

// part is where the value of a key is drawn from: the column that it is compared with, or that
// has its name, else a text that the function may search. beside is the names that the function
// compares it with.
func (b *binder) part(f *Function, key string, beside []string) string {
	a := Arg{Name: key, Type: "text"}
	scalar := func(t *model.Type) bool { return !t.Array && t.Kind.Comparable() }
	if c, rank := b.nearest(f, a, beside, scalar); rank >= sameName {
		return c.place()
	}
	arg, _ := b.argument(f, a, beside)
	return arg
}
